"""The training loop: batches in, evaluations out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnnlab.engine.protocol import Array
from rnnlab.layers.validation import check_size
from rnnlab.training.clipping import (
    check_bound,
    clip_by_global_norm,
    clip_by_value,
    global_norm,
)
from rnnlab.training.losses import softmax_cross_entropy
from rnnlab.training.model import Loss, SequenceModel
from rnnlab.training.optimizers import Optimizer


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
class Update:
    """One update of the parameters, as a callback sees it.

    Attributes
    ----------
    number : int
        Updates done; 0 before the first.
    model : SequenceModel
        As it is now. To be looked at, not changed.
    grad_norm : float
        Global norm of the gradient before clipping; NaN for number 0.
    clipped : bool
        Whether clipping changed the gradient.
    """

    number: int
    model: SequenceModel
    grad_norm: float
    clipped: bool


def train(
    model: SequenceModel,
    draw_batch: Callable[[], tuple[Array, Array]],
    optimizer: Optimizer,
    *,
    updates: int,
    evaluate: Callable[[SequenceModel], dict[str, float]],
    evaluate_every: int,
    loss: Loss = softmax_cross_entropy,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    callback: Callable[[Update], None] | None = None,
) -> Iterator[Evaluation]:
    """Train a model and evaluate it from time to time.

    Parameters
    ----------
    model : SequenceModel
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
    return _train(
        model,
        draw_batch,
        optimizer,
        updates,
        evaluate,
        evaluate_every,
        loss,
        clip_norm,
        clip_value,
        callback,
    )


def _train(
    model: SequenceModel,
    draw_batch: Callable[[], tuple[Array, Array]],
    optimizer: Optimizer,
    updates: int,
    evaluate: Callable[[SequenceModel], dict[str, float]],
    evaluate_every: int,
    loss: Loss,
    clip_norm: float | None,
    clip_value: float | None,
    callback: Callable[[Update], None] | None,
) -> Iterator[Evaluation]:
    start = time.perf_counter()
    norms: list[float] = []
    if callback is not None:
        callback(Update(0, model, math.nan, clipped=False))
    for update in range(1, updates + 1):
        x, targets = draw_batch()
        with np.errstate(over="ignore", invalid="ignore"):  # a run that diverges says so below
            value, gradients = model.loss_and_gradients(x, targets, loss)
            norm = global_norm(gradients) if gradients else math.nan
            diverged = not (math.isfinite(value) and math.isfinite(norm))
            if not diverged:
                clipped = callback is not None and _is_cut(gradients, norm, clip_norm, clip_value)
                if clip_norm is not None:
                    clip_by_global_norm(gradients, clip_norm)
                if clip_value is not None:
                    clip_by_value(gradients, clip_value)
                norms.append(norm)
                optimizer.step(gradients)
                if callback is not None:
                    callback(Update(update, model, norm, clipped))
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


def _is_cut(
    gradients: Mapping[str, Array],
    norm: float,
    clip_norm: float | None,
    clip_value: float | None,
) -> bool:
    """Tell whether clipping is about to change the gradient."""
    if clip_norm is not None and norm > clip_norm:
        return True
    return clip_value is not None and any(
        float(np.abs(array).max(initial=0.0)) > clip_value for array in gradients.values()
    )
