"""How the gradient of a loss at the last step fades on its way back."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rnnlab.analysis.linearised import linearise, require_analysable
from rnnlab.analysis.tracing import log_mean, log_norm, trace_back
from rnnlab.engine.protocol import Array
from rnnlab.layers.arrays import as_numbers
from rnnlab.layers.seeding import Seed, random_numbers
from rnnlab.training import SequenceModel, softmax_cross_entropy
from rnnlab.training.losses import Loss, call_loss


def gradient_decay(
    model: SequenceModel, inputs: Array, targets: Array, loss: Loss = softmax_cross_entropy
) -> pd.DataFrame:
    """Measure dL/ds_{T-k} for every state and lag k, with the loss at the last step only.

    A loss at every step would feed fresh error into every lag and hide the decay. The last step is
    the last one that asks for an answer, sequence by sequence.

    Parameters
    ----------
    model : SequenceModel
        In float64: the tails underflow float32.
    inputs : array (T, B, I)
    targets : array (T, B) or (T, B, O)
        As `loss` takes them; only those of the last step count. A whole number below 0 or NaN asks
        for nothing.
    loss : callable
        `loss(outputs, targets) -> (value, d_outputs)`, a mean over the batch.

    Returns
    -------
    DataFrame
        state ("h", in a stack "h_l0", "h_l1"), lag (0 to T, or to where the shortest sequence
        begins), norm (mean over the batch of the Euclidean norm over units), log10_norm,
        relative_norm (norm by the norm at lag 0). The logarithm is right where the norm itself is
        too small or too large for a float64 and says 0 or inf; it is -inf where no path leads back.
        What cancels exactly on paper, as for the sLSTM's stabiliser, is left with its rounding.

    Raises
    ------
    ValueError
        If the model is in float32 or bidirectional, or a sequence asks for nothing.
    """
    require_analysable(model.layer)
    d_end, ends = loss_at_the_end(model, inputs, targets, loss)
    return decay_table(model, inputs, d_end, ends)


def noise_decay(model: SequenceModel, inputs: Array, rng: Seed = None) -> pd.DataFrame:
    """Measure the decay of a random gradient at the last step, with no task and no loss.

    Parameters
    ----------
    model : SequenceModel
    inputs : array (T, B, I)
        Such as standard normal numbers.
    rng : int or numpy.random.Generator, optional
        Seed of dL/dh_T: a direction for each sequence, of length 1. If left out, fresh entropy.

    Returns
    -------
    DataFrame
        As `gradient_decay`.
    """
    require_analysable(model.layer)
    return decay_table(model, inputs, random_ends(model, inputs, rng), None)


def random_ends(model: SequenceModel, inputs: Array, rng: Seed) -> Array:
    """Return gradients (B, H) of length 1 in directions drawn evenly."""
    shape = (np.shape(inputs)[1], model.layer.hidden_size)
    d_end = random_numbers(rng, "final gradient", "rng")[0].standard_normal(shape)
    unit: Array = d_end / np.linalg.norm(d_end, axis=1, keepdims=True)
    return unit


def decay_table(
    model: SequenceModel, inputs: Array, d_end: Array, ends: Array | None
) -> pd.DataFrame:
    """Tabulate gradients by lag from dL/dh (B, H) after each sequence's last step `ends`."""
    along = linearise(model.layer, inputs)
    last = np.full(along.batch, along.steps) if ends is None else ends
    logs = [  # by slot from T down: for each state (B,)
        np.stack([log_norm(gradient) for gradient in gradients]) + scale
        for gradients, scale in trace_back(along, d_end, ends=last)
    ]
    by_slot = np.stack(logs[::-1])  # (T+1, states, B)
    lags = np.arange(last.min() + 1)
    by_lag = by_slot[last - lags[:, None], :, np.arange(along.batch)]  # (lags, B, states)
    tables = []
    for number, state in enumerate(along.names):
        log = log_mean(by_lag[:, :, number])
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            numbers = {
                "norm": np.exp(log),
                "log10_norm": log / math.log(10),
                "relative_norm": np.exp(log - log[0]),
            }
        tables.append(pd.DataFrame({"state": state, "lag": lags, **numbers}))
    return pd.concat(tables, ignore_index=True)


def loss_at_the_end(
    model: SequenceModel, inputs: Array, targets: Array, loss: Loss
) -> tuple[Array, Array]:
    """Return dL/dh of the top layer (B, H) and the step (B,), from 1 to T, after which it arises.

    The loss of each sequence is that of its own last answer: its gradient does not depend on how
    many others there are.
    """
    targets = as_numbers("targets", targets)
    ends = _last_asked(targets)
    y, _ = model.layer(inputs)
    each = np.arange(y.shape[1])
    outputs = model.read_out(np.ascontiguousarray(y[ends - 1, each]))
    _, d_outputs = call_loss(loss, outputs, targets[ends - 1, each])
    return (d_outputs * len(each)) @ model.readout_weight, ends


def _last_asked(targets: Array) -> Array:
    """Return for each sequence (B,) the number of steps up to its last target, itself included."""
    asked: Array = np.asarray(~np.isnan(targets) if targets.dtype.kind == "f" else targets >= 0)
    if asked.ndim == 3:
        asked = np.asarray(asked.any(axis=2))
    silent = np.flatnonzero(~asked.any(axis=0))
    if silent.size:
        raise ValueError(
            f"every sequence must ask for an answer, got none in sequence {silent[0]}: leave it "
            "out, or measure with noise, which needs no targets"
        )
    return np.asarray(len(asked) - np.argmax(asked[::-1], axis=0))


def half_life(relative_norm: Sequence[float] | Array) -> float:
    """Return the first lag at which the relative norm is one half or less, in time steps.

    Parameters
    ----------
    relative_norm : sequence of float
        By lag, from lag 0.

    Returns
    -------
    float
        Interpolated in the logarithm of the norm between two lags; inf if it never halves, NaN if
        it is unknown at lag 0, as for a gradient that is 0 there.

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
    if values.size and np.isnan(values[0]):
        return math.nan
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
