"""Losses on the readout, each with its gradient; positions where no answer is asked are left out.

An integer target of -1 (`IGNORED`) or a float target of NaN marks such a position: it adds nothing
to the loss, its gradient is 0, and what the readout says there may be anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rnnlab.engine.protocol import Array
from rnnlab.layers.arrays import as_array, as_integers, as_numbers

#: The class that stands where no answer is asked; its counterpart among floats is NaN.
IGNORED = -1

Loss = Callable[..., tuple[float, Array]]


def softmax_cross_entropy(
    logits: Array, targets: Array, weights: Array | None = None
) -> tuple[float, Array]:
    """Mean cross-entropy of softmax(logits) against class numbers, over the positions asked.

    Parameters
    ----------
    logits : array (..., O)
    targets : int array (...)
        Classes 0 to O-1, or -1 where no answer is asked.
    weights : array (...) or (B,), optional
        How much each position counts, or each sequence (B, the axis before O): the mean is
        sum(w * nats) / sum(w), as PyTorch weighs.

    Returns
    -------
    loss : float
        In nats, averaged over positions, summed in float64.
    d_logits : array (..., O)
        In the dtype of `logits`.

    Raises
    ------
    ValueError
        If the shapes do not match, a class does not exist or no answer is asked at all.

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
            f"targets must be classes 0 to {classes - 1}, or {IGNORED} where none is asked, got "
            f"{low} to {high}: enlarge the readout's output_size"
        )
    rows, labels = logits.reshape(-1, classes), targets.reshape(-1)
    asked = None if low >= 0 else labels != IGNORED
    asked, shares = _shares(asked, weights, targets.shape)
    if asked is not None:
        rows, labels = rows[asked], labels[asked]

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
    return loss, _scatter(gradient, asked).reshape(logits.shape)


def binary_cross_entropy(
    logits: Array, targets: Array, weights: Array | None = None
) -> tuple[float, Array]:
    """Mean cross-entropy of sigmoid(logits) against 0 and 1, over the numbers asked (multi-label).

    For a logit z and a target y: max(z, 0) - z y + log(1 + exp(-|z|)), which overflows nowhere.

    Parameters
    ----------
    logits : array (..., O)
    targets : array (..., O)
        Between 0 and 1, or NaN where no answer is asked.
    weights : array (...) or (B,), optional
        As for `softmax_cross_entropy`; a position's weight goes to all of its numbers.

    Returns
    -------
    loss : float
        In nats, averaged over numbers, summed in float64.
    d_logits : array (..., O)

    Raises
    ------
    ValueError
        If the shapes do not match, a target lies outside 0..1 or no answer is asked at all.

    Examples
    --------
    >>> import numpy as np
    >>> loss, d = binary_cross_entropy(np.zeros((1, 2)), np.array([[1.0, np.nan]]))
    >>> round(loss, 4), d.tolist()
    (0.6931, [[-0.5, 0.0]])
    """
    z, y, asked, shares = _numbers(logits, targets, weights)
    outside = (y < 0) | (y > 1)
    if outside.any():
        raise ValueError(
            f"targets must lie within 0 and 1, got {y[outside][0]:g}: "
            "1 where the label holds, 0 where it does not, NaN where nobody knows"
        )
    with np.errstate(invalid="ignore"):  # infinities become a loss of NaN
        small = np.exp(-np.abs(z))
        nats = np.maximum(z, 0) - z * y + np.log1p(small)
    gradient = np.where(z >= 0, 1, small) / (1 + small)  # sigmoid(z)
    gradient -= y
    loss = _average(nats, gradient, shares)
    return loss, _scatter(gradient, asked).reshape(logits.shape)


def mean_squared_error(
    outputs: Array, targets: Array, weights: Array | None = None
) -> tuple[float, Array]:
    """Mean of (outputs - targets)^2 over the numbers asked.

    Parameters
    ----------
    outputs : array (..., O)
    targets : array (..., O)
        NaN where no answer is asked.
    weights : array (...) or (B,), optional
        As for `softmax_cross_entropy`; a position's weight goes to all of its numbers.

    Returns
    -------
    loss : float
        Summed in float64.
    d_outputs : array (..., O)

    Raises
    ------
    ValueError
        If the shapes do not match or no answer is asked at all.

    Examples
    --------
    >>> import numpy as np
    >>> mean_squared_error(np.array([[1.0, 3.0, 5.0]]), np.array([[1.0, 1.0, np.nan]]))
    (2.0, array([[0., 2., 0.]]))
    """
    found, wanted, asked, shares = _numbers(outputs, targets, weights)
    difference = found - wanted
    squares = np.square(difference, dtype=np.float64)
    difference *= 2
    loss = _average(squares, difference, shares)
    return loss, _scatter(difference, asked).reshape(outputs.shape)


LOSSES: dict[str, Loss] = {
    "cross-entropy": softmax_cross_entropy,
    "binary-cross-entropy": binary_cross_entropy,
    "mean-squared-error": mean_squared_error,
}


def call_loss(loss: Any, outputs: Array, targets: Any, weights: Any = None) -> tuple[float, Array]:
    """Call a loss, the package's or a user's own, and return what `check_result` returns.

    Examples
    --------
    >>> call_loss(lambda o, t: ((o - t).sum(), np.ones(2)), np.ones(2, np.float32), np.zeros(2))
    (2.0, array([1., 1.], dtype=float32))
    """
    if not callable(loss):
        names = ", ".join(function.__name__ for function in LOSSES.values())
        raise TypeError(
            f"loss must be a function, got {type(loss).__name__} {loss!r}: pass one such as {names}"
        )
    given = {} if weights is None else {"weights": weights}
    return check_result(loss, loss(outputs, targets, **given), outputs)


