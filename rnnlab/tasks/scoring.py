"""From outputs and targets to what was right: in float64, over the positions that are asked.

Nothing that is not finite counts as right: argmax over NaN names a class, and a model that diverged
must not score by that accident.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The class that stands where no answer is asked; its counterpart among numbers is NaN.
IGNORED = -1


@dataclass(frozen=True)
class Answers:
    """The answers to one batch, position by position.

    Attributes
    ----------
    nats : float64 (T, B) or (T, B, O)
        What each answer costs; NaN where the output is not finite.
    right : bool (T, B)
        Whether the answer is right; False where none is asked.
    asked : bool (T, B)
        Where an answer is asked.
    """

    nats: NDArray[np.float64]
    right: NDArray[np.bool_]
    asked: NDArray[np.bool_]

    def at(self, where: slice | NDArray[np.bool_]) -> Answers:
        """Return the answers at some steps or positions alone: the others count as not asked."""
        chosen = np.zeros_like(self.asked)
        chosen[where] = True
        return Answers(self.nats, self.right & chosen, self.asked & chosen)

    def loss(self) -> float:
        """Return the mean cost of what is asked."""
        return float(self.nats[self.asked].mean())

    def accuracy(self) -> float:
        """Return the share of right answers among those asked."""
        return float(self.right.sum() / self.asked.sum())

    def sequence_accuracy(self) -> float:
        """Return the share of sequences without a wrong answer among those asked anything."""
        faultless = np.asarray((self.right | ~self.asked).all(axis=0))
        return float(faultless[self.asked.any(axis=0)].mean())


def class_answers(logits: NDArray[np.float64], targets: NDArray[Any]) -> Answers:
    """Judge answers that are classes: the one with the largest logit is the answer.

    Parameters
    ----------
    logits : float64 (T, B, O)
    targets : int (T, B)
        Classes, or -1 where no answer is asked.

    Returns
    -------
    Answers
        `nats` is the cross-entropy of softmax(logits).

    Examples
    --------
    >>> answers = class_answers(np.zeros((2, 1, 4)), np.array([[IGNORED], [0]]))
    >>> round(answers.loss(), 4), answers.accuracy()
    (1.3863, 1.0)
    """
    asked = np.asarray(targets != IGNORED)
    finite = np.asarray(np.isfinite(logits).all(axis=-1))  # (T, B)
    values = np.where(finite[..., None], logits, np.nan)  # a copy; inf - inf below would warn

    # log softmax = x - max - log(sum(exp(x - max))): no exponential overflows
    values -= values.max(axis=-1, keepdims=True)
    labels = np.where(asked, targets, 0)
    at_target = np.take_along_axis(values, labels[..., None], axis=-1)[..., 0]
    nats = np.log(np.exp(values).sum(axis=-1)) - at_target
    right = (values.argmax(axis=-1) == labels) & finite & asked
    return Answers(nats, right, asked)


def label_answers(logits: NDArray[np.float64], targets: NDArray[Any]) -> Answers:
    """Judge answers of several labels each: a position is right if all its labels are.

    Parameters
    ----------
    logits : float64 (T, B, O)
        A label is given where its logit is above 0.
    targets : float (T, B, O)
        0 or 1, or NaN throughout a position where no answer is asked.

    Returns
    -------
    Answers
        `nats` (T, B) is the binary cross-entropy of sigmoid(logits), averaged over the labels.

    Examples
    --------
    >>> answers = label_answers(np.array([[[5.0, -5.0]]]), np.array([[[1.0, 1.0]]]))
    >>> round(answers.loss(), 2), answers.accuracy()
    (2.51, 0.0)
    """
    asked = ~np.isnan(targets).any(axis=-1)
    finite = np.asarray(np.isfinite(logits).all(axis=-1))
    z = np.where(finite[..., None], logits, np.nan)
    # -log sigmoid(z) for 1 and -log sigmoid(-z) for 0, without an exponential that overflows
    nats = (np.maximum(z, 0) - z * targets + np.log1p(np.exp(-np.abs(z)))).mean(axis=-1)
    right = ((z > 0) == (targets == 1)).all(axis=-1) & finite & asked
    return Answers(nats, right, asked)


def squared_errors(outputs: NDArray[np.float64], targets: NDArray[Any]) -> NDArray[np.float64]:
    """Return the squared errors of the numbers that are asked, as one line.

    NaN stands where an output is not finite.

    Examples
    --------
    >>> squared_errors(np.array([[[1.0]], [[3.0]]]), np.array([[[np.nan]], [[1.0]]]))
    array([4.])
    """
    asked = ~np.isnan(targets)
    given = np.where(np.isfinite(outputs), outputs, math.nan)[asked]
    errors: NDArray[np.float64] = np.square(given - targets[asked])
    return errors
