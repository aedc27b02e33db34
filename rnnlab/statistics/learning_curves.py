"""How runs of a cell learn: the median over seeds at every evaluation, and a band."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rnnlab.statistics.runs import DIVERGED, checked, conditions_of, groups_of, in_order, with_worst

# In percent of the seeds, as in the bands of the gradient decay.
_PERCENTS = {"low": 10, "median": 50, "high": 90}


def learning_curves(
    metrics: pd.DataFrame,
    *,
    metric: str = "recall_accuracy",
    higher_is_better: bool = True,
    by: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Reduce the runs of every cell and condition to a median and a band at every evaluation.

    The band goes from the 10th to the 90th percentile of the seeds, order statistics that are not
    interpolated: with fewer than 10 seeds it spans all of them. It shows how runs scatter; it is
    no interval of the median. A run that diverged stays at its worst from there on.

    Parameters
    ----------
    metrics, metric, higher_is_better, by
        As for `rnnlab.statistics.runs_of`.

    Returns
    -------
    DataFrame
        Columns cell, those in `by`, update, metric, median, low, high, seeds. A loss may be
        infinite.

    Raises
    ------
    ValueError
        As `runs_of`.

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {
    ...         "cell": "gru",
    ...         "delay": 10,
    ...         "seed": [0, 0, 1, 1, 2, 2],
    ...         "update": [100, 200] * 3,
    ...         "recall_accuracy": [0.5, 0.75, 0.25, 1.0, 0.0, 0.125],
    ...     }
    ... )
    >>> learning_curves(metrics)[["update", "median", "low", "high"]].to_numpy().tolist()
    [[100.0, 0.25, 0.0, 0.5], [200.0, 0.75, 0.125, 1.0]]
    """
    by = conditions_of(metrics) if by is None else list(by)
    keys = ["cell", *by]
    table = checked(metrics, metric, by)
    table = table.assign(value=with_worst(table, metric, higher_is_better))
    parts = [
        _curve(group).assign(**dict(zip(keys, key, strict=True)))
        for key, group in groups_of(table, keys).items()
    ]
    columns = [*keys, "update", "metric", "median", "low", "high", "seeds"]
    if not parts:
        return pd.DataFrame(columns=columns)
    curves = pd.concat(parts, ignore_index=True).assign(metric=metric)[columns]
    return in_order(curves, metrics, [*keys, "update"])


def _curve(group: pd.DataFrame) -> pd.DataFrame:
    """Return the percentiles of one cell in one condition, by update."""
    wide = group.pivot(index="update", columns="seed", values="value")  # (updates, seeds)
    broken = group[group["status"] == DIVERGED]
    for update, seed, value in zip(broken["update"], broken["seed"], broken["value"], strict=True):
        wide.loc[wide.index >= update, seed] = value
    # a run breaks off between the evaluations of the others
    grid = set(group.loc[group["status"] != DIVERGED, "update"]) or set(broken["update"])
    wide = wide.loc[wide.index.isin(list(grid))]
    rows = [_percentiles(row[~np.isnan(row)]) for row in wide.to_numpy(np.float64)]
    return pd.DataFrame(rows, columns=[*_PERCENTS, "seeds"]).assign(update=wide.index)


def _percentiles(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, ...]:
    """Return the percentiles of some values, and how many they are.

    By the averaged inverse of the empirical distribution: 50 is the usual median, 10 mirrors 90.
    """
    ordered = np.sort(values)
    found = []
    for percent in _PERCENTS.values():
        rank, rest = divmod(len(ordered) * percent, 100)
        pair = (ordered[rank - 1], ordered[rank]) if rest == 0 else (ordered[rank],) * 2
        # the middle of infinity and a number is infinity: no difference is taken
        found.append(math.fsum(pair) / 2)
    return (*found, len(ordered))
