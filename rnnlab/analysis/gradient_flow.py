"""Decay of the gradient of a loss at the last step, by lag."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rnnlab.analysis.analysable import require_analysable
from rnnlab.analysis.backward_trace import norms_by_lag
from rnnlab.analysis.linearising import linearise, twin_of
from rnnlab.engine.protocol import Array
from rnnlab.layers.arrays import as_numbers
from rnnlab.layers.seeding import Seed, random_numbers
from rnnlab.training import SequenceModel, softmax_cross_entropy
from rnnlab.training.loss_contract import Loss, call_loss

#: Decades below its first value to which the slope of a gradient is fitted: smaller gradients have
#: no effect on learning.
FIT_DECADES = 20


def gradient_decay(
    model: SequenceModel, inputs: Array, targets: Array, loss: Loss = softmax_cross_entropy
) -> pd.DataFrame:
    """Measure dL/ds_{T-k} for every state and lag k, with the loss at the last step only.

    A loss at every step would add new error at every lag and hide the decay. The last step is that
    of the last target that is not ignored, sequence by sequence.

    Parameters
    ----------
    model : SequenceModel
        In float64: the tails underflow float32.
    inputs : array (T, B, I)
    targets : array (T, B) or (T, B, O)
        As `loss` takes them; only those of the last step count. A whole number below 0 or NaN is
        ignored.
    loss : callable
        `loss(outputs, targets) -> (value, d_outputs)`, a mean over the batch.

    Returns
    -------
    DataFrame
        state ("h", in a stack "h_l0", "h_l1"), lag (0 to T, or to where the shortest sequence
        begins), norm (mean over the batch of the Euclidean norm over units), log10_norm,
        relative_norm (norm by the norm at lag 0, or at the first lag that has a gradient for a
        state that the output does not read in the same step: see `reference_lag`). The logarithm is
        right where the norm itself is too small or too large for a float64 and says 0 or inf.

        Where there is no gradient the norm is 0 and its logarithm -inf: no path leads back, or what
        arrives cancels and is rounding alone (see `rnnlab.analysis.rounding`), as for the sLSTM's
        stabiliser. A state without a gradient at any lag has a relative norm of NaN.

    Raises
    ------
    ValueError
        If the model is in float32 or bidirectional, or all targets of a sequence are ignored.
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
        For example standard normal numbers.
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
    """Return gradients (B, H) of length 1 in uniformly distributed directions."""
    shape = (np.shape(inputs)[1], model.layer.hidden_size)
    d_end = random_numbers(rng, "final gradient", "rng")[0].standard_normal(shape)
    unit: Array = d_end / np.linalg.norm(d_end, axis=1, keepdims=True)
    return unit


def decay_table(
    model: SequenceModel, inputs: Array, d_end: Array, ends: Array | None
) -> pd.DataFrame:
    """Tabulate gradients by lag from dL/dh (B, H) after each sequence's last step `ends`."""
    along = linearise(model.layer, inputs)
    logs = norms_by_lag(along, twin_of(model.layer, inputs), d_end, ends)
    tables = []
    for state, log in zip(along.names, logs.T, strict=True):
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            numbers = {
                "norm": np.exp(log),
                "log10_norm": log / math.log(10),
                "relative_norm": np.exp(log - log[reference_lag(np.isfinite(log)) or 0]),
            }
        tables.append(pd.DataFrame({"state": state, "lag": np.arange(len(log)), **numbers}))
    return pd.concat(tables, ignore_index=True)


def loss_at_the_end(
    model: SequenceModel, inputs: Array, targets: Array, loss: Loss
) -> tuple[Array, Array]:
    """Return dL/dh of the top layer (B, H) and the step (B,), from 1 to T, after which it arises.

    The loss of each sequence is that of its own last answer: its gradient does not depend on how
    many others there are.
    """
    targets = as_numbers("targets", targets)
    ends = _last_answers(targets)
    y, _ = model.layer(inputs)
    each = np.arange(y.shape[1])
    read = np.ascontiguousarray(y[ends - 1, each])
    outputs = model.read_out(read)
    _, d_outputs = call_loss(loss, outputs, targets[ends - 1, each])
    return model.readout_gradient(read, d_outputs * len(each)), ends


