"""Learning curves: the median over seeds at every evaluation, and a band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rnnlab.diverged import DIVERGED
from rnnlab.statistics._percentiles import PERCENTS, percentile
from rnnlab.statistics.run_outcomes import (
    checked,
    conditions_of,
    groups_of,
    in_order,
    with_worst,
)

# Settings that decide when runs are evaluated; the others do not.
_SCHEDULE = ("updates", "evaluate_every")


def learning_curves(
    metrics: pd.DataFrame,
    metric: str,
    *,
    higher_is_better: bool = True,
    by: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Reduce the runs of every cell and condition to a median and a band at every evaluation.

    The band goes from the 10th to the 90th percentile of the seeds, without interpolation: with
    fewer than 10 seeds it spans all of them. It shows the scatter of runs and is not an interval of
    the median. A run that diverged stays at its worst value up to the last evaluation of the other
    runs of its cell and condition and, if all of these diverged, of the study.

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
    >>> curves = learning_curves(metrics, "recall_accuracy")
    >>> curves[["update", "median", "low", "high"]].to_numpy().tolist()
    [[100.0, 0.25, 0.0, 0.5], [200.0, 0.75, 0.125, 1.0]]
    """
    by = conditions_of(metrics) if by is None else list(by)
    keys = ["cell", *by]
    table = checked(metrics, metric, by)
    table = table.assign(value=with_worst(table, metric, higher_is_better))
    kind = [name for name in _SCHEDULE if name in by]
    going = table["status"] != DIVERGED
    parts = []
    for key, group in groups_of(table, keys).items():
        alike = (table[kind] == group[kind].iloc[0]).all(axis=1)
        curve = _curve(group, table.loc[alike & going, "update"])
        parts.append(curve.assign(**dict(zip(keys, key, strict=True))))
    columns = [*keys, "update", "metric", "median", "low", "high", "seeds"]
    if not parts:
        return pd.DataFrame(columns=columns)
    curves = pd.concat(parts, ignore_index=True).assign(metric=metric)[columns]
    return in_order(curves, metrics, [*keys, "update"])


def _curve(group: pd.DataFrame, planned: pd.Series[int]) -> pd.DataFrame:
    """Return the percentiles of one cell in one condition, by update.

    `planned` are the updates at which the study evaluates such runs.
    """
    broken = group[group["status"] == DIVERGED]
    measured = group.loc[group["status"] != DIVERGED, "update"]
    if (
        group["seed"].isin(broken["seed"]).all()
    ):  # no run of this cell reached the later evaluations
        measured = pd.concat([measured, planned])
    # a run can diverge between the evaluations of the others
    grid = measured if len(measured) else broken["update"]
    wide = group.pivot(index="update", columns="seed", values="value")  # (updates, seeds)
    wide = wide.reindex(wide.index.union(pd.Index(grid.unique())))
    for update, seed, value in zip(broken["update"], broken["seed"], broken["value"], strict=True):
        wide.loc[wide.index >= update, seed] = value
    wide = wide.loc[wide.index.isin(grid)].dropna(how="all")
    ordered = np.sort(wide.to_numpy(np.float64), axis=1)  # NaN comes last
    counts = (~np.isnan(ordered)).sum(axis=1)
    bands = {name: percentile(ordered, counts, percent) for name, percent in PERCENTS.items()}
    return pd.DataFrame({**bands, "seeds": counts, "update": wide.index})
