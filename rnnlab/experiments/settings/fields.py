"""Kinds of settings: what a value must be, and what to do when it is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from rnnlab.registry import measures, unknown_name


def plain(value: Any) -> Any:
    """Turn NumPy's scalars and any list-like value into what a TOML file would hold.

    Examples
    --------
    >>> plain(range(10, 40, 10)), plain(np.float64(0.5)), plain("lstm")
    ([10, 20, 30], 0.5, 'lstm')
    """
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return value


def number_or_text(text: str) -> int | float | str:
    """Read a number where `text` is one; anything else stays for the validation to judge.

    Examples
    --------
    >>> number_or_text("3"), number_or_text("1e-3"), number_or_text("chrono")
    (3, 0.001, 'chrono')
    """
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def knob(must: str, remedy: str, **bounds: Any) -> Any:
    """Describe a setting by the end of "KEY must be ..." and by what to do when it is not."""
    return Field(description=must, json_schema_extra={"remedy": remedy}, **bounds)


def field_text(key: str, field: Any, finding: Any) -> str:
    """Return pydantic's finding about a field in one line: what is required, given, the remedy."""
    extra = field.json_schema_extra or {}
    came = "nothing" if finding["type"] == "missing" else repr(finding["input"])
    return f"{key} must be {field.description}, got {came}: {extra.get('remedy', 'change it')}"


def explain_field(error: ValidationError, kind: type[BaseModel], owner: str) -> str:
    """Return the first of pydantic's findings about a flat model in one line."""
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    if first["type"] == "extra_forbidden":
        return unknown_name(f"setting of the {owner}", key, kind.model_fields)
    return field_text(f"{key} of the {owner}", kind.model_fields[key], first)


def _none_for_word(value: Any) -> Any:
    return None if value == "none" else value  # TOML has no null


# Of one line, and nothing that a terminal would obey; no longer than a figure can show.
Label = Annotated[
    str,
    knob(
        "a text of one line, without control characters and of at most 300 letters",
        "give the name for tables and figures",
        pattern=r"^[^\p{Cc}\p{Zl}\p{Zp}\u{202A}-\u{202E}\u{2066}-\u{2069}]+$",
        max_length=300,
    ),
]
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[Finite, Field(gt=0)]
Natural = Annotated[int, Field(strict=True, ge=1)]
Name = Annotated[str, Field(strict=True, min_length=1)]

T = TypeVar("T")
# A setting that may be swept: a list where one value would stand.
OneOrMore: TypeAlias = T | Annotated[list[T], Field(min_length=1)]

_COUNT = knob("a whole number of at least 1", "give 1 or more, or a list to sweep")
_RATE = knob("a number above 0", "give a rate such as 0.001, or a list of them to sweep")
_NAMES = knob("a name", "name one, or a list of them to sweep")

Count = Annotated[OneOrMore[Natural], _COUNT]
#: How often something is done, as updates are; more would take longer than anyone waits.
_OFTEN = Annotated[Natural, Field(le=10**12)]
_TIMES = knob("a whole number from 1 to 10**12", "give one in between, or a list to sweep")
Times = Annotated[OneOrMore[_OFTEN], _TIMES]
OwnTimes = Annotated[OneOrMore[_OFTEN] | None, _TIMES]
Seeds = Annotated[
    Natural, Field(le=10**5), knob("a whole number from 1 to 100000", "give one in between")
]
OwnCount = Annotated[OneOrMore[Natural] | None, _COUNT]
Rate = Annotated[OneOrMore[Positive], _RATE]
OwnRate = Annotated[OneOrMore[Positive] | None, _RATE]
Names = Annotated[OneOrMore[Name], _NAMES]
OwnNames = Annotated[OneOrMore[Name] | None, _NAMES]
ForgetBias = Annotated[
    OneOrMore[Finite | Literal["chrono"]] | None,
    knob('a number or "chrono"', "give a number such as 1, or chrono"),
]
Limit = Annotated[Positive | None, BeforeValidator(_none_for_word)]
Clip = Annotated[
    OneOrMore[Limit], knob('a number above 0 or "none"', "give a limit such as 1, or none")
]
Steps = Annotated[
    OneOrMore[Annotated[int, Field(strict=True, ge=0)]],
    knob("a whole number of at least 0", "give 0 for none, or a list to sweep"),
]
Amount = Annotated[
    OneOrMore[Annotated[Finite, Field(ge=0)]],
    knob("a number of at least 0", "give 0 for none, or a list to sweep"),
]
Share = Annotated[
    OneOrMore[Annotated[Finite, Field(ge=0, lt=1)]],
    knob("a number from 0 to below 1", "give 0 for none, or a list to sweep"),
]
Fraction = Annotated[
    OneOrMore[Annotated[Finite, Field(gt=0, lt=1)]],
    knob("a number between 0 and 1", "try 0.5, which halves, or a list to sweep"),
]
Flag = Annotated[
    OneOrMore[Annotated[bool, Field(strict=True)]],
    knob("true or false", "give one, or a list of both to sweep"),
]
Patience = Annotated[
    OneOrMore[
        Annotated[Annotated[int, Field(strict=True, ge=0)] | None, BeforeValidator(_none_for_word)]
    ],
    knob(
        "a whole number of evaluations or none",
        "give 10, none for no early stop, or a list to sweep",
    ),
]


def entries(value: Any) -> Any:
    """Return one entry as a list of it."""
    return value if isinstance(value, list) else [value]


def _known_measure(name: str) -> str:
    if name not in measures:
        raise ValueError(unknown_name("measure", name, measures))
    return name


Measures = Annotated[
    list[Annotated[str, AfterValidator(_known_measure)]],
    BeforeValidator(
        lambda value: [v.strip() for v in value.split(",")] if isinstance(value, str) else value
    ),
    knob(
        "some of " + ", ".join(measures),
        "name what to measure, such as decay,paths",
        min_length=1,
    ),
]
Delays = Annotated[
    list[Natural],
    BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
    knob(
        "whole numbers of at least 1",
        "give the steps from the payload to its recall, such as 10",
        min_length=1,
    ),
]
