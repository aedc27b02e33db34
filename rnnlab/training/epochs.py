"""Training on a finite set of sequences: epochs, early stopping, best weights, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from rnnlab.engine.protocol import Array
from rnnlab.layers.validation import check_size
from rnnlab.limits import check_number
from rnnlab.training.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from rnnlab.training.clipping import check_bound
from rnnlab.training.loop import learn_from
from rnnlab.training.losses import Loss
from rnnlab.training.model import SequenceModel
from rnnlab.training.optimizers import Optimizer
from rnnlab.training.schedules import Schedule


@dataclass(frozen=True)
class Batch:
    """Sequences of different lengths, padded to the longest.

    Attributes
    ----------
    x : array (T, B, I)
    targets : array
        As the loss takes them.
    lengths : int64 (B,)
    weights : float64 (B,) or None
    noise : numpy.random.Generator or None
        What the layer's regularisers are drawn from, where it has any.
    """

    x: Array
    targets: Array
    lengths: Array
    weights: Array | None = None
    noise: np.random.Generator | None = None


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to.

    Attributes
    ----------
    epoch : int
        From 1.
    update : int
        Updates done.
    train_loss : float
        Mean over the epoch's batches, each before its update.
    metrics : dict of str to float
        What `evaluate` returned; empty if training diverged.
    learning_rate : float
        Of this epoch.
    grad_norm : float
        Global norm of the gradient before clipping, mean over the epoch's updates.
    status : "ok" or "diverged"
    seconds : float
        Since training began, interruptions left out.
    """

    epoch: int
    update: int
    train_loss: float
    metrics: dict[str, float]
    learning_rate: float
    grad_norm: float
    status: Literal["ok", "diverged"]
    seconds: float


@dataclass
class _Course:
    """How far training has come."""

    epochs: list[Epoch] = field(default_factory=list)
    best: dict[str, Array] = field(default_factory=dict)  # the parameters of the best epoch
    lowest: float = math.inf
    waited: int = 0  # epochs since

    @property
    def seconds(self) -> float:
        return self.epochs[-1].seconds if self.epochs else 0.0

    def add(self, epoch: Epoch, parameters: Mapping[str, Array]) -> None:
        self.epochs.append(epoch)
        loss = epoch.metrics.get("loss", math.nan)
        if loss < self.lowest:
            self.lowest, self.waited = loss, 0
            self.best = {name: array.copy() for name, array in parameters.items()}
        else:
            self.waited += 1

    def over(self, patience: int | None) -> bool:
        if self.epochs and self.epochs[-1].status == "diverged":
            return True
        return patience is not None and self.waited > patience


def train_epochs(
    model: SequenceModel,
    draw_epoch: Callable[[int], Iterable[Batch]],
    optimizer: Optimizer,
    *,
    loss: Loss,
    evaluate: Callable[[SequenceModel], dict[str, float]],
    schedule: Schedule,
    patience: int | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 5.0,
) -> Iterator[Epoch]:
    """Train a model epoch by epoch; at the end it has the weights of its best one.

    Parameters
    ----------
    model : SequenceModel
        Changed in place.
    draw_epoch : callable
        From the number of the epoch, from 1, to its batches: a pure function, so that a resumed
        training sees what an undisturbed one does.
    optimizer : Optimizer
        Made on `model.parameters`; its learning rate is that of factor 1.
    loss : callable
        `loss(outputs, targets[, weights]) -> (value, d_outputs)`.
    evaluate : callable
        From the model to numbers after each epoch; "loss", the validation loss, decides which epoch
        is the best.
    schedule : Schedule
        Of the learning rate; its `epochs` is how many there are at most.
    patience : int, optional
        Stop when the validation loss has not fallen for more than so many epochs.
    clip_norm, clip_value : float, optional
        Bounds of the gradient's global norm, and of each of its numbers.
    checkpoint : Path, optional
        A file in which the course is kept, every `checkpoint_seconds` or at every epoch that takes
        longer. If it is there, training goes on from it with the numbers of an undisturbed one.

    Yields
    ------
    Epoch
        Those of the checkpoint first. If the loss or the gradient is not finite, or a parameter
        after the epoch, a last one with status "diverged".
    """
    if patience is not None and (not isinstance(patience, int) or patience < 0):
        raise ValueError(
            f"patience must be a whole number of epochs, got {patience!r}: give 0 or more, or none"
        )
    check_size("epochs", schedule.epochs)
    check_number("checkpoint_seconds", checkpoint_seconds, least=0, remedy="try 5")
    for bound in (clip_norm, clip_value):
        if bound is not None:
            check_bound(bound)

    def run() -> Iterator[Epoch]:
        course, rate = _Course(), optimizer.learning_rate
        if checkpoint is not None and checkpoint.exists():
            _resume(checkpoint, course, model, optimizer)
            yield from course.epochs
        start = time.perf_counter() - course.seconds
        saved = time.perf_counter()
        while len(course.epochs) < schedule.epochs and not course.over(patience):
            losses = [epoch.metrics["loss"] for epoch in course.epochs]
            optimizer.learning_rate = rate * schedule.factor_at(losses)
            number = len(course.epochs) + 1
            values, norms = [], []
            for batch in draw_epoch(number):
                value, norm, _ = learn_from(
                    model,
                    optimizer,
                    batch.x,
                    batch.targets,
                    loss=loss,
                    clip_norm=clip_norm,
                    clip_value=clip_value,
                    lengths=batch.lengths,
                    weights=batch.weights,
                    noise=batch.noise,
                )
                values.append(value)
                norms.append(norm)
                if not math.isfinite(norm):
                    break
            ruined = not all(np.isfinite(array).all() for array in model.parameters.values())
            diverged = ruined or not math.isfinite(norms[-1])
            metrics = {} if diverged else evaluate(model)
            diverged = diverged or not math.isfinite(metrics["loss"])
            before = course.epochs[-1].update if course.epochs else 0
            epoch = Epoch(
                epoch=number,
                update=before + len(norms),
                train_loss=sum(values) / len(values),
                metrics=metrics,
                learning_rate=optimizer.learning_rate,
                grad_norm=sum(norms) / len(norms),
                status="diverged" if diverged else "ok",
                seconds=time.perf_counter() - start,
            )
            course.add(epoch, model.parameters)
            if checkpoint is not None and time.perf_counter() - saved >= checkpoint_seconds:
                _keep(checkpoint, course, model, optimizer)
                saved = time.perf_counter()
            yield epoch
        optimizer.learning_rate = rate
        for name, array in course.best.items():
            model.parameters[name][:] = array

    return run()


def _keep(path: Path, course: _Course, model: SequenceModel, optimizer: Optimizer) -> None:
    history = [vars(epoch) for epoch in course.epochs]
    write_checkpoint(path, Checkpoint(model.parameters, course.best, optimizer.state(), history))


def _resume(path: Path, course: _Course, model: SequenceModel, optimizer: Optimizer) -> None:
    kept = read_checkpoint(path)
    wanted = {name: array.shape for name, array in model.parameters.items()}
    for part in (kept.parameters, kept.best or kept.parameters):
        if wanted != {name: array.shape for name, array in part.items()}:
            raise ValueError(
                f"{path} must hold the parameters of its model, got others: "
                "delete it, and training starts again"
            )
    for name, array in model.parameters.items():
        array[:] = kept.parameters[name]
    optimizer.restore(kept.optimizer)
    for row in kept.history:
        course.add(Epoch(**row), {})
    course.best = dict(kept.best)
