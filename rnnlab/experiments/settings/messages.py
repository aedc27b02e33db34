"""Error messages for settings: pydantic's findings as one line with key, reason and remedy."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from rnnlab.experiments.settings.cell_entry import ENTRY_OPTIONS, CellEntry
from rnnlab.experiments.settings.fields import field_text, plain
from rnnlab.experiments.settings.spec import Spec
from rnnlab.experiments.settings.task_entry import TaskEntry
from rnnlab.registry import unknown_name

# Settings that are lists of tables, and what each table is.
_TABLES: dict[str, type[BaseModel]] = {"cells": CellEntry, "task": TaskEntry}


def validate(spec: type[Spec], settings: Mapping[str, Any]) -> Spec:
    """Return the settings as a `spec`.

    Raises
    ------
    ValueError
        On the first key that is wrong: one line with what must hold, what came, the remedy.
    """
    try:
        return spec.model_validate({key: plain(value) for key, value in settings.items()})
    except ValidationError as error:
        raise ValueError(explain(error, spec)) from None


def explain(error: ValidationError, spec: type[Spec]) -> str:
    """Turn the first of pydantic's findings into the project's one line."""
    errors = error.errors()
    place = _place(errors[0]["loc"])
    # a setting that may be a list has a finding as a value and one as a list: the deepest is meant
    first = max(
        (finding for finding in errors if _place(finding["loc"]) == place),
        key=lambda finding: len(finding["loc"]),
    )
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    if first["type"] == "extra_forbidden":
        unknown = str(first["loc"][-1])
        if len(first["loc"]) > 1:
            known = ("cell", *ENTRY_OPTIONS)
            return unknown_name(f"key of {place[0]}[{first['loc'][1]}]", unknown, known)
        name = re.sub(r"Spec$", "", spec.__name__)
        title = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
        return unknown_name(f"setting of {title}", unknown, spec.model_fields)
    if len(place) == 3:
        table, position, inner = place
        key, kind = f"{table}[{position}].{inner}", _TABLES[str(table)]
    else:
        key, kind, inner = str(place[0]), spec, place[0]
    if first["type"] == "missing" and len(place) == 3:
        near = difflib.get_close_matches(str(place[2]), map(str, first["input"]), n=1)
        if near:
            entry, wanted = f"{place[0]}[{place[1]}]", place[2]
            return f"{entry} must have a key {wanted}, got {near[0]!r}: did you mean {wanted!r}?"
    return field_text(key, kind.model_fields[str(inner)], first)


def _place(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return (key,) or (table, position, key) of what pydantic's place means to the user.

    Unions add the names of their branches to the place, lists a position.
    """
    if len(loc) > 2 and loc[0] in _TABLES and loc[2] in _TABLES[str(loc[0])].model_fields:
        return loc[:3]
    return loc[:1]
