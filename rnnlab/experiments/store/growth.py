"""Growth of a result: more seeds, cells, tasks and values of settings in a folder that has some.

A run depends on nothing but its own settings and seed, so that the runs of a smaller study are runs
of the larger one. `grown` returns the study of everything that is stored and asked for;
`part_of` cuts it down again to what an earlier manifest says; `Growth` finds the rows of the one in
the table of the other, whose columns may be fewer.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnnlab.experiments.kinds.base import Experiment
from rnnlab.experiments.results.tables import line_of
from rnnlab.experiments.settings.cell_entry import ENTRY_OPTIONS, CellEntry
from rnnlab.experiments.settings.runs import Run
from rnnlab.experiments.settings.schema import SWEPT
from rnnlab.experiments.settings.spec import TrainingSpec
from rnnlab.experiments.settings.task_entry import TaskEntry

_LISTS = ("delays", "payload", "alphabet", *SWEPT)
_OWN = tuple(name for name in ENTRY_OPTIONS if name != "label")
_ENTRIES: dict[str, type[CellEntry] | type[TaskEntry]] = {"cells": CellEntry, "task": TaskEntry}


@dataclass(frozen=True)
class Layout:
    """Where the rows of a study's runs are in the table of an earlier one.

    Attributes
    ----------
    columns : list of str
        Columns of the earlier table.
    width : int
        How many of them name the run of a row.
    lines : dict of str to str
        The beginning of a run's rows here to their beginning there.
    """

    columns: list[str]
    width: int
    lines: dict[str, str]


class Growth:
    """A study, and what an earlier manifest of its folder has of it.

    Parameters
    ----------
    experiment : Experiment
    spec : Spec
        The study as it is to be computed.
    runs : mapping of Run to tuple
        Its runs with the values of their key columns.
    """

    def __init__(
        self, experiment: Experiment[Any], spec: Any, runs: Mapping[Run, tuple[Any, ...]]
    ) -> None:
        self._experiment, self._spec, self._runs = experiment, spec, runs

    def difference(self, before: Mapping[str, Any]) -> tuple[str, str, str] | None:
        """Return the first setting that rules out that stored runs are some of this study's."""
        return first_difference(before, _settings(part_of(self._spec, before)))

    def layout(self, before: Mapping[str, Any]) -> Layout:
        """Return where the table of a manifest's settings, which do not differ, has which run."""
        part, key = part_of(self._spec, before), self._experiment.key_for
        found = {
            _identity(run): line_of([run[name] for name in key(part)])
            for run in self._experiment.runs(part)
        }
        lines = {
            line_of(values): found[identity]
            for run, values in self._runs.items()
            if (identity := _identity(run)) in found
        }
        return Layout(list(self._experiment.columns_for(part)), len(key(part)), lines)


def moved(rows: str, columns: Sequence[str], line: str, to: Sequence[str]) -> str:
    r"""Return a run's rows as a table with other columns has them.

    Parameters
    ----------
    rows : str
        CSV without a header, whose columns are `columns`.
    columns, to : sequence of str
    line : str
        The beginning of the run's rows there; what is neither in it nor in `columns` is empty.

    Examples
    --------
    >>> moved("gru,0,0.5\n", ["cell", "seed", "loss"], "gru,9,0", ["cell", "lr", "seed", "loss"])
    'gru,9,0,0.5\n'
    """
    key = next(csv.reader([line]))
    named = dict(zip(to, key, strict=False))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows.split("\n"):
        if row:
            values = dict(zip(columns, next(csv.reader([row])), strict=True)) | named
            writer.writerow([values.get(name, "") for name in to])
    return text.getvalue()


def grown(spec: Any, before: Mapping[str, Any]) -> Any:
    """Return a study of all that is asked for and all that is stored.

    Parameters
    ----------
    spec : Spec or FitSpec
        What is asked for.
    before : mapping
        The settings in the manifest of what is stored.

    What is stored keeps its order, unless all of it is asked for again with more. Settings that
    cannot be united stay as they are asked for.
    """
    update: dict[str, Any] = {}
    seeds = before.get("seeds")
    if isinstance(seeds, int) and seeds > spec.seeds:
        update["seeds"] = seeds
    for key in _ENTRIES:
        if _has(spec, key):
            update[key] = _all_entries(spec, key, _entries(before, key))
    if isinstance(spec, TrainingSpec):
        for name in _LISTS:
            if hasattr(spec, name) and name in before:
                update[name] = _united(getattr(spec, name), before[name])
    return spec.model_copy(update=update)


