"""Kaplan-Meier curves of the updates until a task is solved, and their medians."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import scipy.stats
from numpy.typing import ArrayLike, NDArray

from rnnlab.statistics.intervals import require_level, success_interval
from rnnlab.statistics.run_outcomes import conditions_of, groups_of, runs_of

_CURVE = ["update", "unsolved", "ci_low", "ci_high", "at_risk"]
_HALF = 0.5 + 1e-12  # products of fractions can be a rounding error above 1/2


def kaplan_meier(updates: ArrayLike, solved: ArrayLike, *, level: float = 0.95) -> pd.DataFrame:
    """Estimate the share of runs that are still unsolved (Kaplan & Meier 1958).

    Parameters
    ----------
    updates : array_like of int (N,)
        For each run the update at which it was solved or, if it was not, its last one.
    solved : array_like of bool (N,)
    level : float
        Nominal coverage of the interval, between 0 and 1.

    Returns
    -------
    DataFrame
        A row for 0 and one for each different number of updates, in increasing order:

        - update; unsolved: share that is unsolved after it, up to the next row
        - ci_low, ci_high: pointwise interval with the logarithm of the negative logarithm
          (Kalbfleisch & Prentice 1980), as R's survival package and lifelines offer it. That one is
          not defined before the first solved run and after the last: there it is the exact interval
          of a share where all runs were watched equally long, and that of the row before otherwise.
        - at_risk: runs that were neither solved nor censored before

    Raises
    ------
    ValueError
        If there is no run, the two have different lengths, or `level` is not between 0 and 1.

    Examples
    --------
    >>> curve = kaplan_meier([100, 300, 500, 500], [True, True, False, False])
    >>> curve[["update", "unsolved", "at_risk"]].to_numpy().tolist()
    [[0.0, 1.0, 4.0], [100.0, 0.75, 4.0], [300.0, 0.5, 3.0], [500.0, 0.5, 2.0]]
    """
    require_level(level)
    when, done = np.asarray(updates, dtype=np.int64), np.asarray(solved, dtype=bool)
    if when.ndim != 1 or when.size == 0 or when.shape != done.shape:
        raise ValueError(
            f"updates and solved must be lists of the same length, one entry for each run, got "
            f"shapes {when.shape} and {done.shape}: pass both for every run"
        )
    censored = scipy.stats.CensoredData(uncensored=when[done], right=when[~done])
    curve = scipy.stats.ecdf(censored).sf
    with warnings.catch_warnings():  # from SciPy: undefined where none or all are solved
        warnings.simplefilter("ignore", RuntimeWarning)
        interval = curve.confidence_interval(level, method="log-log")
    rows = [(0, 1.0, 1.0, 1.0, len(when))]
    steps = (curve.quantiles, curve.probabilities, interval.low.probabilities,
             interval.high.probabilities)  # fmt: skip
    for update, share, low, high in zip(*steps, strict=True):
        at_risk = int((when >= update).sum())
        if share == 1:
            low, high = success_interval(at_risk, at_risk, level=level)
        elif share <= 0:
            low, high = 0.0, rows[-1][3]
            if done.all():
                high = min(high, success_interval(0, len(when), level=level)[1])
        rows.append((int(update), float(share), float(low), float(high), at_risk))
    return pd.DataFrame(rows, columns=_CURVE)


def median_updates(curve: pd.DataFrame) -> tuple[float, float, float]:
    """Return the median of a Kaplan-Meier curve with its interval (Brookmeyer & Crowley 1982).

    Parameters
    ----------
    curve : DataFrame
        Table of `kaplan_meier`.

    Returns
    -------
    median, low, high : float
        Updates after which half of the runs are solved: where `unsolved`, `ci_low` and `ci_high`
        reach 1/2, or infinity. A curve that stays at 1/2 has its median in the middle of that
        interval, like the median of an even number of runs.

    Examples
    --------
    >>> median_updates(kaplan_meier([100, 300, 400], [True, True, True]))
    (300.0, 100.0, inf)
    >>> median_updates(kaplan_meier([500] * 5, [False] * 5))  # 5 runs cannot exclude that half...
    (inf, 500.0, inf)
    >>> median_updates(kaplan_meier([500] * 6, [False] * 6))  # ... are solved by then, 6 can
    (inf, inf, inf)
    """
    times = curve["update"].to_numpy(np.float64)
    median, low, high = (
        _crossing(times, curve[name].to_numpy(np.float64))
        for name in ("unsolved", "ci_low", "ci_high")
    )
    return median, low, high


def survival_curves(
    metrics: pd.DataFrame,
    metric: str,
    *,
    higher_is_better: bool = True,
    solved: Callable[[float], bool],
    by: Sequence[str] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the Kaplan-Meier curve of every cell and condition.

    A run is solved at its first evaluation that solves the task. Censoring, and diverged runs, are
    as in `runs_of`.

    Parameters
    ----------
    metrics, metric, higher_is_better, solved, by
        As for `rnnlab.statistics.runs_of`.
    level : float
        Nominal coverage of the intervals.

    Returns
    -------
    DataFrame
        Columns cell, those in `by`, seeds, then those of `kaplan_meier`.

    Raises
    ------
    ValueError
        As `runs_of`.
    """
    by = conditions_of(metrics) if by is None else list(by)
    keys = ["cell", *by]
    runs = runs_of(metrics, metric=metric, higher_is_better=higher_is_better, solved=solved, by=by)
    parts = []
    for key, group in groups_of(runs, keys).items():
        curve = kaplan_meier(group["watched"], group["solved"], level=level)
        curve.insert(0, "seeds", len(group))
        for name, value in reversed(list(zip(keys, key, strict=True))):
            curve.insert(0, name, value)
        parts.append(curve)
    if not parts:
        return pd.DataFrame(columns=[*keys, "seeds", *_CURVE])
    return pd.concat(parts, ignore_index=True)


def _crossing(times: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return where a falling curve reaches 1/2; inf if it does not."""
    reached = np.flatnonzero(values <= _HALF)
    if reached.size == 0:
        return math.inf
    first = times[reached[0]]
    if values[reached[0]] < 1 - _HALF:
        return float(first)
    below = np.flatnonzero(values < 1 - _HALF)  # the curve is at 1/2 up to there
    return math.inf if below.size == 0 else float(first + times[below[0]]) / 2
