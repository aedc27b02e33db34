"""Manifest, plan and state of the runner, read with checks: any program may have written them.

A folder may come from elsewhere, be damaged, or hold what no run wrote. Every error is a ValueError
of one line with the file, the key, and what it holds. `rnnlab.experiments.results.tables` does the
same for tables.
"""

from __future__ import annotations

import csv
import json
import math
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from rnnlab.characters import is_plain

MANIFEST = "manifest.json"
RUNS = "runs"  # the folder of what an unfinished study has
PLAN, RUNNER = "plan.json", "runner.json"  # files in it
MOST_BYTES = {".json": 2**24, ".csv": 2**30}
_LARGEST = 2**63 - 1
_MOST_RUNS = 10**6
_DEEPEST = 32
AGAIN = "restore the file, or run the study again"


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


class _Planned(_Loose):
    columns: list[Label]
    points: list[Text]
    seeds: Annotated[int, Field(strict=True, ge=1, le=_MOST_RUNS)]

    @model_validator(mode="after")
    def _agree(self) -> _Planned:
        width = len(self.columns)
        try:
            lengths = {len(values) for values in csv.reader(self.points)}
        except csv.Error:
            lengths = set()
        if not width or lengths != {width}:
            raise ValueError("a value of each column in every point")
        return self


class _Manifest(_Loose):
    """The keys of a manifest that are used, and what each must be."""

    settings: _Settings = _Settings()
    command: Text | None = None
    question: Text | None = None
    reference: Label | None = None
    tasks: list[_Task] = []
    planned: _Planned | None = None
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


def read_text(path: Path) -> str | None:
    """Return the text of a file of a result, None if there is no such file."""
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise ValueError(f"{path} must be a file, got something else: {AGAIN}")
        if state.st_size > (most := MOST_BYTES.get(path.suffix, 2**24)):
            raise ValueError(f"{path} must have at most {most} bytes, got {state.st_size}: {AGAIN}")
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        raise ValueError(f"{path} must be text in UTF-8, got other bytes: {AGAIN}") from None
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
        raise ValueError(f"{path} must not be nested so deeply: {AGAIN}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"] if not _is_branch(part)]
        must = _KINDS.get(first["type"], first["msg"].removeprefix("Value error, "))
        must = must.replace("Input should be ", "a number ")
        raise ValueError(_refusal(path, ".".join(place), must, first["input"])) from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} must be JSON, got: {error}; {AGAIN}") from None
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
        f"{path} must have {must}{f' in {in_short(key)}' if key else ''}, "
        f"got {in_short(repr(came))}: {AGAIN}"
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
        raise ValueError(f"{path} must not be nested so deeply: {AGAIN}")
    key = ".".join(place)
    if isinstance(value, str):
        if any(0xD800 <= ord(character) < 0xE000 for character in value):
            raise ValueError(_refusal(path, key, "whole characters", value))
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(_refusal(path, key, "a finite number", value))
    elif isinstance(value, int) and abs(value) > _LARGEST:
        raise ValueError(_refusal(path, key, "a whole number below 2^63", value))
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


def in_short(text: str) -> str:
    """Return a text on one line, of a long one the beginning."""
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:80]} ... ({len(line)} characters)"