def _last_answers(targets: Array) -> Array:
    """Return the number of steps up to and with the last target of each sequence (B,)."""
    counts: Array = np.asarray(~np.isnan(targets) if targets.dtype.kind == "f" else targets >= 0)
    if counts.ndim == 3:
        counts = np.asarray(counts.any(axis=2))
    silent = np.flatnonzero(~counts.any(axis=0))
    if silent.size:
        raise ValueError(
            f"every sequence must have a target that is not ignored, and sequence "
            f"{silent[0]} has none: leave it out, or measure with noise, which needs no targets"
        )
    return np.asarray(len(counts) - np.argmax(counts[::-1], axis=0))


def reference_lag(norms: Sequence[float] | Array) -> int | None:
    """Return the first lag at which a state has a gradient, the reference of relative norms.

    That is 0 for a state that the output reads in the same step, more for one that is read later,
    None for one that has no gradient at all.

    Parameters
    ----------
    norms : sequence of float
        By lag, from lag 0; NaN counts as none.

    Examples
    --------
    >>> reference_lag([1.0, 0.5]), reference_lag([0.0, 2.0, 1.0]), reference_lag([0.0, 0.0])
    (0, 1, None)
    """
    there = np.flatnonzero(np.asarray(norms, float) > 0)
    return int(there[0]) if there.size else None


def half_life(relative_norm: Sequence[float] | Array) -> float:
    """Return the first lag at which the relative norm is one half or less, in time steps.

    Parameters
    ----------
    relative_norm : sequence of float
        By lag, from lag 0.

    Returns
    -------
    float
        Counted from the `reference_lag`, interpolated in the logarithm of the norm between two
        lags; inf if it never halves, NaN if there is no gradient.

        For a state that the output reads directly, such as the LSTM's h, it is often the jump from
        lag 0 to 1, below one step: for how fast the gradient fades see `decay_half_life`.

    Examples
    --------
    >>> half_life([1.0, 0.5, 0.25]), half_life([0.0, 1.0, 0.5, 0.25])
    (1.0, 1.0)
    >>> round(half_life([0.9**k for k in range(20)]), 3)
    6.579
    >>> half_life([1.0, 1.1, 0.9])
    inf
    """
    values = np.asarray(relative_norm, float)
    start = reference_lag(values)
    if start is None:
        return math.nan
    values = values[start:]
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
    """Return the slope of log10(norm) against lag, by least squares.

    Parameters
    ----------
    log10_norm : sequence of float
        By lag, from lag 0.

    Returns
    -------
    float
        Decades a step, negative for a gradient that fades; NaN with fewer than two finite values.

    Notes
    -----
    The fit begins one lag after the first that has a gradient (`reference_lag`), since the step
    away from the output is unlike all others, and ends before the norm has lost `FIT_DECADES`
    decades. Lags without a gradient are left out. Two lags are the least: where there are not as
    many, the first lag with a gradient and the lags below that floor count as well.

    Examples
    --------
    >>> decay_per_step([0.0, -2.0, -4.0]), decay_per_step([0.0, -1.0, -1.5, -2.0])
    (-2.0, -0.5)
    """
    values = np.asarray(log10_norm, float)
    lags = np.flatnonzero(np.isfinite(values))
    if lags.size < 2:
        return math.nan
    deep = np.flatnonzero(values[lags] < values[lags[0]] - FIT_DECADES)
    stop = max(int(deep[0]) if deep.size else lags.size, 3)
    fitted = lags[1:stop] if lags.size > 2 else lags
    x, y = fitted - fitted.mean(), values[fitted] - values[fitted].mean()
    return float(x @ y / (x @ x))


def decay_half_life(log10_norm: Sequence[float] | Array) -> float:
    """Return the steps in which the gradient halves at the slope of `decay_per_step`.

    Parameters
    ----------
    log10_norm : sequence of float
        By lag, from lag 0.

    Returns
    -------
    float
        inf for a gradient that does not fade, NaN with fewer than two finite values.

    Examples
    --------
    >>> import numpy as np
    >>> round(decay_half_life(np.log10([1.0] + [0.3 * 0.9**k for k in range(20)])), 3)
    6.579
    """
    slope = decay_per_step(log10_norm)
    return math.inf if slope >= 0 else -math.log10(2) / slope