def part_of(spec: Any, before: Mapping[str, Any]) -> Any:
    """Return the part of a study that is in the settings `before`, as far as it has it."""
    update: dict[str, Any] = {"seeds": _part(list(range(spec.seeds + 1)), before.get("seeds"))}
    if not isinstance(update["seeds"], int):
        update["seeds"] = spec.seeds
    sweeps = isinstance(spec, TrainingSpec)
    for key in _ENTRIES:
        own, stored = {one.label: one for one in _has(spec, key)}, _entries(before, key)
        if stored and stored.keys() <= own.keys():
            update[key] = [
                own[label].model_copy(update=_parts(own[label], old, sweeps=sweeps))
                for label, old in stored.items()
            ]
    if sweeps:
        for name in _LISTS:
            if hasattr(spec, name) and name in before:
                update[name] = _part(getattr(spec, name), before[name])
    return spec.model_copy(update=update)


def beyond(asked: Any, spec: Any) -> list[str]:
    """Return in words what `spec` has beyond what was asked for."""
    said = []
    if spec.seeds > asked.seeds:
        more = [str(seed) for seed in range(asked.seeds, spec.seeds)]
        said.append(f"seed{'s' if len(more) > 1 else ''} {', '.join(more)}")
    for key, noun in (("cells", "cells"), ("task", "tasks")):
        labels = {one.label for one in _has(asked, key)}
        more = [one.label for one in _has(spec, key) if one.label not in labels]
        said += [f"{noun} {', '.join(more)}"] if more else []
    for name in _LISTS:
        old, new = (_listed(getattr(one, name, None)) for one in (asked, spec))
        more = [str(value) for value in new if value not in old]
        said += [f"{name.replace('_', ' ')} {', '.join(more)}"] if more else []
    return said


def _settings(spec: Any) -> Any:
    return json.loads(json.dumps(spec.settings()))


def _identity(run: Run) -> str:
    """Return all that decides the numbers of a run, but for what is the same in the whole study."""
    settings = run.settings
    swept = [getattr(settings, name) for name in SWEPT]
    return repr((run.cell, run.seed, settings.task.columns[:1], settings.task.settings, swept))


def _has(spec: Any, key: str) -> list[Any]:
    """Return the entries of a spec; the `task` of a fit is a word."""
    entries = getattr(spec, key, None)
    return entries if isinstance(entries, list) else []


def _entries(before: Mapping[str, Any], key: str) -> dict[str, dict[str, Any]]:
    """Return the entries of a manifest's settings by their labels."""
    stored = before.get(key)
    entries = stored if isinstance(stored, list) else []
    return {str(one.get("label")): one for one in entries if isinstance(one, dict)}


def _all_entries(spec: Any, key: str, stored: Mapping[str, dict[str, Any]]) -> list[Any]:
    asked = {one.label: one for one in _has(spec, key)}
    sweeps = isinstance(spec, TrainingSpec)
    merged = {
        label: entry.model_copy(update=_unions(entry, stored[label]))
        if sweeps and label in stored
        else entry
        for label, entry in asked.items()
    }
    folder = next((entry.folder for entry in asked.values() if entry.folder is not None), None)
    kept = {}
    for label, old in stored.items():
        try:
            kept[label] = merged.get(label) or _read(_ENTRIES[key], old, folder)
        except (OSError, ValueError):  # it is not known here: the difference will be said
            return list(asked.values())
    if stored and stored.keys() < merged.keys():
        return list(merged.values())
    return list((kept | merged).values())


def _read(kind: type[Any], written: Mapping[str, Any], folder: Any) -> Any:
    """Return an entry of a manifest, whose digests are no settings."""
    given = {name: one for name, one in written.items() if not name.endswith("sha256")}
    entry = kind.model_validate(given).model_copy(update={"folder": folder})
    entry.settings()  # its files are there
    return entry


def _unions(entry: Any, old: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _united(value, old.get(name)) for name, value in _given(entry).items()}


def _parts(entry: Any, old: Mapping[str, Any], *, sweeps: bool) -> dict[str, Any]:
    if not sweeps:
        return {}
    return {name: _part(value, old.get(name)) for name, value in _given(entry).items()}


def _given(entry: Any) -> dict[str, Any]:
    """Return the settings of an entry that may be lists."""
    if isinstance(entry, TaskEntry):
        return entry.settings_given
    return {name: getattr(entry, name) for name in _OWN if name != "cell"}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _united(asked: Any, stored: Any) -> Any:
    """Return all values of a setting, which is no list where it is one value."""
    old, new = _listed(stored), _listed(asked)
    if all(value in old for value in new):
        return stored
    if all(value in new for value in old):
        return asked
    both_lists = isinstance(asked, list) and isinstance(stored, list)
    return [*old, *(value for value in new if value not in old)] if both_lists else asked


def _part(value: Any, stored: Any) -> Any:
    """Return what is stored of a setting, if all of it is among the values."""
    return stored if all(one in _listed(value) for one in _listed(stored)) else value


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
