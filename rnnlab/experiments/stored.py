"""Files of a result as they are read: checked in one place, whoever wrote them.

A folder may come from elsewhere, be damaged, or hold what no run wrote. Every error is a ValueError
of one line with the file, the key or column, and what it holds.
"""

from __future__ import annotations

import csv
import io
import json
import math
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, cast

import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from rnnlab.characters import is_plain
from rnnlab.experiments.records import read_csv

MANIFEST = "manifest.json"
MOST_BYTES = {".json": 2**24, ".csv": 2**30}
_LARGEST = 2**63 - 1
_MOST_RUNS = 10**6
_DEEPEST = 32
_LONGEST = 1000  # letters of a text in a table
_AGAIN = "restore the file, or run the study again"

# Columns that name something, and columns that count; what else is in a table depends on the study.
NAMES = frozenset(
    [
        *("cell", "task", "phase", "state", "status", "metric", "part", "gate", "path"),
        *("cell_a", "cell_b"),
    ]
)
_COUNTS = ("seed", "seeds", "update", "epoch", "lag", "at_risk", "runs", "runs_a", "runs_b")


def _plain(text: str) -> str:
    if not (text.strip() and is_plain(text)):
        raise ValueError("a text without control characters")
    return text


Label = Annotated[str, Field(strict=True, max_length=300), AfterValidator(_plain)]
Text = Annotated[str, Field(strict=True)]
Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]


