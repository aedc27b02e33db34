"""The training loop: batches in, evaluations out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from rnnlab.batch import Batch
from rnnlab.engine.protocol import Array
from rnnlab.layers.seeding import Seed, random_numbers
from rnnlab.layers.validation import check_size
from rnnlab.limits import check_number
from rnnlab.training.checkpoints import resume, save
from rnnlab.training.clipping import check_bound
from rnnlab.training.evaluation import Course, Evaluation
from rnnlab.training.loss_contract import Loss
from rnnlab.training.losses import softmax_cross_entropy
from rnnlab.training.optimizers import Optimizer
from rnnlab.training.schedules import Schedule
from rnnlab.training.step import Trainable, Update, training_step
from rnnlab.training.truncated import TruncatedBPTT

M = TypeVar("M", bound=Trainable)

#: An endless stream of batches, or a function from the number of an epoch (from 1) to its batches.
Source = Iterator[Batch] | Callable[[int], Iterable[Batch]]


def train(
    model: M,
    batches: Source,
    optimizer: Optimizer,
    *,
    evaluate: Callable[[M], Mapping[str, float]],
    updates: int | None = None,
    evaluate_every: int | None = None,
    epochs: int | None = None,
    loss: Loss = softmax_cross_entropy,
    schedule: Schedule | None = None,
    patience: int | None = None,
    restore_best: bool = False,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    noise: Seed = None,
    callback: Callable[[Update[M]], None] | None = None,
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 5.0,
    generators: Sequence[np.random.Generator] = (),
) -> Iterator[Evaluation]:
    """Train a model and evaluate it at regular intervals.

    Batches that are drawn without end need `updates` and `evaluate_every`; a finite set of
    sequences needs `epochs`, and the model is evaluated after each.

    Parameters
    ----------
    model : SequenceModel or TruncatedBPTT
        Changed in place.
    batches : iterator of Batch, or callable
        An endless stream, or a function from the number of an epoch (from 1) to its batches. The
        function must be pure, so that a resumed training sees the same batches as an
        uninterrupted one.
    optimizer : Optimizer
        Made on `model.parameters`; the schedule multiplies its learning rate.
    evaluate : callable
        From the model to its scores. "loss" is the validation loss: it decides on early stopping,
        the best weights and schedules that depend on the loss.
    updates, evaluate_every : int
        Updates in all, and between two evaluations; the last update is always evaluated.
    epochs : int
        Largest number of epochs.
    loss : callable
        `loss(outputs, targets[, weights]) -> (value, d_outputs)`.
    schedule : Schedule, optional
        Factor of the learning rate; its `steps` are the updates of a stream, or the epochs.
    patience : int, optional
        Stop after more than this number of evaluations without a lower validation loss.
    restore_best : bool
        Whether the model has the weights of its best evaluation at the end.
    clip_norm, clip_value : float, optional
        Bounds of the gradient's global norm, and of each of its numbers.
    noise : int or numpy.random.Generator, optional
        Source of the regularisers' masks for batches without one of their own; new masks are drawn
        at every update. If left out, the regularisers are off.
    callback : callable, optional
        Called with an `Update` before the first update and after each: see
        `rnnlab.analysis.GradientRecorder`. A resumed training does not repeat earlier calls.
    checkpoint : Path, optional
        File that the state of training is written to after an evaluation, at most once in
        `checkpoint_seconds`. If the file exists, training resumes from it and gives the same
        numbers as an uninterrupted one.
    generators : sequence of numpy.random.Generator
        Random generators that `batches` and `evaluate` draw from. A checkpoint holds their states.

    Yields
    ------
    Evaluation
        Those of the checkpoint first. If the loss, the gradient or a parameter is not finite, or
        the validation loss, the status of the last one is "diverged".

    Raises
    ------
    ValueError, TypeError
        At the call, if an argument is invalid.

    Examples
    --------
    >>> import rnnlab
    >>> from rnnlab.tasks import CopyMemory
    >>> from rnnlab.training import SequenceModel, make_optimizer
    >>> task = CopyMemory(delay=5)
    >>> model = SequenceModel(rnnlab.GRU(task.input_size, 16, seed=0), task.output_size, seed=0)
    >>> evaluations = train(
    ...     model,
    ...     task.batches(32, seed=0),
    ...     make_optimizer("adam", model.parameters, 0.01),
    ...     updates=20,
    ...     evaluate_every=10,
    ...     evaluate=lambda model: task.evaluation(model, 64, seed=1),
    ... )
    >>> [(one.update, one.status) for one in evaluations]
    [(10, 'ok'), (20, 'ok')]
    """
    steps = _check_length(batches, updates, evaluate_every, epochs)
    schedule = schedule or Schedule(steps=steps)
    if schedule.steps != steps:
        raise ValueError(
            f"schedule must have the {steps} steps of the training, got {schedule.steps}: "
            f"make it with steps={steps}"
        )
    if patience is not None and (
        isinstance(patience, bool) or not isinstance(patience, int) or patience < 0
    ):
        raise ValueError(
            f"patience must be a whole number of evaluations, got {patience!r}: give 0 or more, or "
            "None for no early stop"
        )
    for bound in (clip_norm, clip_value):
        if bound is not None:
            check_bound(bound)
    check_number("checkpoint_seconds", checkpoint_seconds, least=0, remedy="try 5")
    if checkpoint is not None and isinstance(model, TruncatedBPTT):
        raise ValueError(
            "a checkpoint cannot hold the state of a stream in windows (TruncatedBPTT): leave "
            "checkpoint out"
        )
    masks = None if noise is None else random_numbers(noise, "noise", "noise")[0]
    drawn = [*generators, *([] if masks is None else [masks])]
    return _Loop(
        model=model,
        batches=batches,
        optimizer=optimizer,
        evaluate=evaluate,
        evaluate_every=evaluate_every,
        schedule=schedule,
        patience=patience,
        restore_best=restore_best,
        step={"loss": loss, "clip_norm": clip_norm, "clip_value": clip_value, "noise": masks},
        callback=callback,
        checkpoint=checkpoint,
        checkpoint_seconds=checkpoint_seconds,
        generators=drawn,
    ).run()


def _check_length(
    batches: Source, updates: int | None, evaluate_every: int | None, epochs: int | None
) -> int:
    """Return the steps of a training: updates of a stream, or epochs."""
    if callable(batches):
        if epochs is None or updates is not None or evaluate_every is not None:
            raise ValueError(
                "a function from an epoch to its batches needs epochs, without updates and "
                "evaluate_every: give epochs=100, or an iterator of batches instead"
            )
        return check_size("epochs", epochs)
    if not isinstance(batches, Iterator):
        raise TypeError(
            "batches must be an iterator of batches or a function from an epoch to its batches, "
            f"got {type(batches).__name__}: try iter(...)"
        )
    if epochs is not None or updates is None or evaluate_every is None:
        raise ValueError(
            "a stream of batches needs updates and evaluate_every, without epochs: give "
            "updates=1000 and evaluate_every=100, or a function from an epoch to its batches"
        )
    check_size("evaluate_every", evaluate_every)
    return check_size("updates", updates)


@dataclass
class _Loop(Generic[M]):
    """The checked arguments of `train`; `step` holds those of `training_step`."""

    model: M
    batches: Source
    optimizer: Optimizer
    evaluate: Callable[[M], Mapping[str, float]]
    evaluate_every: int | None
    schedule: Schedule
    patience: int | None
    restore_best: bool
    step: dict[str, Any]
    callback: Callable[[Update[M]], None] | None
    checkpoint: Path | None
    checkpoint_seconds: float
    generators: list[np.random.Generator]

    def run(self) -> Iterator[Evaluation]:
        """Yield the evaluations."""
        course, self.rate = Course(keep_best=self.restore_best), self.optimizer.learning_rate
        if self.checkpoint is not None and self.checkpoint.exists():
            resume(self.checkpoint, course, *self._state())
            yield from course.evaluations
        start = time.perf_counter() - course.seconds
        saved = time.perf_counter()
        if self.callback is not None and not course.evaluations:
            self.callback(Update(0, self.model, math.nan, clipped=False))
        for batches in self._intervals(course):
            if course.is_over(self.patience):
                break
            evaluation = self._interval(batches, course, start)
            course.add(evaluation, self.model.parameters)
            if self.checkpoint and time.perf_counter() - saved >= self.checkpoint_seconds:
                save(self.checkpoint, course, *self._state())
                saved = time.perf_counter()
            yield evaluation
        self.optimizer.learning_rate = self.rate
        for name, array in course.best.items():
            self.model.parameters[name][:] = array

    def _state(self) -> tuple[Mapping[str, Array], Optimizer, list[np.random.Generator]]:
        """Return what changes in training besides the course."""
        return self.model.parameters, self.optimizer, self.generators

    def _intervals(self, course: Course) -> Iterator[Iterable[Batch]]:
        """Yield the batches before each evaluation that is still to come."""
        if callable(self.batches):
            for epoch in range(course.epochs + 1, self.schedule.steps + 1):
                yield self.batches(epoch)
            return
        while (left := self.schedule.steps - course.updates) > 0:
            yield islice(self.batches, min(self.evaluate_every or left, left))

    def _interval(self, batches: Iterable[Batch], course: Course, start: float) -> Evaluation:
        """Train on some batches, then evaluate the model."""
        finite = callable(self.batches)
        losses = course.losses(by_epoch=finite)
        values: list[float] = []
        norms: list[float] = []
        for batch in batches:
            done = course.epochs if finite else course.updates + len(norms)
            self.optimizer.learning_rate = self.rate * self.schedule.factor_at(done, losses)
            value, norm, clipped = training_step(self.model, self.optimizer, batch, **self.step)
            values.append(value)
            norms.append(norm)
            if not math.isfinite(norm):
                break
            if self.callback is not None:
                number = course.updates + len(norms)
                self.callback(Update(number, self.model, norm, clipped))
        if not norms:
            raise ValueError(
                f"batches must not end before training, but end after update {course.updates}: "
                "draw them without end, or pass a function from an epoch to its batches"
            )
        # the last update may have made a parameter infinite, and no later loss shows it
        sound = math.isfinite(norms[-1]) and all(
            np.isfinite(array).all() for array in self.model.parameters.values()
        )
        metrics = dict(self.evaluate(self.model)) if sound else {}
        self._check_metrics(metrics, sound)
        ok = sound and math.isfinite(metrics.get("loss", 0.0))
        return Evaluation(
            update=course.updates + len(norms),
            epoch=course.epochs + 1 if finite else 0,
            metrics=metrics,
            train_loss=sum(values) / len(values),
            learning_rate=self.optimizer.learning_rate,
            grad_norm=_mean_norm(norms, finite) if sound else norms[-1],
            status="ok" if ok else "diverged",
            seconds=time.perf_counter() - start,
        )

    def _check_metrics(self, metrics: Mapping[str, float], sound: bool) -> None:
        needed = self.patience is not None or self.restore_best
        if needed and sound and "loss" not in metrics:
            raise ValueError(
                'evaluate must return the validation loss as "loss", got '
                f"{', '.join(metrics) or 'no scores'}: early stopping and the best weights "
                "depend on it"
            )


def _mean_norm(norms: list[float], finite: bool) -> float:
    """Return the mean, with the last bits of earlier versions, which summed epochs in order."""
    return (sum(norms) if finite else math.fsum(norms)) / len(norms)
