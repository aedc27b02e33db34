"""Summaries of gradient-flow runs: half-lives and decay over seeds, and bands for the figure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.statistics._percentiles import PERCENTS, percentile
from rnnlab.statistics._tables import in_order_of_cells, require_columns, require_unique
from rnnlab.statistics.intervals import median_interval

_KEYS = ["cell", "phase", "state"]


def summarise_gradient_flow(
    gradients: pd.DataFrame,
    half_life: Callable[[NDArray[np.float64]], float],
    decay_per_step: Callable[[NDArray[np.float64]], float],
) -> pd.DataFrame:
    """Summarise how fast gradients decay, for every cell, phase and state over its seeds.

    Parameters
    ----------
    gradients : DataFrame
        Columns cell, seed, phase, state, lag, log10_norm, relative_norm; others are not looked at.
        The lags of a curve run from 0 without a gap. It is not modified.
    half_life : callable
        From the relative norms by lag, float64 (lags,), to the lag in steps at which half is left;
        inf where that is never the case (`rnnlab.analysis.half_life`).
    decay_per_step : callable
        From log10 of the norms by lag, float64 (lags,), to its slope per step
        (`rnnlab.analysis.decay_per_step`).

    Returns
    -------
    DataFrame
        Columns cell, phase, state, seeds, half_life, ci_low, ci_high, log10_decay_per_step: the
        half-life in steps as the median over seeds, with its 95 % interval (`median_interval`:
        NaN with fewer than 6), and the median decay. A curve that holds NaN has no half-life: it
        is left out and `seeds` counts the others; where none is left, `seeds` is 0 and the numbers
        are NaN.

        Cells in the order of their first appearance; so are phases and states within a cell.

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
    >>> last = summarise_gradient_flow(gradients, np.min, np.ptp).iloc[0]
    >>> float(last["half_life"]), float(last["log10_decay_per_step"])
    (0.01, 2.0)
    """
    _check(gradients)
    rows = []
    for key, group in gradients.sort_values("lag", kind="stable").groupby(_KEYS, sort=False):
        lives, decays = [], []
        for _, curve in group.groupby("seed"):
            relative = curve["relative_norm"].to_numpy(np.float64)
            log10 = curve["log10_norm"].to_numpy(np.float64)
            if not (np.isnan(relative).any() or np.isnan(log10).any()):
                lives.append(float(half_life(relative)))
                decays.append(float(decay_per_step(log10)))
        if lives:
            numbers = (
                float(np.median(lives)),
                *median_interval(lives),
                float(np.median(decays)),
            )
        else:
            numbers = (np.nan,) * 4
        rows.append((*key, len(lives), *numbers))
    columns = [*_KEYS, "seeds", "half_life", "ci_low", "ci_high", "log10_decay_per_step"]
    return in_order_of_cells(pd.DataFrame(rows, columns=columns), gradients)


def decay_bands(gradients: pd.DataFrame) -> pd.DataFrame:
    """Reduce the curves of all seeds to a median and a band at every lag, for the figure.

    The relative norm is taken from the logarithms, log10_norm minus its value at lag 0, and so are
    the means of two middle seeds: they are geometric, as befits a log axis. The band goes from the
    10th to the 90th percentile of the seeds, order statistics that are not interpolated; with
    fewer than 10 seeds it spans all of them.

    Parameters
    ----------
    gradients : DataFrame
        Columns cell, seed, phase, state, lag, log10_norm; others are not looked at. The lags of a
        curve run from 0 without a gap. It is not modified.

    Returns
    -------
    DataFrame
        Columns cell, phase, state, lag, median, low, high, seeds; median, low and high are
        relative norms. A norm of 0 is a relative norm of 0. NaN is left out, lag by lag, and
        `seeds` counts the numbers that are there: where it is 0 the others are NaN.

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
        with np.errstate(invalid="ignore"):  # 0 / 0, in logarithms: NaN is the answer
            curves = np.sort(curves - curves[0], axis=1)  # NaN comes last
        counts = (~np.isnan(curves)).sum(axis=1)
        part: dict[str, Any] = dict(zip(_KEYS, key, strict=True)) | {"lag": log10.index}
        for name, percent in PERCENTS.items():
            with np.errstate(over="ignore"):
                part[name] = 10.0 ** percentile(curves, counts, percent)
        parts.append(pd.DataFrame(part | {"seeds": counts}))
    columns = [*_KEYS, "lag", *PERCENTS, "seeds"]
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
