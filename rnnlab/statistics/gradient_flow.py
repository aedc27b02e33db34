"""Summaries of gradient flow: half-lives and decay over seeds, and bands of the figure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.statistics._percentiles import PERCENTS, percentile
from rnnlab.statistics._tables import in_order_of_cells, require_columns, require_unique
from rnnlab.statistics.intervals import median_interval

_KEYS = ["cell", "phase", "state"]
OK, NO_GRADIENT, DIVERGED = "ok", "no gradient", "diverged"
#: The columns of a summary.
SUMMARY = [
    *(*_KEYS, "seeds", "half_life", "ci_low", "ci_high", "log10_decay_per_step"),
    *("decay_half_life", "decay_low", "decay_high", "reference_lag", "status"),
]
Curve = NDArray[np.float64]


def summarise_gradient_flow(
    gradients: pd.DataFrame,
    half_life: Callable[[Curve], float],
    decay_per_step: Callable[[Curve], float],
) -> pd.DataFrame:
    """Summarise how fast gradients decay, for every cell, phase and state over its seeds.

    Parameters
    ----------
    gradients : DataFrame
        Columns cell, seed, phase, state, lag, log10_norm, relative_norm; others are ignored.
        The lags of a curve run from 0 without a gap. It is not modified.
    half_life : callable
        From the relative norms by lag, float64 (lags,), to the lag in steps at which half is left,
        or inf (`rnnlab.analysis.half_life`).
    decay_per_step : callable
        From log10 of the norms by lag, float64 (lags,), to its slope per step
        (`rnnlab.analysis.decay_per_step`).

    Returns
    -------
    DataFrame
        All numbers are medians over the seeds that have a gradient:

        - cell, phase, state; seeds: the number of those
        - half_life (steps), the first lag at which half is left, with its interval ci_low, ci_high
        - log10_decay_per_step
        - decay_half_life (steps), the half-life that this slope means, inf for a gradient that
          does not fade, with its interval decay_low, decay_high
        - reference_lag: the first lag that has a gradient, the reference of relative norms: above 0
          for a state that the output does not read in the same step
        - status: "ok"; "no gradient" for a state whose gradient is 0 at every lag; "diverged" where
          the norms are not numbers. Unless it is "ok", `seeds` is 0 and the numbers are NaN

        Intervals are of 95 % (`median_interval`): NaN with fewer than 6 seeds.

        Cells are in the order of first appearance, and phases and states within a cell likewise.

    Raises
    ------
    ValueError
        If a column is missing, a row comes twice or a curve lacks a lag.

    Examples
    --------
    >>> gradients = pd.DataFrame(
    ...     {
    ...         "cell": "rnn",
    ...         "seed": 0,
    ...         "phase": "init",
    ...         "state": "h",
    ...         "lag": [0, 1, 2],
    ...         "log10_norm": [-1.0, -2.0, -3.0],
    ...         "relative_norm": [1.0, 0.1, 0.01],
    ...     }
    ... )
    >>> last = summarise_gradient_flow(gradients, np.min, np.max).iloc[0]
    >>> [float(last[name]) for name in ("half_life", "log10_decay_per_step")]
    [0.01, -1.0]
    >>> round(float(last["decay_half_life"]), 3)
    0.301
    """
    _check(gradients)
    rows = []
    for key, group in gradients.sort_values("lag", kind="stable").groupby(_KEYS, sort=False):
        lives, slopes, first, said = [], [], [], []
        for _, curve in group.groupby("seed"):
            relative = curve["relative_norm"].to_numpy(np.float64)
            log10 = curve["log10_norm"].to_numpy(np.float64)
            said.append(_status(log10))
            if said[-1] == OK:
                lives.append(float(half_life(relative)))
                slopes.append(float(decay_per_step(log10)))
                first.append(int(np.argmax(np.isfinite(log10))))
        slope, *steepest = _median(slopes)
        numbers = [*_median(lives), slope, *map(_halving, (slope, *steepest))]
        reference = max(first, default=math.nan)
        rows.append((*key, len(lives), *numbers, reference, _of_all(said)))
    table = in_order_of_cells(pd.DataFrame(rows, columns=SUMMARY), gradients)
    if table["reference_lag"].isna().any():  # whole numbers and gaps in one column
        whole = [lag if math.isnan(lag) else int(lag) for lag in table["reference_lag"]]
        table["reference_lag"] = pd.Series(whole, dtype=object)
    return table


def _median(values: list[float]) -> tuple[float, float, float]:
    """Return the median of the values that are not NaN, with its interval."""
    known = [value for value in values if not math.isnan(value)]
    return (float(np.median(known)), *median_interval(known)) if known else (math.nan,) * 3


def _halving(slope: float) -> float:
    """Return the steps in which a norm halves that changes by `slope` decades per step."""
    return math.inf if slope >= 0 else -math.log10(2) / slope


def _status(log10: Curve) -> str:
    """Return the status of a curve: with a gradient, all zeros, or with NaN."""
    if np.isnan(log10).any():
        return DIVERGED
    return NO_GRADIENT if np.isneginf(log10).all() else OK


def _of_all(said: list[str]) -> str:
    """Return the best status of several curves."""
    return next(status for status in (OK, NO_GRADIENT, DIVERGED) if status in said)


def decay_bands(gradients: pd.DataFrame) -> pd.DataFrame:
    """Reduce the curves of all seeds to a median and a band at every lag, for the figure.

    The relative norm is computed from the logarithms: log10_norm minus its value at the first lag
    of the curve that has a gradient. So are the means of two middle seeds, which are geometric, for
    a log axis. The band goes from the 10th to the 90th percentile of the seeds, without
    interpolation; with fewer than 10 seeds it spans all of them.

    Parameters
    ----------
    gradients : DataFrame
        Columns cell, seed, phase, state, lag, log10_norm; others are ignored. The lags of a
        curve run from 0 without a gap. It is not modified.

    Returns
    -------
    DataFrame
        Columns cell, phase, state, lag, median, low, high, seeds, reference_lag, status; median,
        low and high are relative norms. A norm of 0 is a relative norm of 0. NaN, and lags before
        the first that has a gradient, are left out, lag by lag, and `seeds` is the number of those
        that remain: where it is 0 the others are NaN. reference_lag and status as in
        `summarise_gradient_flow`.

    Raises
    ------
    ValueError
        If a column is missing, a row comes twice or a curve lacks a lag.

    Examples
    --------
    >>> gradients = pd.DataFrame(
    ...     {
    ...         "cell": "rnn",
    ...         "seed": [0, 0, 1, 1, 2, 2],
    ...         "phase": "init",
    ...         "state": "h",
    ...         "lag": [0, 1] * 3,
    ...         "log10_norm": [0.0, -1.0, 5.0, 3.0, 1.0, -4.0],
    ...     }
    ... )
    >>> decay_bands(gradients)[["median", "low", "high"]].iloc[1].round(6).tolist()
    [0.01, 1e-05, 0.1]
    """
    _check(gradients, needs_relative=False)
    parts = []
    for key, group in gradients.groupby(_KEYS, sort=False):
        log10 = group.pivot(index="lag", columns="seed", values="log10_norm")  # (lags, seeds)
        curves = log10.to_numpy(np.float64)
        start = np.isfinite(curves).argmax(axis=0)
        before = np.arange(len(curves))[:, None] < start
        with np.errstate(invalid="ignore"):  # 0 / 0, in logarithms: NaN is the answer
            curves = curves - curves[start, np.arange(curves.shape[1])]
        said = [_status(curve) for curve in log10.to_numpy(np.float64).T]
        curves = np.sort(np.where(before, np.nan, curves), axis=1)  # NaN comes last
        counts = (~np.isnan(curves)).sum(axis=1)
        part: dict[str, Any] = dict(zip(_KEYS, key, strict=True)) | {"lag": log10.index}
        for name, percent in PERCENTS.items():
            with np.errstate(over="ignore"):
                part[name] = 10.0 ** percentile(curves, counts, percent)
        first = [int(lag) for lag, status in zip(start, said, strict=True) if status == OK]
        part |= {"reference_lag": max(first, default=math.nan), "status": _of_all(said)}
        parts.append(pd.DataFrame(part | {"seeds": counts}))
    columns = [*_KEYS, "lag", *PERCENTS, "seeds", "reference_lag", "status"]
    if not parts:
        return pd.DataFrame(columns=columns)
    return in_order_of_cells(pd.concat(parts, ignore_index=True)[columns], gradients)


def _check(gradients: pd.DataFrame, needs_relative: bool = True) -> None:
    curve = [*_KEYS, "seed"]
    norms = ["log10_norm", "relative_norm"] if needs_relative else ["log10_norm"]
    require_columns(gradients, "gradients", [*curve, "lag", *norms])
    require_unique(gradients, "gradients", [*curve, "lag"], "keep the rows of one run only")
    extent = gradients.groupby(curve)["lag"].agg(["min", "max", "count"])
    gaps = extent[(extent["min"] != 0) | (extent["max"] != extent["count"] - 1)]
    if len(gaps):
        which = ", ".join(map(str, gaps.index[0]))
        raise ValueError(
            f"lags must run from 0 without a gap, got {extent.loc[gaps.index[0]].to_dict()} "
            f"for {which}: pass every lag of a curve"
        )
