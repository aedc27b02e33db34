"""The grid of a study: its runs and their settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import pandas as pd

from rnnlab.experiments.settings.cell_entry import CellEntry
from rnnlab.experiments.settings.runs import BUILT, SWEPT, Run, RunSettings, TaskPoint
from rnnlab.experiments.settings.spec import Spec


def point_columns(spec: Spec) -> tuple[str, ...]:
    """Return the columns between cell and seed: of the tasks, then of what is swept."""
    of_tasks = [name for task in spec.task_points() for name, _ in task.columns]
    of_sweeps = [
        name for name in SWEPT if any(_is_swept(spec, entry, name) for entry in spec.cells)
    ]
    return tuple(dict.fromkeys([*of_tasks, *of_sweeps]))


def runs(spec: Spec) -> Iterator[Run]:
    """Yield the grid, in the order of the rows."""
    columns = point_columns(spec)
    for entry in spec.cells:
        sweeps = {name: values_of(spec, entry, name) for name in SWEPT if name in columns}
        for task, *values in product(spec.task_points(), *sweeps.values()):
            point = dict.fromkeys(columns) | dict(task.columns)
            point |= dict(zip(sweeps, values, strict=True))
            for seed in range(spec.seeds):
                yield Run(entry.label, point, seed)


def compared_labels(spec: Spec) -> list[str]:
    """Return the labels that a report compares: an entry's, at each value that it sweeps."""
    from rnnlab.statistics import labelled

    names = [name for name in BUILT if name in point_columns(spec)]
    points = pd.DataFrame(
        [{"cell": run.cell, **{name: run[name] for name in names}} for run in runs(spec)]
    )
    return list(labelled(points, names)["cell"].unique())


def settings_of(spec: Spec, run: Run) -> RunSettings:
    """Return what `run` is made with.

    Raises
    ------
    KeyError
        If the run is none of this spec's.
    """
    entry = spec.entry(run.cell)
    point = dict(run.point)
    found: dict[str, Any] = {}
    for name in SWEPT:
        value = _own(spec, entry, name)
        found[name] = point[name] if isinstance(value, list) else value
    if found["evaluate_every"] is None:
        found["evaluate_every"] = max(1, found["updates"] // 20)  # 20 evaluations a run
    found["num_layers"] = found["num_layers"] or 1
    return RunSettings(entry, task_point(spec, run), **found)


def task_point(spec: Spec, run: Run) -> TaskPoint:
    """Return the task of `run` at its setting."""
    point = dict(run.point)
    for task in spec.task_points():
        if all(point.get(name, value) == value for name, value in task.columns):
            return task
    raise KeyError(f"{run} is no run of this study")


def _own(spec: Spec, entry: CellEntry, name: str) -> Any:
    """Return an entry's setting, which is the study's where it has none of its own."""
    own = getattr(entry, name, None)
    if name in ("hidden", "parameters"):  # two ways to say one thing: an entry says it for itself
        return own if entry.hidden or entry.parameters else getattr(spec, name)
    # a common forget bias was given to the entries that can take it when the spec was settled
    return own if own is not None or name == "forget_bias" else getattr(spec, name, None)


def _is_swept(spec: Spec, entry: CellEntry, name: str) -> bool:
    return isinstance(_own(spec, entry, name), list)


def values_of(spec: Spec, entry: CellEntry, name: str) -> Sequence[Any]:
    """Return the values of a setting for one entry: those that are swept, or the only one."""
    value = _own(spec, entry, name)
    return value if isinstance(value, list) else [value]
