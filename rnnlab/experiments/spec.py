"""The settings of a study, validated: one line says which key is wrong, why, and the remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from rnnlab.experiments.entries import ENTRY_OPTIONS, CellEntry
from rnnlab.experiments.knobs import Clip, Count, Delays, ForgetBias, Natural, Positive, knob, plain
from rnnlab.registry import unknown_name


class Spec(BaseModel):
    """What the experiments on the copy task share.

    Attributes
    ----------
    experiment : str
        "copy-task" or "gradient-flow".
    name : str
        The result's folder under results/, unless another is named.
    cells : list of CellEntry
        A line each in tables and figures.
    delays : list of int
        Steps from the end of the payload to the first symbol recalled.
    payload, alphabet : int
        Symbols to recall, and how many different ones there are.
    hidden : int
        Units of every cell that states no number of its own.
    batch, updates : int
        Sequences a batch; batches to train on.
    lr : float
        Learning rate.
    seeds : int
        Runs of everything, with seeds 0 to seeds - 1.
    optimizer : str
        "sgd", "rmsprop" or "adam".
    clip, clip_value : float or None
        Largest global norm of a gradient; largest absolute value of its elements. One at most.
    forget_bias : float, "chrono" or None
        For every cell that keeps its memory with a gate f and states no bias of its own; None
        leaves the cells as their equations have them.
    evaluation_batch : int
        Fresh sequences for each measurement.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    experiment: str
    name: Annotated[
        str,
        knob("a plain folder name", "use letters, digits, - _ and .", pattern=r"^\w[\w.-]*$"),
    ]
    cells: Annotated[
        list[CellEntry],
        BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
        knob("a list of at least one cell", 'name one, such as "lstm"', min_length=1),
    ]
    delays: Delays
    payload: Count
    alphabet: Annotated[
        Natural,
        knob("a whole number of at least 2", "one symbol alone carries no information", ge=2),
    ]
    hidden: Count
    batch: Count
    updates: Count
    lr: Annotated[Positive, knob("a number above 0", "give a rate such as 0.001")]
    seeds: Count
    optimizer: Annotated[str, knob("a name", "name one, such as adam")]
    clip: Clip = None
    clip_value: Clip = None
    forget_bias: ForgetBias = None
    evaluation_batch: Count

    @model_validator(mode="after")
    def _agree(self) -> Spec:
        for key, values, remedy in (
            ("delays", list(map(str, self.delays)), "drop one"),
            ("labels of cells", self.labels, "drop one or give it a label of its own"),
        ):
            twice = [value for value in values if values.count(value) > 1]
            if twice:
                raise ValueError(f"{key} must be different, got {twice[0]} twice: {remedy}")
        if self.clip is not None and self.clip_value is not None:
            raise ValueError(
                f"clip and clip_value must not both be set, got {self.clip:g} and "
                f"{self.clip_value:g}: clip by norm (clip) or by value (clip_value)"
            )
        return self

    @property
    def labels(self) -> list[str]:
        """The labels of the entries, in their order."""
        return [entry.label for entry in self.cells]

    def entry(self, label: str) -> CellEntry:
        """Return the entry that goes by `label`."""
        return next(entry for entry in self.cells if entry.label == label)

    def settings(self) -> dict[str, Any]:
        """Return what decides the numbers, as a manifest holds it: all but the folder's name."""
        settings = self.model_dump(mode="json", exclude={"name"})
        return {**settings, "cells": [entry.settings() for entry in self.cells]}


class CopyTaskSpec(Spec):
    """Recall accuracy against delay: every cell on every delay, `seeds` times."""

    experiment: Annotated[Literal["copy-task"], knob("copy-task here", "leave it out")]
    evaluate_every: Annotated[
        Natural, knob("a whole number of at least 1", "give the updates between evaluations")
    ]

    @model_validator(mode="before")
    @classmethod
    def _twenty_evaluations(cls, settings: Any) -> Any:
        updates = settings.get("updates")
        if settings.get("evaluate_every") is None and isinstance(updates, int):
            return {**settings, "evaluate_every": max(1, updates // 20)}
        return settings


class GradientFlowSpec(Spec):
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
            "a whole number of at least 0", "0 measures the initial state only", ge=0, strict=True
        ),
    ]

    measure: Annotated[
        list[Literal["decay", "jacobians", "paths", "gates", "training", "forget-bias"]],
        BeforeValidator(lambda value: value.split(",") if isinstance(value, str) else value),
        knob(
            "some of decay, jacobians, paths, gates, training, forget-bias",
            "name what to measure, with commas between",
            min_length=1,
        ),
    ] = ["decay"]
    input: Annotated[
        Literal["task", "noise"],
        knob("task or noise", "noise drives the cells with standard normal numbers"),
    ] = "task"

    @model_validator(mode="after")
    def _one_delay(self) -> GradientFlowSpec:
        if len(self.delays) != 1:
            raise ValueError(
                f"delays must be one delay in gradient-flow, got {self.delays}: run it once for "
                "each, with a folder of its own (--out)"
            )
        return self


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
    first = error.errors()[0]
    # unions add the names of their branches to the place: only keys and positions are the user's
    place = [
        part
        for part in first["loc"]
        if isinstance(part, int) or part in {**spec.model_fields, **CellEntry.model_fields}
    ]
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    if first["type"] == "extra_forbidden":
        unknown = str(first["loc"][-1])
        if len(first["loc"]) > 1:
            return unknown_name("key of a cell entry", unknown, ("cell", *ENTRY_OPTIONS))
        name = re.sub(r"Spec$", "", spec.__name__)
        title = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
        return unknown_name(f"setting of {title}", unknown, spec.model_fields)
    in_entry = len(place) > 2 and place[0] == "cells"
    key = f"cells[{place[1]}].{place[2]}" if in_entry else str(place[0])
    field = (CellEntry if in_entry else spec).model_fields[
        cast("str", place[2] if in_entry else place[0])
    ]
    extra = cast("dict[str, Any]", field.json_schema_extra or {})
    came = "nothing" if first["type"] == "missing" else repr(first["input"])
    return f"{key} must be {field.description}, got {came}: {extra.get('remedy', 'change it')}"
