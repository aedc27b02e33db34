"""How the gradient of a loss at the last step fades on its way back."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rnnlab.engine.protocol import Array
from rnnlab.training import SequenceModel, softmax_cross_entropy


def gradient_decay(model: SequenceModel, inputs: Array, targets: Array) -> pd.DataFrame:
    """Measure dL/ds_{T-k} for every state and lag k, with the loss at the last step only.

    A loss at every step would feed fresh error into every lag and hide the decay.

    Parameters
    ----------
    model : SequenceModel
        In float64: the tails underflow float32.
    inputs : array (T, B, I)
    targets : int array (T, B)
        Only those of the last step count; the loss is their cross-entropy.

    Returns
    -------
    DataFrame
        state, lag (0 to T), norm (mean over the batch of the Euclidean norm over units),
        log10_norm, relative_norm (norm by the norm at lag 0). A norm that has vanished to 0 has
        log10_norm -inf.
    """
    if model.layer.dtype != "float64":
        raise ValueError(
            f"gradient decay is measured in float64, got a {model.layer.dtype} model: "
            'use model.astype("float64")'
        )
    tape = model.layer.forward(inputs)
    steps, batch, units = tape.output.shape
    last = np.ascontiguousarray(tape.output[-1])
    _, d_logits = softmax_cross_entropy(model.read_out(last), targets[-1])
    d_output = np.zeros((steps, batch, units))
    # The mean over the batch divides every sequence's gradient by B: taken back here, so that the
    # norm of one sequence's gradient does not depend on how many others there are.
    d_output[-1] = (d_logits * batch) @ model.readout_weight
    gradients = model.layer.backward(tape, d_output, through_time=True, input_gradient=False)
    tables = []
    for state, over_time in gradients.states().items():
        norm = _mean_norm(over_time)[::-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            log10 = np.log10(norm)
            relative = norm / norm[0]
        tables.append(
            pd.DataFrame(
                {
                    "state": state,
                    "lag": np.arange(steps + 1),
                    "norm": norm,
                    "log10_norm": log10,
                    "relative_norm": relative,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _mean_norm(over_time: Array) -> Array:
    """Mean over the batch of the norm over units, (T+1, B, H) to (T+1,), without underflow."""
    largest = np.abs(over_time).max(axis=(1, 2), keepdims=True)
    scale = np.where(largest > 0, largest, 1.0)  # squares of numbers below 1e-154 underflow
    norms = np.sqrt(np.square(over_time / scale).sum(axis=2))
    result: Array = norms.mean(axis=1) * scale[:, 0, 0]
    return result


def half_life(relative_norm: Sequence[float] | Array) -> float:
    """Return the first lag at which the relative norm is one half or less, in time steps.

    Parameters
    ----------
    relative_norm : sequence of float
        By lag, from lag 0.

    Returns
    -------
    float
        Interpolated in the logarithm of the norm between two lags; inf if it never halves.

    Examples
    --------
    >>> half_life([1.0, 0.5, 0.25])
    1.0
    >>> round(half_life([0.9**k for k in range(20)]), 3)
    6.579
    >>> half_life([1.0, 1.1, 0.9])
    inf
    """
    values = np.asarray(relative_norm, float)
    below = np.flatnonzero(values <= 0.5)
    if not below.size:
        return math.inf
    lag = int(below[0])
    if lag == 0:
        return 0.0
    if values[lag] == 0:
        return float(lag)
    before, after = math.log(values[lag - 1]), math.log(values[lag])
    return lag - 1 + (before - math.log(0.5)) / (before - after)


def decay_per_step(log10_norm: Sequence[float] | Array) -> float:
    """Return the slope of log10(norm) against lag, by least squares over the finite values.

    Parameters
    ----------
    log10_norm : sequence of float
        By lag, from lag 0.

    Returns
    -------
    float
        Decades a step, negative for a gradient that fades; NaN with fewer than two finite values.

    Examples
    --------
    >>> decay_per_step([0.0, -2.0, -4.0])
    -2.0
    """
    values = np.asarray(log10_norm, float)
    lags = np.arange(values.size)
    finite = np.isfinite(values)
    if finite.sum() < 2:
        return math.nan
    x, y = lags[finite] - lags[finite].mean(), values[finite] - values[finite].mean()
    return float(x @ y / (x @ x))
