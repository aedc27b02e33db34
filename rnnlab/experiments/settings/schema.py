"""Settings of models and of their training, the same for tasks and tables.

A setting is declared once, here. Its options on the command line, its column in the tables, and
whether it is compared or chosen follow from the declaration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from rnnlab.experiments.settings.fields import (
    Amount,
    Clip,
    Count,
    Flag,
    ForgetBias,
    Fraction,
    Names,
    OwnCount,
    OwnNames,
    OwnTimes,
    Patience,
    Rate,
    Share,
    Steps,
)
from rnnlab.texts import setting_text


@dataclass(frozen=True)
class Swept:
    """A setting that may be swept: a list in place of one value.

    Attributes
    ----------
    role : "model", "training" or "course"
        What the values are for: those of a model are compared with each other, as cells are; those
        of its training are chosen for each cell; those of the course are conditions.
    """

    role: Literal["model", "training", "course"]


MODEL, TRAINING, COURSE = Swept("model"), Swept("training"), Swept("course")


class Settings(BaseModel):
    """Settings of models and of their training. A list in place of a value is swept.

    Attributes
    ----------
    hidden, parameters : int or None
        Units of every cell; or the largest number of parameters of a model, readout included: every
        cell then has the most units that this allows. One of the two.
    num_layers : int or None
        Layers on top of each other; 1 unless given.
    bidirectional : bool
        Whether layers read sequences from their ends too.
    init : str or None
        Initialisation of the parameters; the one of the cell's paper unless given.
    forget_bias : float, "chrono" or None
        For every cell that keeps its memory with a gate f and has no bias of its own; None leaves
        the cells as their equations have them.
    dropout, zoneout : float
        Of the outputs of every layer, and of its states, in training: see `rnnlab.Regularisers`.
    optimizer : str
        A name of `rnnlab.registry.optimizers`.
    lr : float
        Learning rate.
    schedule : str
        A name of `rnnlab.registry.schedules`, with warmup, lr_factor, lr_every and lr_patience as
        `rnnlab.training.Schedule` has them: in updates for tasks, in epochs for tables.
    weight_decay : float
        Decoupled, of weight matrices.
    clip, clip_value : float or None
        Largest global norm of a gradient; largest absolute value of its elements. One at most.
    batch : int
        Sequences of a batch.
    updates : int or None
        Batches that a model is trained on; for tasks, whose batches have no end.
    epochs : int
        Largest number of passes over the training part; for tables.
    patience : int or None
        Evaluations without a lower validation loss after which training stops; None for no early
        stop.
    truncate : int or None
        Steps of a window of truncated back-propagation through time; None for all steps.
    evaluate_every : int or None
        Updates between two evaluations of a task; a twentieth of all unless given.
    evaluation_batch : int or None
        Fresh sequences of a task for each evaluation.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hidden: Annotated[OwnCount, MODEL] = None
    parameters: Annotated[OwnCount, MODEL] = None
    num_layers: Annotated[OwnCount, MODEL] = None
    bidirectional: Annotated[Flag, MODEL] = False
    init: Annotated[OwnNames, MODEL] = None
    forget_bias: Annotated[ForgetBias, MODEL] = None
    dropout: Annotated[Share, TRAINING] = 0.0
    zoneout: Annotated[Share, TRAINING] = 0.0
    optimizer: Annotated[Names, TRAINING]
    lr: Annotated[Rate, TRAINING]
    schedule: Annotated[Names, TRAINING] = "constant"
    warmup: Annotated[Steps, TRAINING] = 0
    lr_factor: Annotated[Fraction, TRAINING] = 0.5
    lr_every: Annotated[Count, TRAINING] = 30
    lr_patience: Annotated[Steps, TRAINING] = 5
    weight_decay: Annotated[Amount, TRAINING] = 0.0
    clip: Annotated[Clip, TRAINING] = None
    clip_value: Annotated[Clip, TRAINING] = None
    batch: Annotated[Count, TRAINING]
    updates: Annotated[OwnTimes, COURSE] = None
    epochs: Annotated[Count, COURSE] = 100
    patience: Annotated[Patience, COURSE] = None
    truncate: Annotated[OwnCount, COURSE] = None
    evaluate_every: Annotated[OwnTimes, COURSE] = None
    evaluation_batch: Annotated[OwnCount, COURSE] = None

    @model_validator(mode="after")
    def _one_way_each(self) -> Settings:
        for name in SWEPT:
            if isinstance(value := getattr(self, name), list):
                require_different(name, list(map(str, value)), "drop one")
        for one, other, remedy in (
            ("clip", "clip_value", "clip by norm (clip) or by value (clip_value)"),
            ("hidden", "parameters", "size the cells by units or by what they learn"),
        ):
            values = getattr(self, one), getattr(self, other)
            if None not in values:
                came = " and ".join(map(setting_text, values))
                raise ValueError(f"{one} and {other} must not both be set, got {came}: {remedy}")
        if self.hidden is None and self.parameters is None:
            raise ValueError("hidden or parameters must be given: add a line such as hidden = 64")
        return self


def require_different(key: str, values: list[str], remedy: str) -> None:
    """Raise a ValueError if a value comes twice."""
    twice = [value for value in values if values.count(value) > 1]
    if twice:
        raise ValueError(f"{key} must be different, got {twice[0]} twice: {remedy}")


def _names(*roles: Swept) -> tuple[str, ...]:
    fields = Settings.model_fields.items()
    return tuple(name for name, field in fields if any(role in field.metadata for role in roles))


#: Settings that may be swept, in the order of their columns.
SWEPT = _names(MODEL, TRAINING, COURSE)
#: Settings of the model itself: their values are compared with each other, as cells are.
BUILT = _names(MODEL)
#: Settings of training: the best value is chosen for each cell.
TUNED = _names(TRAINING)
#: Settings that a manifest leaves out at their default. Those of the first version are always
#: there, so that older results can be continued.
LATER = {
    name: field.default
    for name, field in Settings.model_fields.items()
    if not field.is_required() and name not in ("hidden", "forget_bias", "clip", "clip_value")
}


def without_defaults(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings without those of `LATER` that are at their default."""
    return {
        name: value for name, value in settings.items() if name not in LATER or value != LATER[name]
    }
