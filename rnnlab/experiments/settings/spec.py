"""The settings of a study, validated: what the studies share, and what each kind adds."""

from __future__ import annotations

from itertools import product
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from rnnlab.experiments.settings.cell_entry import CellEntry
from rnnlab.experiments.settings.fields import (
    Clip,
    Count,
    Delays,
    ForgetBias,
    Measures,
    Names,
    Natural,
    OneOrMore,
    OwnCount,
    OwnNames,
    OwnTimes,
    Rate,
    Seeds,
    Times,
    knob,
)
from rnnlab.experiments.settings.runs import SWEPT, TaskPoint
from rnnlab.experiments.settings.task_entry import TaskEntry

# Settings that came after the first results: left out of a manifest where they say nothing, so that
# an older result can be continued.
LATER = {"parameters", "num_layers", "init"}


class Spec(BaseModel):
    """What all studies share.

    A list where one value would stand is swept: it has a column in the tables. What an entry of
    `cells` states for itself wins over what the study states for all.

    Attributes
    ----------
    experiment : str
        A registered one, such as "copy-task".
    name : str
        The result's folder under results/, unless another is named.
    question : str or None
        What the study asks, in one sentence.
    reference : str or None
        The label of the cell that a report compares every other one with; all pairs unless given.
    cells : list of CellEntry
        A line each in tables and figures.
    hidden, parameters : int or None
        Units of every cell; or how many numbers a model may learn at most, readout included: every
        cell then has the most units that this allows. One of the two.
    num_layers : int or None
        Layers on top of each other; one unless given.
    init : str or None
        Of the parameters; what the cell's paper recommends unless given.
    forget_bias : float, "chrono" or None
        For every cell that keeps its memory with a gate f and states no bias of its own; None
        leaves the cells as their equations have them.
    batch, updates : int
        Sequences a batch; batches to train on.
    lr : float
        Learning rate.
    seeds : int
        Runs of everything, with seeds 0 to seeds - 1.
    optimizer : str
        A name of `rnnlab.registry.optimizers`.
    clip, clip_value : float or None
        Largest global norm of a gradient; largest absolute value of its elements. One at most.
    evaluation_batch : int
        Fresh sequences for each measurement.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    experiment: str
    name: Annotated[
        str,
        knob("a plain folder name", "use letters, digits, - _ and .", pattern=r"^\w[\w.-]*$"),
    ]
    question: Annotated[str | None, knob("a text", "ask in one sentence")] = None
    reference: Annotated[str | None, knob("the label of a cell", "name one of cells")] = None
    cells: Annotated[
        list[CellEntry],
        BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
        knob("a list of at least one cell", 'name one, such as "lstm"', min_length=1),
    ]
    hidden: OwnCount = None
    parameters: OwnCount = None
    num_layers: OwnCount = None
    init: OwnNames = None
    batch: Count
    updates: Times
    lr: Rate
    seeds: Seeds
    optimizer: Names
    clip: Clip = None
    clip_value: Clip = None
    forget_bias: ForgetBias = None
    evaluation_batch: Count

    @model_validator(mode="after")
    def _agree(self) -> Spec:
        self._different("labels of cells", self.labels, "drop one or give it a label of its own")
        for name in (*SWEPT, "delays", "payload", "alphabet"):
            if isinstance(value := getattr(self, name, None), list):
                self._different(name, list(map(str, value)), "drop one")
        for one, other, remedy in (
            ("clip", "clip_value", "clip by norm (clip) or by value (clip_value)"),
            ("hidden", "parameters", "size the cells by units or by what they learn"),
        ):
            values = getattr(self, one), getattr(self, other)
            if None not in values:
                came = " and ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values)
                raise ValueError(f"{one} and {other} must not both be set, got {came}: {remedy}")
        if self.hidden is None and self.parameters is None:
            raise ValueError(
                "hidden or parameters must be given, got neither: add a line such as hidden = 64"
            )
        return self

    @staticmethod
    def _different(key: str, values: list[str], remedy: str) -> None:
        twice = [value for value in values if values.count(value) > 1]
        if twice:
            raise ValueError(f"{key} must be different, got {twice[0]} twice: {remedy}")

    @property
    def labels(self) -> list[str]:
        """The labels of the entries, in their order."""
        return [entry.label for entry in self.cells]

    def entry(self, label: str) -> CellEntry:
        """Return the entry that goes by `label`."""
        return next(entry for entry in self.cells if entry.label == label)

    def task_points(self) -> list[TaskPoint]:
        """Return every task at each of its settings, in the order of the rows."""
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """Return what decides the numbers, as a manifest holds it.

        The folder's name, the question and the reference do not.
        """
        unsaid = {name for name in LATER if getattr(self, name) is None}
        settings = self.model_dump(mode="json", exclude={"name", "question", "reference", *unsaid})
        return {**settings, "cells": [entry.settings() for entry in self.cells]}


class TrainingSpec(Spec):
    """A study that trains models and measures them on the way."""

    evaluate_every: OwnTimes = None

    @model_validator(mode="before")
    @classmethod
    def _twenty_evaluations(cls, settings: Any) -> Any:
        updates = settings.get("updates")
        if settings.get("evaluate_every") is None and isinstance(updates, int):
            return {**settings, "evaluate_every": max(1, updates // 20)}
        return settings


class CopySpec(Spec):
    """A study of the copy-memory task alone, whose settings stand beside the others.

    Attributes
    ----------
    delays : list of int
        Steps from the end of the payload to the first symbol recalled.
    payload, alphabet : int
        Symbols to recall, and how many different ones there are.
    """

    delays: Delays
    payload: Count
    alphabet: Annotated[
        OneOrMore[Annotated[Natural, Field(ge=2)]],
        knob("a whole number of at least 2", "one symbol alone carries no information"),
    ]

    def task_points(self) -> list[TaskPoint]:
        """Return the task at every delay; tables have no column for its name."""
        sizes = {"payload": self.payload, "alphabet": self.alphabet}
        swept = [name for name, value in sizes.items() if isinstance(value, list)]
        choices = [value if isinstance(value, list) else [value] for value in sizes.values()]
        points = []
        for delay, payload, alphabet in product(self.delays, *choices):
            settings = {"delay": delay, "payload": payload, "alphabet": alphabet}
            columns = tuple((name, settings[name]) for name in ("delay", *swept))
            points.append(
                TaskPoint("copy-memory", tuple(settings.items()), columns, tuple(settings.values()))
            )
        return points


class CopyTaskSpec(CopySpec, TrainingSpec):
    """Recall accuracy against delay: every cell on every delay, `seeds` times."""

    experiment: Annotated[Literal["copy-task"], knob("copy-task here", "leave it out")]


class TaskStudySpec(TrainingSpec):
    """Cells on any tasks: every cell on every task at each of its settings, `seeds` times.

    Attributes
    ----------
    task : list of TaskEntry
        One or more, each with its settings.
    """

    experiment: Annotated[Literal["task-study"], knob("task-study here", "leave it out")]
    task: Annotated[
        list[TaskEntry],
        BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
        knob("a list of at least one task", 'name one, such as "adding"', min_length=1),
    ]

    @model_validator(mode="after")
    def _tasks_differ(self) -> TaskStudySpec:
        labels = [entry.label for entry in self.task]
        self._different("labels of tasks", labels, "drop one or give it a label of its own")
        return self

    def task_points(self) -> list[TaskPoint]:
        """Return every task at each of its settings."""
        return [point for entry in self.task for point in entry.points()]

    def settings(self) -> dict[str, Any]:
        """Return what decides the numbers, as a manifest holds it."""
        return {**super().settings(), "task": [entry.settings() for entry in self.task]}


class GradientFlowSpec(CopySpec):
    """How gradients travel, before, midway and after training on one delay of the copy task.

    Attributes
    ----------
    measure : list of str
        What is measured beside the gradients by lag, which always are: see
        `rnnlab.experiments.measures`.
    input : "task" or "noise"
        Whether the models are measured on the task's sequences and its loss at the last step, or on
        standard normal inputs and a gradient of random direction.
    """

    experiment: Annotated[Literal["gradient-flow"], knob("gradient-flow here", "leave it out")]
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
    measure: Measures = ["decay"]
    input: Annotated[
        Literal["task", "noise"],
        knob("task or noise", "noise drives the cells with standard normal numbers"),
    ] = "task"

    @model_validator(mode="after")
    def _one_of_each(self) -> GradientFlowSpec:
        remedy = "run it once for each, with a folder of its own (--out)"
        if len(self.delays) != 1:
            raise ValueError(
                f"delays must be one delay in gradient-flow, got {self.delays}: {remedy}"
            )
        for owner in (self, *self.cells):
            for name in (*SWEPT, "payload", "alphabet"):
                if isinstance(value := getattr(owner, name, None), list):
                    raise ValueError(
                        f"{name} must be one value in gradient-flow, got {value}: {remedy}"
                    )
        return self
