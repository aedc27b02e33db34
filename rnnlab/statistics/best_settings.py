"""Best settings of training for each cell, such as its learning rate."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rnnlab.statistics.run_outcomes import conditions_of, groups_of, in_order, mean_value, runs_of


def best_settings(
    metrics: pd.DataFrame,
    over: str | Sequence[str],
    *,
    metric: str,
    higher_is_better: bool = True,
    by: Sequence[str] | None = None,
    undefined: float = math.nan,
) -> pd.DataFrame:
    """Return the best values of `over` for each cell in each condition.

    The best value has the best mean at the last evaluation. Of equal ones, such as rates at which
    every answer of every run is right, it has the lowest mean of the column `loss` there, where the
    table has one; then the one that the table lists first is chosen.

    The choice is made on the same runs that are compared afterwards, which flatters every cell a
    little, the more the further its runs scatter: give every cell the same values to choose from.

    Parameters
    ----------
    metrics, metric, higher_is_better, undefined
        As for `rnnlab.statistics.outcomes`.
    over : str or sequence of str
        The setting to choose, such as "lr", or several that are chosen together.
    by : sequence of str, optional
        All settings that vary, with those in `over`; by default the columns before `seed`.

    Returns
    -------
    DataFrame
        A row for each cell and condition: cell, the other settings in `by`, those in `over`.

    Raises
    ------
    ValueError
        As `runs_of`; if `over` is not a setting that varies.

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {
    ...         "cell": "gru",
    ...         "lr": [0.001, 0.003, 0.01],
    ...         "seed": 0,
    ...         "update": 100,
    ...         "loss": [0.02, 0.01, 0.5],
    ...         "recall_accuracy": [1.0, 1.0, 0.75],
    ...     }
    ... )
    >>> best_settings(metrics, "lr", metric="recall_accuracy")["lr"].item()
    0.003
    """
    by = conditions_of(metrics) if by is None else list(by)
    chosen_from = [over] if isinstance(over, str) else list(over)
    for name in chosen_from:
        if name not in by:
            raise ValueError(
                f"over must be a setting that varies, one of {', '.join(by) or 'none'}, got "
                f"{name!r}: name one of these columns"
            )
    keys = ["cell", *(name for name in by if name not in chosen_from)]
    columns = [*keys, *chosen_from]
    runs = runs_of(metrics, metric=metric, higher_is_better=higher_is_better, by=by)
    sign = -1 if higher_is_better else 1
    means_of_runs = [
        (*key, sign * mean_value(group, undefined))
        for key, group in groups_of(runs, columns).items()
    ]
    kinds = metrics[columns].dtypes.to_dict()
    scores = pd.DataFrame(means_of_runs, columns=[*columns, "_mean"]).astype(kinds)
    scores = scores.merge(_losses(metrics, columns), on=columns)
    as_listed = metrics[columns].drop_duplicates().merge(scores, on=columns)
    # of several columns pandas sorts stably: equal ones stay as they are listed
    best_first = as_listed.sort_values(["_mean", "_loss"])
    best = best_first.groupby(keys, sort=False, dropna=False).head(1)
    return in_order(best[columns], metrics, keys)


def at_best(
    metrics: pd.DataFrame,
    over: str | Sequence[str],
    *,
    metric: str,
    higher_is_better: bool = True,
    by: Sequence[str] | None = None,
    undefined: float = math.nan,
) -> pd.DataFrame:
    """Keep the rows of the values of `over` that `best_settings` chooses.

    Parameters
    ----------
    metrics, over, metric, higher_is_better, by, undefined
        As for `best_settings`.

    Returns
    -------
    DataFrame
        Rows of `metrics` with all their columns. The other settings are the conditions of the
        result: pass them as `by`.

    Raises
    ------
    ValueError
        As `best_settings`.
    """
    chosen = best_settings(
        metrics,
        over,
        metric=metric,
        higher_is_better=higher_is_better,
        by=by,
        undefined=undefined,
    )
    return metrics.merge(chosen, on=list(chosen.columns), how="inner", validate="many_to_one")


def _losses(metrics: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the mean loss at the last evaluation; a run without a loss counts as worst."""
    runs = [*columns, "seed"]
    last = metrics.sort_values("update", kind="stable").groupby(runs, dropna=False).tail(1)
    losses = last["loss"].astype(np.float64).fillna(math.inf) if "loss" in last else 0.0
    means = last.assign(_loss=losses).groupby(columns, sort=False, dropna=False)["_loss"].mean()
    return means.reset_index()
