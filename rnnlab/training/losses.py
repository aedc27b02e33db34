"""Losses on the readout, each with its gradient; ignored positions are left out.

An integer target of -1 (`IGNORED`) or a float target of NaN marks a position as ignored: it adds
nothing to the loss, its gradient is 0, and the output there may have any value.
"""

from __future__ import annotations

import math

import numpy as np

from rnnlab.engine.protocol import Array
from rnnlab.layers.arrays import as_array, as_integers, as_numbers
from rnnlab.training.loss_contract import Loss
from rnnlab.training.targets import IGNORED


def softmax_cross_entropy(
    logits: Array, targets: Array, weights: Array | None = None
) -> tuple[float, Array]:
    """Mean cross-entropy of softmax(logits) against class numbers, over the positions not ignored.

    Parameters
    ----------
    logits : array (..., O)
    targets : int array (...)
        Classes 0 to O-1, or -1 where ignored.
    weights : array (...) or (B,), optional
        Weight of each position, or of each sequence (B, the axis before O): the mean is
        sum(w * nats) / sum(w), as in PyTorch.

    Returns
    -------
    loss : float
        In nats, averaged over positions, summed in float64.
    d_logits : array (..., O)
        In the dtype of `logits`.

    Raises
    ------
    ValueError
        If the shapes do not match, a class does not exist or all positions are ignored.

    Examples
    --------
    >>> import numpy as np
    >>> loss, d = softmax_cross_entropy(np.zeros((2, 4)), np.array([2, -1]))
    >>> round(loss, 4), d.tolist()
    (1.3863, [[0.25, 0.25, -0.75, 0.25], [0.0, 0.0, 0.0, 0.0]])
    """
    logits, targets = _outputs("logits", logits), as_array("targets", targets)
    if targets.shape != logits.shape[:-1]:
        raise ValueError(
            f"targets must have shape {logits.shape[:-1]}, got {targets.shape}: "
            "one class for every position of the logits"
        )
    targets = as_integers("targets", targets, "use targets.astype(int)")
    classes = logits.shape[-1]
    low, high = (targets.min(), targets.max()) if targets.size else (0, 0)
    if low < IGNORED or high >= classes:
        raise ValueError(
            f"targets must be classes 0 to {classes - 1}, or {IGNORED} where ignored, got "
            f"{low} to {high}: enlarge the readout's output_size"
        )
    rows, labels = logits.reshape(-1, classes), targets.reshape(-1)
    counted = None if low >= 0 else labels != IGNORED
    counted, shares = _shares(counted, weights, targets.shape)
    if counted is not None:
        rows, labels = rows[counted], labels[counted]

    with np.errstate(over="ignore", invalid="ignore"):  # infinities become a loss of NaN
        shifted = rows - rows.max(axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=-1, keepdims=True)
    positions = np.arange(len(labels))
    nats = np.log(sums[:, 0]) - shifted[positions, labels]
    gradient = exponentials
    gradient /= sums
    gradient[positions, labels] -= 1
    loss = _average(nats, gradient, shares)
    return loss, _scatter(gradient, counted).reshape(logits.shape)


def binary_cross_entropy(
    logits: Array, targets: Array, weights: Array | None = None
) -> tuple[float, Array]:
    """Mean cross-entropy of sigmoid(logits) against 0 and 1, over the numbers not ignored (labels).

    For a logit z and a target y: max(z, 0) - z y + log(1 + exp(-|z|)), which does not overflow.

    Parameters
    ----------
    logits : array (..., O)
    targets : array (..., O)
        Between 0 and 1, or NaN where ignored.
    weights : array (...) or (B,), optional
        As for `softmax_cross_entropy`; all numbers of a position have its weight.

    Returns
    -------
    loss : float
        In nats, averaged over numbers, summed in float64.
    d_logits : array (..., O)

    Raises
    ------
    ValueError
        If the shapes do not match, a target is outside 0..1 or all of them are ignored.

    Examples
    --------
    >>> import numpy as np
    >>> loss, d = binary_cross_entropy(np.zeros((1, 2)), np.array([[1.0, np.nan]]))
    >>> round(loss, 4), d.tolist()
    (0.6931, [[-0.5, 0.0]])
    """
    z, y, counted, shares = _numbers(logits, targets, weights)
    outside = (y < 0) | (y > 1)
    if outside.any():
        raise ValueError(
            f"targets must be within 0 and 1, got {y[outside][0]:g}: "
            "1 where the label applies, 0 where it does not, NaN where it is unknown"
        )
    with np.errstate(invalid="ignore"):  # infinities become a loss of NaN
        small = np.exp(-np.abs(z))
        nats = np.maximum(z, 0) - z * y + np.log1p(small)
    gradient = np.where(z >= 0, 1, small) / (1 + small)  # sigmoid(z)
    gradient -= y
    loss = _average(nats, gradient, shares)
    return loss, _scatter(gradient, counted).reshape(logits.shape)


