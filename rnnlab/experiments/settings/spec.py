"""Settings of a study: those that all studies share, and those of each kind."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from rnnlab.experiments.settings.cell_entry import CellEntry
from rnnlab.experiments.settings.fields import (
    Count,
    Delays,
    Measures,
    Natural,
    OneOrMore,
    Seeds,
    entries,
    knob,
)
from rnnlab.experiments.settings.runs import TaskPoint
from rnnlab.experiments.settings.schema import SWEPT, Settings, require_different, without_defaults
from rnnlab.experiments.settings.table import TableSettings, table_point
from rnnlab.experiments.settings.task_entry import TaskEntry

Tasks = Annotated[
    list[TaskEntry],
    BeforeValidator(entries),
    knob("a list of at least one task", 'name one, such as "adding"', min_length=1),
]


class Spec(Settings):
    """Settings that all studies share.

    What an entry of `cells` has of its own wins over what the study has for all.

    Attributes
    ----------
    experiment : str
        Name of a registered experiment, such as "copy-task".
    name : str
        Folder of the result under results/, unless another is named.
    question : str or None
        The study's question, in one sentence.
    reference : str or None
        Label of the cell that a report compares every other one with; all pairs unless given.
    cells : list of CellEntry
        A line each in tables and figures.
    seeds : int
        Number of runs of every combination, with seeds 0 to seeds - 1.
    out : Path or None
        Folder of models and checkpoints, where the runs can write to it.
    """

    experiment: str
    name: Annotated[
        str,
        knob("a plain folder name", "use letters, digits, - _ and .", pattern=r"^\w[\w.-]*$"),
    ]
    question: Annotated[str | None, knob("a text", "ask in one sentence")] = None
    reference: Annotated[str | None, knob("the label of a cell", "name one of cells")] = None
    cells: Annotated[
        list[CellEntry],
        BeforeValidator(entries),
        knob("a list of at least one cell", 'name one, such as "lstm"', min_length=1),
    ]
    seeds: Seeds
    out: Path | None = Field(default=None, exclude=True)

    @model_validator(mode="after")
    def _labels_differ(self) -> Spec:
        require_different("labels of cells", self.labels, "drop one or give it a label of its own")
        return self

    @property
    def labels(self) -> list[str]:
        """The labels of the cells, in their order."""
        return [entry.label for entry in self.cells]

    def entry(self, label: str) -> CellEntry:
        """Return the entry with a label."""
        return next(entry for entry in self.cells if entry.label == label)

    def task_points(self) -> list[TaskPoint]:
        """Return every task at each of its settings, in the order of the rows."""
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """Return what decides the numbers, as a manifest holds it.

        The name of the folder, the question and the reference do not.
        """
        settings = without_defaults(
            self.model_dump(mode="json", exclude={"name", "question", "reference"})
        )
        cells = [entry.settings() for entry in self.cells]
        return {"experiment": self.experiment, **settings, "cells": cells}


class TrainingSpec(Spec):
    """A study that trains models and evaluates them on the way."""

    @model_validator(mode="before")
    @classmethod
    def _twenty_evaluations(cls, settings: Any) -> Any:
        updates = settings.get("updates")
        if settings.get("evaluate_every") is None and isinstance(updates, int):
            return {**settings, "evaluate_every": max(1, updates // 20)}
        return settings


def copy_points(delays: list[int], payload: Any, alphabet: Any) -> list[TaskPoint]:
    """Return the copy-memory task at every delay; tables have no column for its name."""
    sizes = {"payload": payload, "alphabet": alphabet}
    swept = [name for name, value in sizes.items() if isinstance(value, list)]
    choices = [entries(value) for value in sizes.values()]
    points = []
    for values in product(delays, *choices):
        settings = dict(zip(("delay", *sizes), values, strict=True))
        columns = tuple((name, settings[name]) for name in ("delay", *swept))
        points.append(TaskPoint("copy-memory", tuple(settings.items()), columns, values))
    return points


Payload = Count
Alphabet = Annotated[
    OneOrMore[Annotated[Natural, Field(ge=2)]],
    knob("a whole number of at least 2", "one symbol alone carries no information"),
]


class CopyTaskSpec(TrainingSpec):
    """Recall accuracy against delay: every cell on every delay, `seeds` times.

    Attributes
    ----------
    delays : list of int
        Steps from the end of the payload to the first symbol recalled.
    payload, alphabet : int
        Number of symbols to recall, and of different ones.
    """

    experiment: Annotated[Literal["copy-task"], knob("copy-task here", "leave it out")]
    delays: Delays
    payload: Payload
    alphabet: Alphabet

    @model_validator(mode="after")
    def _sizes_differ(self) -> CopyTaskSpec:
        for name in ("delays", "payload", "alphabet"):
            require_different(name, list(map(str, entries(getattr(self, name)))), "drop one")
        return self

    def task_points(self) -> list[TaskPoint]:
        """Return the task at every delay, payload and alphabet."""
        return copy_points(self.delays, self.payload, self.alphabet)


class TaskStudySpec(TrainingSpec):
    """Cells on any tasks: every cell on every task at each of its settings, `seeds` times.

    Attributes
    ----------
    task : list of TaskEntry
        One or more tasks or tables, each with its settings.
    """

    experiment: Annotated[Literal["task-study"], knob("task-study here", "leave it out")]
    task: Tasks

    @model_validator(mode="after")
    def _tasks_differ(self) -> TaskStudySpec:
        labels = [entry.label for entry in self.task]
        require_different("labels of tasks", labels, "drop one or give it a label of its own")
        return self

    def task_points(self) -> list[TaskPoint]:
        """Return every task at each of its settings."""
        return [point for entry in self.task for point in entry.points()]

    def settings(self) -> dict[str, Any]:
        """Return what decides the numbers, as a manifest holds it."""
        return {**super().settings(), "task": [entry.settings() for entry in self.task]}


class FitSpec(TrainingSpec, TableSettings):
    """Cells on one table, with the table's settings beside the others."""

    experiment: Annotated[Literal["fit"], knob("fit here", "leave it out")]

    def task_points(self) -> list[TaskPoint]:
        """Return the table; metrics.csv has no column for its name."""
        return [table_point(self, ())]

    def settings(self) -> dict[str, Any]:
        """Return what decides the numbers, as a manifest holds it, the table by its digest."""
        return {**super().settings(), **self.file_settings("data")}


