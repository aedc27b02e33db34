"""Summary of the runs of one cell in one condition: a row of summary.csv."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from rnnlab.diverged import as_without_model, is_accuracy
from rnnlab.statistics.intervals import NO_INTERVAL, mean_interval
from rnnlab.statistics.run_outcomes import runs_of


def summarise_condition(
    evaluations: pd.DataFrame,
    metric: str,
    *,
    solved: Callable[[float], bool],
    higher_is_better: bool = True,
    others: Sequence[str] = (),
    undefined: float = math.nan,
) -> dict[str, float]:
    """Summarise the runs of one cell in one condition: a row of summary.csv.

    Values are those of the last evaluation of each run.

    Parameters
    ----------
    evaluations : DataFrame
        A row for each evaluation, in any order: cell, seed, update, `metric`, those in `others`,
        and a column `status` that is "diverged" in the last row of a diverged run. It is not
        modified.
    metric : str
        The headline metric, a column.
    solved : callable
        From a value of `metric` to whether it solves the task.
    higher_is_better : bool
        False for a loss.
    others : sequence of str
        Further columns to average.
    undefined : float
        Score of an answer without a model, for diverged runs without a value (`rnnlab.diverged`).

    Returns
    -------
    dict of str to float
        - seeds: number of runs
        - the metric: mean, with its 95 % interval ci_low, ci_high where it is an accuracy
          (`mean_interval`), else NaN
        - the means of `others`
        - solved_share: share of the runs that solve the task at some evaluation
        - updates_to_solve: median number of updates until solved. An unsolved run counts as later
          than every solved one, so the median is inf where half of the runs or more are unsolved;
          with all runs equally long that is the median with right-censoring, which a mean over
          the successes is not.

    Raises
    ------
    ValueError
        If a column is missing, an evaluation is there twice, or a run that did not diverge has NaN.

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
    runs = runs_of(  # in the order of the seeds
        evaluations, metric, higher_is_better=higher_is_better, solved=solved, by=()
    )
    values = pd.Series(as_without_model(runs["value"], undefined))
    low, high = mean_interval(values) if is_accuracy(metric) else NO_INTERVAL
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