def mean_squared_error(
    outputs: Array, targets: Array, weights: Array | None = None
) -> tuple[float, Array]:
    """Mean of (outputs - targets)^2 over the numbers not ignored.

    Parameters
    ----------
    outputs : array (..., O)
    targets : array (..., O)
        NaN where ignored.
    weights : array (...) or (B,), optional
        As for `softmax_cross_entropy`; all numbers of a position have its weight.

    Returns
    -------
    loss : float
        Summed in float64.
    d_outputs : array (..., O)

    Raises
    ------
    ValueError
        If the shapes do not match or all targets are ignored.

    Examples
    --------
    >>> import numpy as np
    >>> mean_squared_error(np.array([[1.0, 3.0, 5.0]]), np.array([[1.0, 1.0, np.nan]]))
    (2.0, array([[0., 2., 0.]]))
    """
    found, wanted, counted, shares = _numbers(outputs, targets, weights)
    difference = found - wanted
    squares = np.square(difference, dtype=np.float64)
    difference *= 2
    loss = _average(squares, difference, shares)
    return loss, _scatter(difference, counted).reshape(outputs.shape)


LOSSES: dict[str, Loss] = {
    "cross-entropy": softmax_cross_entropy,
    "binary-cross-entropy": binary_cross_entropy,
    "mean-squared-error": mean_squared_error,
}


def _outputs(name: str, value: Array) -> Array:
    """Return the outputs of a model, checked: an array of floats with at least one axis."""
    array = as_numbers(name, value, "f")
    if array.ndim == 0:
        raise ValueError(f"{name} must have an axis of outputs, got shape (): use {name}[None]")
    return array


def _numbers(
    outputs: Array, targets: Array, weights: Array | None
) -> tuple[Array, Array, Array | None, Array | None]:
    """Return outputs and targets that are not ignored, flat, and what `_shares` returns."""
    outputs, targets = _outputs("outputs", outputs), as_numbers("targets", targets)
    if targets.shape != outputs.shape:
        raise ValueError(
            f"targets must have shape {outputs.shape}, got {targets.shape}: "
            "one number for every output"
        )
    found, wanted = outputs.reshape(-1), targets.reshape(-1)
    if wanted.dtype != outputs.dtype:
        with np.errstate(over="ignore"):  # refused in the next line
            wanted = wanted.astype(outputs.dtype)
    if np.isinf(wanted).any():
        first = targets.reshape(-1)[np.isinf(wanted)][0]
        raise ValueError(
            f"targets must be finite in {outputs.dtype}, got {first:g}: "
            "scale them, or use NaN to ignore a target"
        )
    missing = np.isnan(wanted)
    counted = ~missing if missing.any() else None
    counted, shares = _shares(counted, weights, outputs.shape[:-1], outputs.shape[-1])
    if counted is not None:
        found, wanted = found[counted], wanted[counted]
    return found, wanted, counted, shares


def _shares(
    counted: Array | None, weights: Array | None, positions: tuple[int, ...], width: int = 1
) -> tuple[Array | None, Array | None]:
    """Return which entries count and the share of each of them in the mean.

    Parameters
    ----------
    counted : bool array (N,), optional
        Entries that are not ignored; all if left out.
    weights : array, optional
    positions : tuple of int
        The shape (..., B) of the positions.
    width : int
        Entries at each position; N = width * the number of positions.

    Returns
    -------
    counted : bool array (N,) or None
        None: all of them.
    shares : float64 array (n,) or None
        Shares of the entries that count; None: equal shares.
    """
    shares = None
    if weights is not None:
        shares = np.repeat(_checked_weights(weights, positions).reshape(-1), width)
        counted = shares > 0 if counted is None else counted & (shares > 0)
        shares = shares[counted]
        shares /= shares.sum() or 1
    if not (math.prod(positions) if counted is None else counted.any()):
        raise ValueError(
            f"targets must have at least one answer, got {IGNORED}, NaN or a weight of 0 at all "
            f"{math.prod(positions)} positions: leave such a batch out"
        )
    return counted, shares


def _checked_weights(weights: Array, positions: tuple[int, ...]) -> Array:
    """Return the weight of every position in float64."""
    weights = as_numbers("weights", weights).astype(np.float64)
    if weights.shape not in (positions, positions[-1:]):
        raise ValueError(
            f"weights must have shape {positions} or {positions[-1:]}, got {weights.shape}: "
            "one for every position, or one for every sequence"
        )
    if not (np.isfinite(weights) & (weights >= 0)).all():
        worst = weights[~(np.isfinite(weights) & (weights >= 0))][0]
        raise ValueError(
            f"weights must be finite and at least 0, got {worst:g}: "
            "0 leaves a position out, 1 is the weight without weights"
        )
    return np.broadcast_to(weights, positions)


def _average(values: Array, gradient: Array, shares: Array | None) -> float:
    """Return the mean of `values` (n,) and scale `gradient` (n, ...) in place to be its own."""
    if shares is None:
        gradient /= len(values)
        return float(values.mean(dtype=np.float64))
    gradient *= shares.reshape(-1, *[1] * (gradient.ndim - 1)).astype(gradient.dtype)
    return float((values * shares).sum())


def _scatter(rows: Array, counted: Array | None) -> Array:
    """Return an array of all entries: `rows` where they count, 0 elsewhere."""
    if counted is None:
        return rows
    whole = np.zeros((len(counted), *rows.shape[1:]), rows.dtype)
    whole[counted] = rows
    return whole
