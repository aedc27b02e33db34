"""What every cell came to in every condition, and over all of them, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from rnnlab.statistics.interquartile import interquartile_interval, interquartile_mean
from rnnlab.statistics.intervals import success_interval
from rnnlab.statistics.runs import conditions_of, groups_of, runs_of, sample
from rnnlab.statistics.survival import kaplan_meier, median_updates

_COLUMNS = (
    *("metric", "seeds", "diverged", "iqm", "iqm_low", "iqm_high"),
    *("solved", "success_rate", "success_low", "success_high"),
    *("updates_to_solve", "updates_low", "updates_high"),
)


def outcomes(
    metrics: pd.DataFrame,
    *,
    metric: str = "recall_accuracy",
    higher_is_better: bool = True,
    solved: Callable[[float], bool],
    by: Sequence[str] | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Return what every cell came to in every condition, over its runs.

    Parameters
    ----------
    metrics, metric, higher_is_better, solved, by
        As for `rnnlab.statistics.runs_of`.
    level : float
        Nominal coverage of the intervals.
    seed : int
        Of the resampling: the same table and seed give the same intervals.

    Returns
    -------
    DataFrame
        Cells in the order of first appearance. Columns cell, those in `by`, metric, then

        - seeds: number of runs; diverged: how many of them did
        - iqm, iqm_low, iqm_high: interquartile mean of `metric` at the last evaluation, with its
          bootstrap interval; infinity where too many runs diverged to leave them out
        - solved: number of runs; success_rate, success_low, success_high: their share with
          Wilson's interval
        - updates_to_solve, updates_low, updates_high: Kaplan-Meier median with its interval,
          unsolved runs being right-censored; infinity where it was not seen

    Raises
    ------
    ValueError
        As `runs_of`; if `level` is not between 0 and 1.

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {
    ...         "cell": "gru",
    ...         "delay": 10,
    ...         "seed": [0, 1, 2, 3, 4],
    ...         "update": 100,
    ...         "recall_accuracy": [0.2, 1.0, 0.9, 1.0, 0.8],
    ...     }
    ... )
    >>> row = outcomes(metrics, solved=lambda accuracy: accuracy >= 0.99).iloc[0]
    >>> f"{row['solved']} of {row['seeds']}, {row['success_low']:.2f} to {row['success_high']:.2f}"
    '2 of 5, 0.12 to 0.77'
    >>> f"{row['iqm']:.3f}"  # of .8, .9 and 1
    '0.900'
    """
    by = conditions_of(metrics) if by is None else list(by)
    runs = runs_of(metrics, metric=metric, higher_is_better=higher_is_better, solved=solved, by=by)
    rows = []
    for key, group in groups_of(runs, ["cell", *by]).items():
        values, successes = sample(group), int(group["solved"].sum())
        low, high = interquartile_interval([values], level=level, seed=seed)
        success_low, success_high = success_interval(successes, len(group), level=level)
        curve = kaplan_meier(group["updates"], group["solved"], level=level)
        median, earliest, latest = median_updates(curve)
        rows.append(
            dict(zip(["cell", *by], key, strict=True))
            | {
                "metric": metric,
                "seeds": len(group),
                "diverged": int(group["diverged"].sum()),
                "iqm": interquartile_mean([values]),
                "iqm_low": low,
                "iqm_high": high,
                "solved": successes,
                "success_rate": successes / len(group),
                "success_low": success_low,
                "success_high": success_high,
                "updates_to_solve": median,
                "updates_low": earliest,
                "updates_high": latest,
            }
        )
    return pd.DataFrame(rows, columns=["cell", *by, *_COLUMNS])


def overall(
    metrics: pd.DataFrame,
    *,
    metric: str = "recall_accuracy",
    higher_is_better: bool = True,
    by: Sequence[str] | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the interquartile mean of every cell over all conditions that every cell has.

    Parameters
    ----------
    metrics, metric, higher_is_better, by, level, seed
        As for `outcomes`.

    Returns
    -------
    DataFrame
        Columns cell, metric, conditions, runs, iqm, iqm_low, iqm_high; the interval is of the
        stratified bootstrap, a stratum a condition. Empty if no condition is common to all.

    Raises
    ------
    ValueError
        As `outcomes`.
    """
    by = conditions_of(metrics) if by is None else list(by)
    runs = runs_of(metrics, metric=metric, higher_is_better=higher_is_better, by=by)
    samples = {
        cell: {key: sample(group) for key, group in groups_of(own, by).items()}
        for (cell,), own in groups_of(runs, ["cell"]).items()
    }
    common = [
        key for key in groups_of(runs, by) if all(key in strata for strata in samples.values())
    ]
    rows = []
    for cell, own in samples.items() if common else ():
        strata = [own[key] for key in common]
        low, high = interquartile_interval(strata, level=level, seed=seed)
        count = sum(map(len, strata))
        rows.append((cell, metric, len(common), count, interquartile_mean(strata), low, high))
    columns = ["cell", "metric", "conditions", "runs", "iqm", "iqm_low", "iqm_high"]
    return pd.DataFrame(rows, columns=columns)
