"""The grid of a study: its runs and their settings."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import pandas as pd

from rnnlab.experiments.settings.cell_entry import CellEntry
from rnnlab.experiments.settings.runs import Run, RunSettings, TaskPoint
from rnnlab.experiments.settings.schema import BUILT, SWEPT
from rnnlab.experiments.settings.spec import Spec
from rnnlab.experiments.settings.table import TABLE
from rnnlab.texts import setting_text

if TYPE_CHECKING:
    from rnnlab.training import Schedule

_LISTS = {"cells", "task"}  # a run has one of each


def point_columns(spec: Spec) -> tuple[str, ...]:
    """Return the columns between cell and seed: those of the tasks, then the swept settings."""
    of_tasks = [name for task in spec.task_points() for name, _ in task.columns]
    of_sweeps = [
        name
        for name in SWEPT
        if any(isinstance(_own(spec, entry, name), list) for entry in spec.cells)
    ]
    return tuple(dict.fromkeys([*of_tasks, *of_sweeps]))


def runs(spec: Spec) -> Iterator[Run]:
    """Yield the runs of a study with their settings, in the order of the rows."""
    columns, tasks = point_columns(spec), spec.task_points()
    grid = []
    for entry in spec.cells:
        sweeps = {name: values_of(spec, entry, name) for name in SWEPT if name in columns}
        for task, *values in product(tasks, *sweeps.values()):
            swept = dict(zip(sweeps, values, strict=True))
            point = dict.fromkeys(columns) | dict(task.columns) | swept
            grid.append((entry.label, point, _settings(spec, entry, task, swept)))
    files = _file_names([(label, point) for label, point, _ in grid])
    for (label, point, settings), file in zip(grid, files, strict=True):
        settings.file = file
        for seed in range(spec.seeds):
            yield Run(label, point, seed, settings)


def _file_names(points: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return a name for the files of each point: its label and settings, and a digest if needed."""
    texts = [
        ",".join([label, *(f"{name}={setting_text(value)}" for name, value in point.items())])
        for label, point in points
    ]
    names = [re.sub(r"[^\w.=-]+", "_", text)[:100] for text in texts]
    counts = Counter(names)
    return [
        name if counts[name] == 1 or name == text else f"{name}-{_digest(text)}"
        for name, text in zip(names, texts, strict=True)
    ]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def planned(spec: Spec, run: Run) -> Run:
    """Return the run of a study that is equal to `run`, with its settings.

    Raises
    ------
    KeyError
        If the study has no such run.
    """
    for one in runs(spec):
        if one == run:
            return one
    raise KeyError(f"{run} is no run of this study")


def compared_labels(spec: Spec) -> list[str]:
    """Return the labels that a report compares: an entry's label at each value that it sweeps."""
    from rnnlab.statistics import labelled

    names = [name for name in BUILT if name in point_columns(spec)]
    points = pd.DataFrame(
        [{"cell": run.cell, **{name: run[name] for name in names}} for run in runs(spec)]
    )
    return list(labelled(points, names)["cell"].unique())


def schedule_of(settings: RunSettings) -> Schedule:
    """Return the learning-rate schedule of a run: over updates for tasks, epochs for tables."""
    from rnnlab.training import Schedule

    return Schedule(
        settings.schedule,
        steps=settings.epochs if settings.task.source == TABLE else settings.updates,
        warmup=settings.warmup,
        factor=settings.lr_factor,
        every=settings.lr_every,
        patience=settings.lr_patience,
    )


def values_of(spec: Spec, entry: CellEntry, name: str) -> Sequence[Any]:
    """Return the values of a setting for one entry: those that are swept, or the only one."""
    value = _own(spec, entry, name)
    return value if isinstance(value, list) else [value]


def _settings(
    spec: Spec, entry: CellEntry, task: TaskPoint, swept: Mapping[str, Any]
) -> RunSettings:
    """Return all settings of the runs of one entry, task and combination of swept values."""
    common = {name: getattr(spec, name) for name in type(spec).model_fields if name not in _LISTS}
    own = {name: swept.get(name, values_of(spec, entry, name)[0]) for name in SWEPT}
    found = common | own
    if found["evaluate_every"] is None:
        found["evaluate_every"] = max(1, (found["updates"] or 0) // 20)  # 20 evaluations a run
    found["num_layers"] = found["num_layers"] or 1
    return RunSettings(**found | {"entry": entry, "task": task})


def _own(spec: Spec, entry: CellEntry, name: str) -> Any:
    """Return an entry's value of a setting, or the study's where the entry has none."""
    own = getattr(entry, name, None)
    if name in ("hidden", "parameters"):  # two ways to size a cell: an entry's choice wins
        return own if entry.hidden or entry.parameters else getattr(spec, name)
    # entries have their share of the common forget bias since the spec was settled
    return own if own is not None or name == "forget_bias" else getattr(spec, name, None)
