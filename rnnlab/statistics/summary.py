"""Outcomes of the runs of one cell in one condition, a row of a summary."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from rnnlab.statistics.intervals import NO_INTERVAL, is_share, mean_interval
from rnnlab.statistics.run_outcomes import runs_of


def summarise_condition(
    evaluations: pd.DataFrame,
    metric: str,
    *,
    solved: Callable[[float], bool],
    others: Sequence[str] = (),
    undefined: float = math.nan,
) -> dict[str, float]:
    """Summarise the runs of one cell under one condition, a row of a study's summary.csv.

    Values are those of the last evaluation of each run.

    Parameters
    ----------
    evaluations : DataFrame
        One row an evaluation, in any order: cell, seed, update, `metric`, those in `others`, and
        a column `status` that says "diverged" where a run broke off. It is not modified.
    metric : str
        The column that the study is judged by.
    solved : callable
        From a value of `metric` to whether it solves the task.
    others : sequence of str
        Further columns whose means are wanted.
    undefined : float
        What a run counts with that diverged and has no value of `metric`.

    Returns
    -------
    dict of str to float
        - seeds: number of runs
        - the metric: mean, with its 95 % interval ci_low, ci_high where it is an accuracy
          (`mean_interval`), else NaN
        - the means of `others`
        - solved_share: share of the runs that are solved at some evaluation
        - updates_to_solve: median number of updates until solved. An unsolved run counts as later
          than every solved one, so the median is inf where half of the runs or more are unsolved;
          with all runs equally long that is the median with right-censoring, which a mean over
          the successes is not.

    Raises
    ------
    ValueError
        If a column is missing, an evaluation comes twice, or a run that did not diverge has NaN.

    Examples
    --------
    >>> evaluations = pd.DataFrame(
    ...     {
    ...         "cell": "gru",
    ...         "seed": [0, 0, 1, 1],
    ...         "update": [100, 200, 100, 200],
    ...         "accuracy": [0.5, 1.0, 0.25, 0.5],
    ...     }
    ... )
    >>> found = summarise_condition(evaluations, "accuracy", solved=lambda value: value >= 0.99)
    >>> found["accuracy"], found["solved_share"], found["updates_to_solve"]
    (0.75, 0.5, inf)
    """

    def answered(value: float) -> bool:
        return math.isfinite(value) and solved(value)

    runs = runs_of(evaluations, metric=metric, solved=answered, by=())  # in the order of the seeds
    values = runs["value"].where(np.isfinite(runs["value"]), undefined)
    low, high = mean_interval(values) if is_share(metric) else NO_INTERVAL
    last = evaluations.sort_values(["seed", "update"]).groupby("seed").tail(1)
    return {
        "seeds": len(runs),
        metric: float(values.mean()),
        "ci_low": low,
        "ci_high": high,
        **{name: float(last[name].mean()) for name in others},
        "solved_share": float(runs["solved"].mean()),
        "updates_to_solve": float(np.median(runs["watched"].where(runs["solved"], math.inf))),
    }
