"""Gradients traced back through time with their scale as a logarithm, without under- or overflow.

In float64 a gradient that loses a decade a step is 0 after 308 steps. Here every sequence's
gradient is rescaled to size 1 at every step, and the logarithm of its scale is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from rnnlab.analysis.linearisation import Linearised, Paths
from rnnlab.analysis.rounding import known_logs, may_be_rounding
from rnnlab.engine.protocol import Array


def trace_back(
    along: Linearised,
    d_end: Array,
    *,
    state: int | None = None,
    ends: Sequence[int] | Array | None = None,
    paths: Paths = "all",
) -> Iterator[tuple[list[Array], Array]]:
    """Follow gradients from the end of a sequence to its beginning.

    Parameters
    ----------
    along : Linearised
    d_end : array (..., B, H)
        dL/d state at the end; leading axes hold several gradients at a time.
    state : int, optional
        Index of that state in `along.names`; by default that of the output.
    ends : sequence of int (B,), optional
        The step, from 1 to T, at whose end each sequence's gradient starts; T by default.
    paths : "all", "cut" or "direct"
        The paths that count.

    Yields
    ------
    gradients : list of array (..., B, H)
        For slot T, then T-1 down to 0, dL/ds of every state in the order of `along.names`, without
        the scale. A state is a node: paths within the step to other states count, except from the
        initial states in slot 0, which no step computes.
    log_scale : array (..., B)
        The natural logarithm of the scale.
    """
    place = along.output_state if state is None else state
    starts = np.full(along.batch, along.steps) if ends is None else np.asarray(ends)
    seeds = [np.zeros(d_end.shape) for _ in along.names]
    log_scale = np.zeros(d_end.shape[:-1])
    for t in reversed(range(along.steps)):
        # a gradient that has not started yet is 0, with a scale of 1
        seeds[place] = seeds[place] + np.where((starts == t + 1)[:, None], d_end, 0.0)
        nodes, seeds = along.pull(t, seeds, paths)
        yield nodes, log_scale
        seeds, change = _rescaled(seeds)
        log_scale = log_scale + change
    yield seeds, log_scale


def norms_by_lag(
    along: Linearised,
    twin: Callable[[], Linearised],
    d_end: Array,
    ends: Sequence[int] | Array | None = None,
    **options: Any,
) -> Array:
    """Return the size of gradients at every lag, without those that are rounding alone.

    Parameters
    ----------
    along : Linearised
    twin : callable
        Returns the same sequences with an error in every operation (`linearise(rounding=)`). It is
        called where a gradient is so small that it may be rounding.
    d_end, ends, options
        As for `trace_back`.

    Returns
    -------
    array (lags, states)
        The logarithm of the mean over the batch of the Euclidean norm over units, -inf where there
        is no gradient; as many lags as the shortest sequence has.
    """
    last = np.full(along.batch, along.steps) if ends is None else np.asarray(ends)

    def over_batch(by_slot: list[Array]) -> Array:
        """Return (lags, states) of (states, B) for each slot from T down."""
        lags = np.arange(last.min() + 1)
        at = last - lags[:, None], slice(None), np.arange(along.batch)
        by_lag = np.stack(by_slot[::-1])[at]  # (lags, B, states)
        return np.stack([log_mean(by_lag[:, :, k]) for k in range(by_lag.shape[2])], axis=1)

    def norms(vectors: list[Array], scale: Array) -> Array:
        return np.stack([log_norm(vector) for vector in vectors]) + scale

    def trace(parts: Linearised) -> Iterator[tuple[list[Array], Array]]:
        return trace_back(parts, d_end, ends=ends, **options)

    logs = over_batch([norms(gradients, scale) for gradients, scale in trace(along)])
    if not may_be_rounding(logs):
        return logs
    errors = []
    for (gradients, scale), (others, other) in zip(trace(along), trace(twin()), strict=True):
        factor = np.exp(other - scale)[..., None]
        pairs = zip(gradients, others, strict=True)
        errors.append(norms([another * factor - one for one, another in pairs], scale))
    return known_logs(logs, over_batch(errors))


def _rescaled(arrays: list[Array]) -> tuple[list[Array], Array]:
    """Divide by the largest number over states and units; return its logarithm (..., B) too."""
    largest = np.max([np.abs(array).max(axis=-1) for array in arrays], axis=0)
    largest = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    return [array / largest[..., None] for array in arrays], np.log(largest)


def log_norm(vectors: Array, axis: int = -1) -> Array:
    """Return the natural logarithm of Euclidean norms, without underflow; -inf for a 0.

    Examples
    --------
    >>> log_norm(np.array([3e-200, 4e-200])).round(6) == np.log(5e-200).round(6)
    np.True_
    """
    largest = np.abs(vectors).max(axis=axis, keepdims=True)
    scale = np.where(largest > 0, largest, 1.0)  # squares of numbers below 1e-154 underflow
    norms = np.sqrt(np.square(vectors / scale).sum(axis=axis))
    with np.errstate(divide="ignore"):
        result: Array = np.log(norms) + np.log(np.squeeze(scale, axis))
    return result


def log_mean(logs: Array, axis: int = -1) -> Array:
    """Return the logarithm of the mean of numbers from their logarithms.

    Examples
    --------
    >>> float(log_mean(np.array([-2000.0, -2000.0]))), float(log_mean(np.array([-np.inf])))
    (-2000.0, -inf)
    """
    largest = np.max(logs, axis=axis, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        inner = np.where(np.isneginf(logs), 0.0, np.exp(logs - largest))
        result: Array = np.squeeze(largest, axis) + np.log(inner.mean(axis=axis))
    return result
