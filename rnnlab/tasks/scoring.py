"""Scores of answers, in float64, over the positions where an answer is required.

An output that is not finite never counts as right: argmax over NaN returns a class, and a diverged
model would score by accident.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Class of a target whose position is ignored; among numbers it is NaN.
IGNORED = -1


@dataclass(frozen=True)
class Answers:
    """The answers to one batch, position by position.

    Attributes
    ----------
    nats : float64 (T, B) or (T, B, O)
        Cross-entropy of each answer; NaN where the output is not finite.
    right : bool (T, B)
        Whether the answer is right; False at ignored positions.
    required : bool (T, B)
        Whether an answer is required; False at ignored positions.
    """

    nats: NDArray[np.float64]
    right: NDArray[np.bool_]
    required: NDArray[np.bool_]

    def at(self, where: slice | NDArray[np.bool_]) -> Answers:
        """Return the answers at some steps or positions; the others are ignored."""
        chosen = np.zeros_like(self.required)
        chosen[where] = True
        return Answers(self.nats, self.right & chosen, self.required & chosen)

    def loss(self) -> float:
        """Return the mean cross-entropy."""
        return float(self.nats[self.required].mean())

    def accuracy(self) -> float:
        """Return the share of answers that are right."""
        return float(self.right.sum() / self.required.sum())

    def sequence_accuracy(self) -> float:
        """Return the share of sequences without a wrong answer, of those that require any."""
        faultless = np.asarray((self.right | ~self.required).all(axis=0))
        return float(faultless[self.required.any(axis=0)].mean())


def class_answers(logits: NDArray[np.float64], targets: NDArray[Any]) -> Answers:
    """Score answers that are classes: the answer is the class with the largest logit.

    Parameters
    ----------
    logits : float64 (T, B, O)
    targets : int (T, B)
        Classes; -1 at ignored positions.

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
    required = np.asarray(targets != IGNORED)
    finite = np.asarray(np.isfinite(logits).all(axis=-1))  # (T, B)
    values = np.where(finite[..., None], logits, np.nan)  # a copy; inf - inf below would warn

    # log softmax = x - max - log(sum(exp(x - max))): no exponential overflows
    values -= values.max(axis=-1, keepdims=True)
    labels = np.where(required, targets, 0)
    at_target = np.take_along_axis(values, labels[..., None], axis=-1)[..., 0]
    nats = np.log(np.exp(values).sum(axis=-1)) - at_target
    right = (values.argmax(axis=-1) == labels) & finite & required
    return Answers(nats, right, required)


def label_answers(logits: NDArray[np.float64], targets: NDArray[Any]) -> Answers:
    """Score answers of several labels each: a position is right if all its labels are.

    Parameters
    ----------
    logits : float64 (T, B, O)
        A label is given where its logit is above 0.
    targets : float (T, B, O)
        0 or 1; NaN for all labels of an ignored position.

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
    required = ~np.isnan(targets).any(axis=-1)
    finite = np.asarray(np.isfinite(logits).all(axis=-1))
    z = np.where(finite[..., None], logits, np.nan)
    # -log sigmoid(z) for 1 and -log sigmoid(-z) for 0, without an exponential that overflows
    nats = (np.maximum(z, 0) - z * targets + np.log1p(np.exp(-np.abs(z)))).mean(axis=-1)
    right = ((z > 0) == (targets == 1)).all(axis=-1) & finite & required
    return Answers(nats, right, required)


def squared_errors(outputs: NDArray[np.float64], targets: NDArray[Any]) -> NDArray[np.float64]:
    """Return the squared errors where a number is required, as a 1-D array.

    The error is NaN where the output is not finite.

    Examples
    --------
    >>> squared_errors(np.array([[[1.0]], [[3.0]]]), np.array([[[np.nan]], [[1.0]]]))
    array([4.])
    """
    required = ~np.isnan(targets)
    finite = np.where(np.isfinite(outputs), outputs, math.nan)[required]
    errors: NDArray[np.float64] = np.square(finite - targets[required])
    return errors
