"""Evaluations of a model in training, and the course that they make."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rnnlab.engine.protocol import Array


@dataclass(frozen=True)
class Evaluation:
    """State and scores of a model at one evaluation.

    Attributes
    ----------
    update : int
        Updates done.
    epoch : int
        Epochs done; 0 where batches are drawn without end.
    metrics : dict of str to float
        Scores that `evaluate` returned; empty if the loss, the gradient or a parameter is not
        finite.
    train_loss : float
        Mean loss of the batches since the last evaluation, each before its update.
    learning_rate : float
        Learning rate of the last update.
    grad_norm : float
        Global norm of the gradient before clipping: mean over the updates since the last
        evaluation, or that of the last update where `metrics` is empty.
    status : "ok" or "diverged"
    seconds : float
        Time since training began, interruptions excluded.
    """

    update: int
    epoch: int
    metrics: dict[str, float]
    train_loss: float
    learning_rate: float
    grad_norm: float
    status: Literal["ok", "diverged"]
    seconds: float

    def __repr__(self) -> str:
        when = f"update {self.update}" + (f" (epoch {self.epoch})" if self.epoch else "")
        scores = {"train_loss": self.train_loss, **self.metrics, "grad_norm": self.grad_norm}
        said = ", ".join(f"{name} {value:.4g}" for name, value in scores.items())
        return f"<rnnlab.Evaluation at {when}: {said}, {self.status}, {self.seconds:.1f} s>"


@dataclass
class Course:
    """The evaluations of a training so far, and the best parameters among them.

    Attributes
    ----------
    keep_best : bool
        Whether to copy the parameters of the evaluation with the lowest validation loss.
    evaluations : list of Evaluation
    best : dict of str to array
        Parameters of the best evaluation.
    waited : int
        Evaluations since the best one.
    """

    keep_best: bool
    evaluations: list[Evaluation] = field(default_factory=list)
    best: dict[str, Array] = field(default_factory=dict)
    lowest: float = math.inf
    waited: int = 0

    @property
    def updates(self) -> int:
        """Updates done."""
        return self.evaluations[-1].update if self.evaluations else 0

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return self.evaluations[-1].epoch if self.evaluations else 0

    @property
    def seconds(self) -> float:
        """Seconds of training."""
        return self.evaluations[-1].seconds if self.evaluations else 0.0

    def losses(self, *, by_epoch: bool) -> dict[int, float]:
        """Return the validation loss by the number of epochs, or of updates, before it."""
        return {
            one.epoch if by_epoch else one.update: one.metrics["loss"]
            for one in self.evaluations
            if "loss" in one.metrics
        }

    def add(self, evaluation: Evaluation, parameters: Mapping[str, Array]) -> None:
        """Append an evaluation of a model with these parameters."""
        self.evaluations.append(evaluation)
        loss = evaluation.metrics.get("loss", math.nan)
        if loss < self.lowest:
            self.lowest, self.waited = loss, 0
            if self.keep_best:
                self.best = {name: array.copy() for name, array in parameters.items()}
        else:
            self.waited += 1

    def is_over(self, patience: int | None) -> bool:
        """Return whether training has diverged, or its validation loss no longer falls."""
        if self.evaluations and self.evaluations[-1].status == "diverged":
            return True
        return patience is not None and self.waited > patience