class GradientFlowSpec(Spec):
    """How gradients travel, before, midway and after training on one task.

    Attributes
    ----------
    delays, payload, alphabet : int or None
        Settings of the copy-memory task, unless another task is named.
    task : list of TaskEntry
        Another task, or a table, at one setting.
    measure : list of str
        Measures in addition to the gradients by lag, which are always taken: see
        `rnnlab.experiments.measures`.
    input : "task" or "noise"
        Whether the models are measured on the task's sequences and its loss at the last step, or on
        standard normal inputs and a gradient of random direction.
    """

    experiment: Annotated[Literal["gradient-flow"], knob("gradient-flow here", "leave it out")]
    delays: Delays | None = None
    payload: Payload | None = None
    alphabet: Alphabet | None = None
    task: Annotated[list[TaskEntry], BeforeValidator(entries)] = Field(default_factory=list)
    updates: Annotated[
        int,
        knob(
            "a whole number from 0 to 10**12",
            "0 measures the initial state only",
            ge=0,
            le=10**12,
            strict=True,
        ),
    ]
    evaluation_batch: Annotated[Natural, knob("a whole number of at least 1", "give 1 or more")]
    measure: Measures = Field(default_factory=lambda: ["decay"])
    input: Annotated[
        Literal["task", "noise"],
        knob("task or noise", "noise drives the cells with standard normal numbers"),
    ] = "task"

    @model_validator(mode="after")
    def _one_of_each(self) -> GradientFlowSpec:
        remedy = "run it once for each, with a folder of its own (--out)"
        for name, noun in (("delays", "delay"), ("task", "task")):
            if len(value := getattr(self, name) or [None]) != 1:
                raise ValueError(
                    f"{name} must be one {noun} in gradient-flow, got {value}: {remedy}"
                )
        for owner in (self, *self.cells):
            for name in (*SWEPT, "payload", "alphabet"):
                if isinstance(value := getattr(owner, name, None), list):
                    raise ValueError(
                        f"{name} must be one value in gradient-flow, got {value}: {remedy}"
                    )
        if self.bidirectional:
            raise ValueError(
                "bidirectional must be false in gradient-flow, got true: gradients are measured in "
                "layers of one direction"
            )
        if self.task and self.delays:
            raise ValueError(
                f"delays must not be given with a task, got {self.delays}: delays, payload and "
                "alphabet are settings of copy-memory"
            )
        return self

    def task_points(self) -> list[TaskPoint]:
        """Return the one task."""
        if not self.task:
            return copy_points(self.delays or [], self.payload, self.alphabet)
        points = self.task[0].points()
        if len(points) > 1:
            raise ValueError(
                f"a task must have one value of each setting in gradient-flow, got {len(points)} "
                "combinations: run it once for each, with a folder of its own (--out)"
            )
        return points

    def settings(self) -> dict[str, Any]:
        """Return what decides the numbers, as a manifest holds it."""
        settings = super().settings()
        copying = ("delays", "payload", "alphabet")
        if self.task:
            settings = {name: one for name, one in settings.items() if name not in copying}
            return {**settings, "task": [entry.settings() for entry in self.task]}
        return {name: one for name, one in settings.items() if name != "task"}