def check_result(loss: Loss, result: Any, outputs: Array) -> tuple[float, Array]:
    """Check what a loss returned on `outputs`.

    Returns
    -------
    value : float
    d_outputs : array
        In the dtype of `outputs`: a gradient in float64, as of float64 targets, is cast. NaN and
        infinities are kept: the caller sees them.

    Raises
    ------
    TypeError
        If the result is something else than a number and an array.
    ValueError
        If the gradient has another shape than `outputs`, or entries are masked.
    """
    named = getattr(loss, "func", loss)  # that of a functools.partial
    name = f"the loss {getattr(named, '__name__', type(named).__name__)}"
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        count = f" of {len(result)}" if isinstance(result, (tuple, list)) else ""
        raise TypeError(
            f"{name} must return (value, d_outputs), got {type(result).__name__}{count}: "
            "return a number and its gradient in every output"
        )
    value, gradient = result
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = as_array(f"the value that {name} returned", value)[()]
    if not isinstance(value, (int, float, np.integer, np.floating)) or isinstance(value, bool):
        kind = type(value).__name__
        found = f"{kind} of shape {value.shape}" if isinstance(value, np.ndarray) else kind
        raise TypeError(f"{name} must return a number as its value, got {found}: use float(value)")
    label = f"the gradient that {name} returned"
    d_outputs = as_numbers(label, gradient, "iuf")
    if d_outputs.shape != outputs.shape:
        raise ValueError(
            f"{label} must have the shape of the outputs, {outputs.shape}, got {d_outputs.shape}: "
            "return dL/d outputs, one number for every output"
        )
    if d_outputs.dtype != outputs.dtype:
        with np.errstate(over="ignore"):  # to infinity, which the caller sees
            d_outputs = d_outputs.astype(outputs.dtype)
    return float(value), d_outputs


def where_asked(targets: Array) -> Array:
    """Return where the targets ask for an answer, a bool for each of them."""
    asked: Array = targets != IGNORED if targets.dtype.kind in "iu" else ~np.isnan(targets)
    return asked


def asks_nothing(targets: Array) -> bool:
    """Say whether no position of the targets asks for an answer.

    Examples
    --------
    >>> asks_nothing(np.array([-1, -1])), asks_nothing(np.array([np.nan, 1.0]))
    (True, False)
    """
    return not where_asked(targets).any()


def _outputs(name: str, value: Array) -> Array:
    """Return what a loss is of: an array of floats with at least one axis."""
    array = as_numbers(name, value, "f")
    if array.ndim == 0:
        raise ValueError(f"{name} must have an axis of outputs, got shape (): use {name}[None]")
    return array


def _numbers(
    outputs: Array, targets: Array, weights: Array | None
) -> tuple[Array, Array, Array | None, Array | None]:
    """Return outputs and targets where they are asked, flat, and what `_shares` returns."""
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
            "scale them, or put NaN where no answer is asked"
        )
    missing = np.isnan(wanted)
    asked = ~missing if missing.any() else None
    asked, shares = _shares(asked, weights, outputs.shape[:-1], outputs.shape[-1])
    if asked is not None:
        found, wanted = found[asked], wanted[asked]
    return found, wanted, asked, shares


def _shares(
    asked: Array | None, weights: Array | None, positions: tuple[int, ...], width: int = 1
) -> tuple[Array | None, Array | None]:
    """Return which entries count and the share of each of them in the mean.

    Parameters
    ----------
    asked : bool array (N,), optional
        All if left out.
    weights : array, optional
    positions : tuple of int
        The shape (..., B) of the positions.
    width : int
        Entries at each position; N = width * the number of positions.

    Returns
    -------
    asked : bool array (N,) or None
        None: all of them.
    shares : float64 array (n,) or None
        Of those that are asked; None: equal shares.
    """
    shares = None
    if weights is not None:
        shares = np.repeat(_checked_weights(weights, positions).reshape(-1), width)
        asked = shares > 0 if asked is None else asked & (shares > 0)
        shares = shares[asked]
        shares /= shares.sum() or 1
    if not (math.prod(positions) if asked is None else asked.any()):
        raise ValueError(
            f"targets must ask for one answer at least, got {IGNORED}, NaN or a weight of 0 at all "
            f"{math.prod(positions)} positions: leave such a batch out"
        )
    return asked, shares


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
            "0 leaves a position out, 1 is what all have without weights"
        )
    return np.broadcast_to(weights, positions)


def _average(values: Array, gradient: Array, shares: Array | None) -> float:
    """Return the mean of `values` (n,) and scale `gradient` (n, ...) in place to be its own."""
    if shares is None:
        gradient /= len(values)
        return float(values.mean(dtype=np.float64))
    gradient *= shares.reshape(-1, *[1] * (gradient.ndim - 1)).astype(gradient.dtype)
    return float((values * shares).sum())


def _scatter(rows: Array, asked: Array | None) -> Array:
    """Return an array of all entries: `rows` where they are asked, 0 elsewhere."""
    if asked is None:
        return rows
    whole = np.zeros((len(asked), *rows.shape[1:]), rows.dtype)
    whole[asked] = rows
    return whole
