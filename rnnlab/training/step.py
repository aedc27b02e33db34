"""One update of a model's parameters on one batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from rnnlab.batch import Batch
from rnnlab.engine.protocol import Array
from rnnlab.training.clipping import clip_by_global_norm, clip_by_value, global_norm
from rnnlab.training.loss_contract import Loss
from rnnlab.training.optimizers import Optimizer


class Trainable(Protocol):
    """A model that can be trained: a `SequenceModel`, or `TruncatedBPTT` on one."""

    @property
    def parameters(self) -> Mapping[str, Array]:
        """Live arrays by name."""
        ...

    @property
    def loss_and_gradients(self) -> Callable[..., tuple[float, dict[str, Array]]]:
        """From inputs, targets, a loss and options to the loss and its gradients."""
        ...


M = TypeVar("M", bound=Trainable)


@dataclass(frozen=True)
class Update(Generic[M]):
    """One update of the parameters, as a callback sees it.

    Attributes
    ----------
    number : int
        Updates done; 0 before the first.
    model : SequenceModel or TruncatedBPTT
        The live model; do not modify it.
    grad_norm : float
        Global norm of the gradient before clipping; NaN for number 0.
    clipped : bool
        Whether clipping changed the gradient.
    """

    number: int
    model: M
    grad_norm: float
    clipped: bool


def training_step(
    model: Trainable,
    optimizer: Optimizer,
    batch: Batch,
    *,
    loss: Loss,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    noise: np.random.Generator | None = None,
) -> tuple[float, float, bool]:
    """Take one step of `optimizer` on one batch.

    Returns
    -------
    value : float
        The loss before the step.
    norm : float
        Global norm of the gradient before clipping. Where the loss or the norm is not finite, the
        norm is not finite and no step is taken.
    clipped : bool
        Whether clipping changed the gradient.
    """
    options = {
        "lengths": batch.lengths,
        "weights": batch.weights,
        "noise": noise if batch.noise is None else batch.noise,
    }
    given = {name: value for name, value in options.items() if value is not None}
    clipped = False
    with np.errstate(over="ignore", invalid="ignore"):  # the caller checks for non-finite values
        value, gradients = model.loss_and_gradients(batch.x, batch.targets, loss, **given)
        norm = global_norm(gradients) if gradients else math.nan
        if math.isfinite(value) and math.isfinite(norm):
            if clip_norm is not None:
                clip_by_global_norm(gradients, clip_norm)
                clipped = norm > clip_norm
            if clip_value is not None:
                clipped |= any(np.abs(array).max() > clip_value for array in gradients.values())
                clip_by_value(gradients, clip_value)
            optimizer.step(gradients)
    return value, norm, clipped
