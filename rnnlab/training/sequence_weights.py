"""Sequence weights whose effect does not depend on the composition of a batch."""

from __future__ import annotations

import functools

import numpy as np

from rnnlab.engine.protocol import Array
from rnnlab.layers.arrays import as_numbers
from rnnlab.training.loss_contract import Loss, check_result
from rnnlab.training.targets import where_answered


def per_answer(loss: Loss) -> Loss:
    """Return a loss that divides by the number of answers: sum(w * l) / n.

    The losses of this package divide by the sum of the weights, as PyTorch does. Over one set of
    data that is a weighted mean; in training by batches a weight is then relative to the others of
    its batch, and cancels in a batch of one sequence. Divided by n, and with weights whose mean is
    1, every answer counts with its weight in any batch, and the loss keeps the size that it has
    without weights.

    Parameters
    ----------
    loss : callable
        `loss(outputs, targets[, weights]) -> (value, d_outputs)`, a mean weighted by w / sum(w).

    Returns
    -------
    callable
        A loss of the same form; without weights it is the same loss.

    Examples
    --------
    >>> from rnnlab.training import mean_squared_error
    >>> outputs, targets = np.array([[2.0]]), np.array([[0.0]])
    >>> mean_squared_error(outputs, targets, np.array([3.0]))[0]
    4.0
    >>> per_answer(mean_squared_error)(outputs, targets, np.array([3.0]))
    (12.0, array([[12.]]))
    """

    @functools.wraps(loss)
    def weighed(
        outputs: Array, targets: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        if weights is None:
            return loss(outputs, targets)
        value, d_outputs = check_result(loss, loss(outputs, targets, weights), outputs)
        mean = _mean_weight(weights, as_numbers("targets", targets), outputs.shape[:-1])
        return value * mean, d_outputs * d_outputs.dtype.type(mean)

    return weighed


def _mean_weight(weights: Array, targets: Array, positions: tuple[int, ...]) -> float:
    """Return the mean weight of the answers that are not ignored, of weights (...) or (B,)."""
    spread = np.broadcast_to(as_numbers("weights", weights).astype(np.float64), positions)
    if targets.ndim > spread.ndim:  # numbers (..., O), not classes (...)
        spread = spread[..., None]
    return float(np.broadcast_to(spread, targets.shape)[where_answered(targets)].mean())
