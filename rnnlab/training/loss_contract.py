"""The contract of losses: a number and its gradient in every output, checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rnnlab.engine.protocol import Array
from rnnlab.layers.arrays import as_array, as_numbers

#: `loss(outputs, targets[, weights]) -> (value, d_outputs)`.
Loss = Callable[..., tuple[float, Array]]


def call_loss(loss: Any, outputs: Array, targets: Any, weights: Any = None) -> tuple[float, Array]:
    """Call a loss, of rnnlab or a user's own, and check its result with `check_result`.

    Examples
    --------
    >>> call_loss(lambda o, t: ((o - t).sum(), np.ones(2)), np.ones(2, np.float32), np.zeros(2))
    (2.0, array([1., 1.], dtype=float32))
    """
    if not callable(loss):
        raise TypeError(
            f"loss must be a function, got {type(loss).__name__} {loss!r}: pass one such as "
            "softmax_cross_entropy, binary_cross_entropy, mean_squared_error"
        )
    given = {} if weights is None else {"weights": weights}
    return check_result(loss, loss(outputs, targets, **given), outputs)


def check_result(loss: Loss, result: Any, outputs: Array) -> tuple[float, Array]:
    """Return the result of a loss on `outputs`, checked.

    Returns
    -------
    value : float
    d_outputs : array
        In the dtype of `outputs`: a float64 gradient, from float64 targets for instance, is cast.
        NaN and infinities are kept: the caller checks for them.

    Raises
    ------
    TypeError
        If the result is not a number and an array.
    ValueError
        If the gradient has another shape than `outputs`, or entries are masked.
    """
    named = getattr(loss, "func", loss)  # the function of a functools.partial
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
        with np.errstate(over="ignore"):  # the caller checks for infinities
            d_outputs = d_outputs.astype(outputs.dtype)
    return float(value), d_outputs