class _Loose(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class _Entry(_Loose):
    label: Label | None = None
    cell: Text | None = None
    name: Text | None = None
    lr: Number | list[Number] | None = None


class _Settings(_Loose):
    experiment: Label | None = None
    question: Text | None = None
    cells: list[_Entry | Label] = []
    task: list[_Entry] | Text | None = None
    seeds: Annotated[int, Field(strict=True, ge=1, le=_MOST_RUNS)] | None = None
    lr: Number | list[Number] | None = None


class _Task(_Loose):
    task: Label
    headline: Label | None = None
    direction: Text | None = None
    chance: Number | None = None
    criterion: Number | None = None


class _Manifest(_Loose):
    """The keys of a manifest that are used, and what each must be."""

    settings: _Settings = _Settings()
    command: Text | None = None
    question: Text | None = None
    tasks: list[_Task] = []
    start: Text | None = None
    end: Text | None = None
    rnnlab: Text | None = None
    python: Text | None = None
    cpu: Text | None = None
    system: Text | None = None
    threads: Annotated[int, Field(strict=True)] | None = None
    packages: dict[str, Text | None] | None = None
    git_commit: Text | None = None
    git_changed: Annotated[bool, Field(strict=True)] | None = None
    history: list[_Manifest] = []


class _Running(_Loose):
    run: Text
    update: Annotated[int, Field(strict=True, ge=0)]
    updates: Annotated[int, Field(strict=True, ge=0)]


class _Failed(_Loose):
    run: Text
    why: Text


class _Runner(_Loose):
    """What a runner leaves in `runs/runner.json`."""

    host: Text
    pid: Annotated[int, Field(strict=True, ge=1, le=_LARGEST)]
    beat: Number
    where: Text = "?"
    ended: Text | None = None
    running: list[_Running] = []
    failed: list[_Failed] = []
    seconds_left: Number | None = None


class _Plan(_Loose):
    """What a runner leaves in `runs/plan.json`."""

    runs: dict[str, Text]
    before: list[Text]


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a result, None if there is none.

    Raises
    ------
    ValueError
        If it is not what a run writes.
    """
    found = _read_json(folder / MANIFEST, _Manifest)
    if found is not None:
        found.setdefault("settings", {})
        _check_size(folder / MANIFEST, found["settings"])
    return found


def read_runner(file: Path) -> dict[str, Any] | None:
    """Return what the last runner of a folder wrote, None if there is nothing."""
    return _read_json(file, _Runner)


def read_plan(file: Path) -> dict[str, Any] | None:
    """Return the planned runs of a folder, None if there are none."""
    return _read_json(file, _Plan)


def labels_of(manifest: Mapping[str, Any] | None) -> list[str]:
    """Return the labels of the cells that a manifest names, in their order."""
    entries = ((manifest or {}).get("settings") or {}).get("cells") or []
    labels = [one.get("label") if isinstance(one, dict) else one for one in entries]
    return [label for label in labels if label is not None]


def read_table(path: Path, needed: Sequence[str] = ()) -> pd.DataFrame | None:
    """Return a table of a result, None if there is no such file.

    Parameters
    ----------
    path : Path
    needed : sequence of str
        Columns that it must have.

    Raises
    ------
    ValueError
        If it is no table, lacks a column, or one holds what it cannot.
    """
    text = read_text(path)
    if text is None:
        return None
    header = _header(path, text)
    missing = [name for name in needed if name not in header]
    if missing:
        raise ValueError(
            f"{path} must have the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}, "
            f"got {_in_short(', '.join(header))}: {_AGAIN}"
        )
    try:
        table = read_csv(io.StringIO(text))
    except (ValueError, OverflowError) as error:  # of pandas: rows of different lengths
        raise ValueError(
            f"{path} must be a table, got: {_in_short(str(error))}; {_AGAIN}"
        ) from None
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes what is too much for an index
        raise ValueError(f"{path} must have as many fields in each row as columns: {_AGAIN}")
    for name in header if len(table) else ():
        _check_column(path, name, table[name])
    return table


def require_numbers(path: Path, table: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise a ValueError unless columns of a table hold numbers."""
    for name in names:
        if name in table and not _is_number(table[name]):
            _refuse_column(path, name, "numbers", table[name], ~_are_numbers(table[name]))


def read_text(path: Path) -> str | None:
    """Return the text of a file of a result, None if there is no such file."""
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise ValueError(f"{path} must be a file, got something else: {_AGAIN}")
        if state.st_size > (most := MOST_BYTES.get(path.suffix, 2**24)):
            raise ValueError(
                f"{path} must have at most {most} bytes, got {state.st_size}: {_AGAIN}"
            )
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        raise ValueError(f"{path} must be text in UTF-8, got other bytes: {_AGAIN}") from None
    except OSError as error:
        raise ValueError(
            f"{path} must be readable, got: {error.strerror or error}; check its permissions"
        ) from None


def _read_json(path: Path, kind: type[BaseModel]) -> dict[str, Any] | None:
    text = read_text(path)
    if text is None:
        return None
    try:
        found = json.loads(text, parse_int=_whole)
        _check_values(path, found)
        kind.model_validate(found)
    except RecursionError:
        raise ValueError(f"{path} must not be nested so deeply: {_AGAIN}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"] if not _is_branch(part)]
        must = _KINDS.get(first["type"], first["msg"].removeprefix("Value error, "))
        must = must.replace("Input should be ", "a number ")
        raise ValueError(_refusal(path, ".".join(place), must, first["input"])) from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} must be JSON, got: {error}; {_AGAIN}") from None
    return cast("dict[str, Any]", found)


# What pydantic's findings ask for.
_KINDS = {
    "model_type": "an object",
    "dict_type": "an object",
    "list_type": "a list",
    "string_type": "a text",
    "string_too_long": "a shorter text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "missing": "something",
}


def _refusal(path: Path, key: str, must: str, came: Any) -> str:
    return (
        f"{path} must have {must}{f' in {_in_short(key)}' if key else ''}, "
        f"got {_in_short(repr(came))}: {_AGAIN}"
    )


def _is_branch(part: Any) -> bool:
    """Return whether a part of pydantic's place is the branch of a union, which no user wrote."""
    return isinstance(part, str) and (
        part.startswith("_") or part in ("str", "float", "int") or "[" in part
    )


def _whole(text: str) -> int | float:
    return int(text) if len(text) <= 20 else float(text)


