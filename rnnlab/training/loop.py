"""The training loop: batches in, evaluations out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

import numpy as np

from rnnlab.engine.protocol import Array
from rnnlab.layers.seeding import Seed, random_numbers
from rnnlab.layers.validation import check_size
from rnnlab.training.clipping import (
    check_bound,
    clip_by_global_norm,
    clip_by_value,
    global_norm,
)
from rnnlab.training.losses import Loss, softmax_cross_entropy
from rnnlab.training.optimizers import Optimizer


def learn_from(
    model: Trainable,
    optimizer: Optimizer,
    x: Array,
    targets: Array,
    *,
    loss: Loss,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    lengths: Array | None = None,
    weights: Array | None = None,
    noise: Seed = None,
) -> tuple[float, float, bool]:
    """Take one step of `optimizer` on one batch.

    Returns
    -------
    value : float
        The loss before the step.
    norm : float
        Of the gradient before clipping; not finite, and no step taken, where either is not.
    clipped : bool
        Whether clipping changed the gradient.
    """
    options = {"lengths": lengths, "weights": weights, "noise": noise}
    given = {name: value for name, value in options.items() if value is not None}
    clipped = False
    with np.errstate(over="ignore", invalid="ignore"):  # who calls looks at what comes back
        value, gradients = model.loss_and_gradients(x, targets, loss, **given)
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


class Trainable(Protocol):
    """What can be trained: a `SequenceModel`, or `TruncatedBPTT` on one."""

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
class Evaluation:
    """One evaluation in the course of training.

    Attributes
    ----------
    update : int
        Updates done.
    metrics : dict of str to float
        What `evaluate` returned; empty if training diverged.
    grad_norm : float
        Global norm of the gradient before clipping, mean over the updates since the last one.
    status : "ok" or "diverged"
    seconds : float
        Since training began.
    """

    update: int
    metrics: dict[str, float]
    grad_norm: float
    status: Literal["ok", "diverged"]
    seconds: float


@dataclass(frozen=True)
class Update(Generic[M]):
    """One update of the parameters, as a callback sees it.

    Attributes
    ----------
    number : int
        Updates done; 0 before the first.
    model : SequenceModel or TruncatedBPTT
        As it is now. To be looked at, not changed.
    grad_norm : float
        Global norm of the gradient before clipping; NaN for number 0.
    clipped : bool
        Whether clipping changed the gradient.
    """

    number: int
    model: M
    grad_norm: float
    clipped: bool


def train(
    model: M,
    draw_batch: Callable[[], tuple[Array, Array]],
    optimizer: Optimizer,
    *,
    updates: int,
    evaluate: Callable[[M], dict[str, float]],
    evaluate_every: int,
    loss: Loss = softmax_cross_entropy,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    noise: Seed = None,
    callback: Callable[[Update[M]], None] | None = None,
) -> Iterator[Evaluation]:
    """Train a model and evaluate it from time to time.

    Parameters
    ----------
    model : SequenceModel or TruncatedBPTT
        Changed in place.
    draw_batch : callable
        Returns inputs (T, B, I) and targets.
    optimizer : Optimizer
        Made on `model.parameters`.
    updates, evaluate_every : int
    evaluate : callable
        From the model to numbers; also called after the last update.
    loss : callable
        `loss(outputs, targets) -> (value, d_outputs)`.
    clip_norm, clip_value : float, optional
        Bounds of the gradient's global norm, and of each of its numbers.
    noise : int or numpy.random.Generator, optional
        Source of the regularisers' masks, which are new at every update. If left out, the
        regularisers are off.
    callback : callable, optional
        Called with an `Update` before the first update and after each: see
        `rnnlab.analysis.GradientRecorder`.

    Yields
    ------
    Evaluation
        If the loss or the gradient's norm is not finite, or a parameter at an evaluation, a last
        one with status "diverged".
    """
    updates = check_size("updates", updates)
    evaluate_every = check_size("evaluate_every", evaluate_every)
    for bound in (clip_norm, clip_value):
        if bound is not None:
            check_bound(bound)
    masks = None if noise is None else random_numbers(noise, "noise", "noise")[0]
    return _train(
        model,
        draw_batch,
        optimizer,
        updates,
        evaluate,
        evaluate_every,
        callback,
        {"loss": loss, "clip_norm": clip_norm, "clip_value": clip_value, "noise": masks},
    )


def _train(
    model: M,
    draw_batch: Callable[[], tuple[Array, Array]],
    optimizer: Optimizer,
    updates: int,
    evaluate: Callable[[M], dict[str, float]],
    evaluate_every: int,
    callback: Callable[[Update[M]], None] | None,
    options: dict[str, Any],
) -> Iterator[Evaluation]:
    start = time.perf_counter()
    norms: list[float] = []
    if callback is not None:
        callback(Update(0, model, math.nan, clipped=False))
    for update in range(1, updates + 1):
        _, norm, clipped = learn_from(model, optimizer, *draw_batch(), **options)
        diverged = not math.isfinite(norm)
        if callback is not None and not diverged:
            callback(Update(update, model, norm, clipped))
        norms.append(norm)
        due = update % evaluate_every == 0 or update == updates
        if due and not diverged:
            # What this update ruined, no later loss may show.
            diverged = not all(np.isfinite(array).all() for array in model.parameters.values())
        if diverged:
            yield Evaluation(update, {}, norm, "diverged", time.perf_counter() - start)
            return
        if due:
            metrics = evaluate(model)
            mean = math.fsum(norms) / len(norms)
            yield Evaluation(update, metrics, mean, "ok", time.perf_counter() - start)
            norms.clear()
