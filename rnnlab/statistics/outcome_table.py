"""Table of outcomes: every cell in every condition, with intervals, and over all conditions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from rnnlab.diverged import is_accuracy
from rnnlab.statistics.intervals import NO_INTERVAL, mean_interval, success_interval
from rnnlab.statistics.run_outcomes import conditions_of, defined, groups_of, mean_value, runs_of
from rnnlab.statistics.survival import kaplan_meier, median_updates

_COLUMNS = (
    *("metric", "seeds", "diverged", "mean", "mean_low", "mean_high"),
    *("solved", "success_rate", "success_low", "success_high"),
    *("updates_to_solve", "updates_low", "updates_high"),
)


def outcomes(
    metrics: pd.DataFrame,
    metric: str,
    *,
    higher_is_better: bool = True,
    solved: Callable[[float], bool],
    by: Sequence[str] | None = None,
    level: float = 0.95,
    undefined: float = math.nan,
) -> pd.DataFrame:
    """Return the outcome of every cell in every condition, over its runs.

    Parameters
    ----------
    metrics, metric, higher_is_better, solved, by
        As for `rnnlab.statistics.runs_of`.
    level : float
        Coverage of the intervals.
    undefined : float
        Score of an answer without a model, such as the chance level of the task, which counts in a
        mean for a diverged run without a value (`rnnlab.diverged`); by default it counts as
        infinitely bad.

    Returns
    -------
    DataFrame
        Cells in the order of first appearance. The columns are cell, those in `by`, metric, then

        - seeds: number of runs; diverged: number of diverged runs
        - mean: of `metric` at the last evaluation, over all runs; mean_low, mean_high: its interval
          where the metric is an accuracy (`mean_interval`), else NaN
        - solved: number of runs; success_rate, success_low, success_high: their share with
          its interval (`success_interval`)
        - updates_to_solve, updates_low, updates_high: Kaplan-Meier median with its interval,
          with unsolved runs right-censored; infinity where it was not reached

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
    >>> row = outcomes(metrics, "recall_accuracy", solved=lambda accuracy: accuracy >= 0.99).iloc[0]
    >>> f"{row['solved']} of {row['seeds']}, {row['success_low']:.2f} to {row['success_high']:.2f}"
    '2 of 5, 0.05 to 0.85'
    >>> f"{row['mean']:.2f} ({row['mean_low']:.2f} to {row['mean_high']:.2f})"
    '0.78 (0.33 to 0.96)'
    """
    by = conditions_of(metrics) if by is None else list(by)
    runs = runs_of(metrics, metric=metric, higher_is_better=higher_is_better, solved=solved, by=by)
    rows = []
    for key, group in groups_of(runs, ["cell", *by]).items():
        values, successes = defined(group, undefined), int(group["solved"].sum())
        low, high = mean_interval(values, level=level) if is_accuracy(metric) else NO_INTERVAL
        success_low, success_high = success_interval(successes, len(group), level=level)
        curve = kaplan_meier(group["watched"], group["solved"], level=level)
        median, earliest, latest = median_updates(curve)
        rows.append(
            dict(zip(["cell", *by], key, strict=True))
            | {
                "metric": metric,
                "seeds": len(group),
                "diverged": int(group["diverged"].sum()),
                "mean": mean_value(group, undefined),
                "mean_low": low,
                "mean_high": high,
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


def overall(outcomes: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the result of every cell over all conditions that every cell has.

    Parameters
    ----------
    outcomes : DataFrame
        Table of `outcomes`.
    by : sequence of str
        The settings that make a condition.

    Returns
    -------
    DataFrame
        Columns cell, metric, conditions, runs; mean: that of the means, with equal weights for all
        conditions; solved: number of runs. Empty if no condition is common to all cells.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {
    ...         "cell": ["gru", "gru", "rnn", "rnn"],
    ...         "delay": [10, 20, 10, 20],
    ...         "metric": "accuracy",
    ...         "seeds": 5,
    ...         "mean": [1.0, 0.5, 0.5, 0.125],
    ...         "solved": [5, 2, 2, 0],
    ...     }
    ... )
    >>> overall(table, ["delay"])[["cell", "runs", "mean", "solved"]].to_numpy().tolist()
    [['gru', 10, 0.75, 7], ['rnn', 10, 0.3125, 2]]
    """
    cells = outcomes["cell"].nunique()
    common = [rows for rows in groups_of(outcomes, by).values() if rows["cell"].nunique() == cells]
    columns = ["cell", "metric", "conditions", "runs", "mean", "solved"]
    if not common:
        return pd.DataFrame(columns=columns)
    rows = [
        (
            cell,
            own["metric"].iloc[0],
            len(own),
            own["seeds"].sum(),
            np.mean(own["mean"].to_numpy()),
            own["solved"].sum(),
        )
        for (cell,), own in groups_of(pd.concat(common).sort_index(), ["cell"]).items()
    ]
    return pd.DataFrame(rows, columns=columns)