def _check_values(path: Path, value: Any, *place: str) -> None:
    """Raise a ValueError for what no run writes: deep nesting, endless numbers, half characters."""
    if len(place) > _DEEPEST:
        raise ValueError(f"{path} must not be nested so deeply: {_AGAIN}")
    key = ".".join(place)
    if isinstance(value, str):
        if any(0xD800 <= ord(character) < 0xE000 for character in value):
            raise ValueError(_refusal(path, key, "whole characters", value))
    elif isinstance(value, int | float) and not abs(value) <= _LARGEST:
        raise ValueError(_refusal(path, key, "a number that is finite and below 2^63", value))
    elif isinstance(value, dict):
        for name, one in value.items():
            _check_values(path, name, *place, name)
            _check_values(path, one, *place, name)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            _check_values(path, one, *place, str(number))


def _check_size(path: Path, settings: Mapping[str, Any]) -> None:
    """Refuse a grid that no machine could compute, and that no page could list."""

    def product(entry: Mapping[str, Any]) -> int:
        return math.prod(len(one) for one in entry.values() if isinstance(one, list) and one)

    def total(key: str) -> int:
        entries = settings.get(key)
        if not isinstance(entries, list):
            return 1
        return sum(product(one) if isinstance(one, dict) else 1 for one in entries) or 1

    rest = product({k: one for k, one in settings.items() if k not in ("cells", "task", "measure")})
    runs = total("cells") * total("task") * rest * (settings.get("seeds") or 1)
    if runs > _MOST_RUNS:
        raise ValueError(_refusal(path, "settings", f"at most {_MOST_RUNS} runs", runs))


def _header(path: Path, text: str) -> list[str]:
    try:
        header = next(csv.reader([text.partition("\n")[0]]), [])
    except csv.Error as error:
        raise ValueError(f"{path} must be a table, got: {error}; {_AGAIN}") from None
    empty = not header or "\0" in text
    if empty or not all(name.strip() and is_plain(name) for name in header):
        raise ValueError(
            f"{path} must be a table whose first line names its columns, got "
            f"{_in_short(repr(text[:60]))}: {_AGAIN}"
        )
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise ValueError(
            f"{path} must have every column once, got {_in_short(twice[0])} twice: {_AGAIN}"
        )
    return header


def _check_column(path: Path, name: str, values: pd.Series[Any]) -> None:
    if name in _COUNTS:
        numbers = pd.to_numeric(values, errors="coerce")
        bad = ~((numbers >= 0) & (numbers <= 2**53) & (numbers == numbers.round()))
        if bad.any() or not _is_number(values):
            _refuse_column(path, name, "whole numbers of at least 0", values, bad)
    elif name in NAMES or not _is_number(values):
        bad = ~values.map(_is_plain_value)
        if name in NAMES:
            bad |= values.isna() | (values.astype("str").str.strip() == "")
        if bad.any():
            _refuse_column(path, name, "text without control characters", values, bad)


def _is_plain_value(value: Any) -> bool:
    """Return whether a value, if it is a text, can be shown as it is."""
    return not isinstance(value, str) or (len(value) <= _LONGEST and is_plain(value))


def _is_number(values: pd.Series[Any]) -> bool:
    return bool(
        pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_unsigned_integer_dtype(values)
    )


def _are_numbers(values: pd.Series[Any]) -> pd.Series[bool]:
    return pd.to_numeric(values, errors="coerce").notna()


def _refuse_column(
    path: Path, name: str, must: str, values: pd.Series[Any], bad: pd.Series[bool]
) -> None:
    row = int(bad.to_numpy().argmax())
    raise ValueError(
        f"{path} must have {must} in the column {_in_short(name)}, got "
        f"{_in_short(repr(values.iloc[row]))} in row {row + 1}: {_AGAIN}"
    )


def _in_short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:80]} ... ({len(line)} characters)"
