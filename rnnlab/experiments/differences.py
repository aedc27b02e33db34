"""What two sets of settings differ in."""

from __future__ import annotations

import json
from typing import Any


def first_difference(before: Any, after: Any, name: str = "") -> tuple[str, str, str] | None:
    """Return the first key that differs and its two values, None if nothing does.

    Examples
    --------
    >>> first_difference({"lr": 0.1, "seeds": 3}, {"lr": 0.1, "seeds": 10})
    ('seeds', '3', '10')
    >>> first_difference({"cells": [{"label": "gru"}]}, {"cells": [{"label": "lstm"}]})
    ('cells[0].label', '"gru"', '"lstm"')
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            if key not in before or key not in after:
                there, here = (
                    json.dumps(side[key]) if key in side else "nothing" for side in (before, after)
                )
                return f"{name}.{key}".lstrip("."), there, here
            found = first_difference(before[key], after[key], f"{name}.{key}".lstrip("."))
            if found is not None:
                return found
        return None
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, (old, new) in enumerate(zip(before, after, strict=True)):
            found = first_difference(old, new, f"{name}[{position}]")
            if found is not None:
                return found
        return None
    return None if before == after else (name, _in_short(before), _in_short(after))


def _in_short(value: Any) -> str:
    """Write a setting; of a list of entries, the labels."""
    if isinstance(value, list):
        value = [item.get("label", item) if isinstance(item, dict) else item for item in value]
    return json.dumps(value)
