"""The summary of a copy-task run: one row for each cell and delay, over its seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.statistics._tables import order_of_appearance, require_columns, require_unique
from rnnlab.statistics.intervals import bootstrap_interval

_RESULTS = (
    "seeds",
    "parameters",
    "recall_accuracy",
    "ci_low",
    "ci_high",
    "sequence_accuracy",
    "chance",
    "solved_share",
    "updates_to_solve",
)


def summarise_copy_task(
    metrics: pd.DataFrame,
    parameters: Mapping[Any, int],
    chance: float | Mapping[Any, float],
    *,
    by: Sequence[str] = (),
    solved_at: float = 0.99,
) -> pd.DataFrame:
    """Summarise every cell and delay over its seeds.

    Accuracies are those of the last evaluation of each run. A run that diverged counts with the
    accuracy of its last row (the experiment writes 0), never as missing.

    Parameters
    ----------
    metrics : DataFrame
        One row an evaluation: cell, delay, seed, update, recall_accuracy, sequence_accuracy and
        the columns in `by`; others are not looked at. It is not modified.
    parameters : mapping
        Number of parameters for each cell label or, where a setting in `by` changes it, for each
        tuple (label, *settings).
    chance : float or mapping
        Recall accuracy of a guess; a mapping with keys as for `parameters` where a setting in `by`
        changes it.
    by : sequence of str
        Further settings that vary, each a column of `metrics`.
    solved_at : float
        A run is solved from its first evaluation with this recall accuracy or more.

    Returns
    -------
    DataFrame
        Columns cell, delay, those in `by`, then

        - seeds: number of runs; parameters
        - recall_accuracy: mean, with the 95 % bootstrap interval ci_low, ci_high
        - sequence_accuracy: mean; chance
        - solved_share: share of the runs that are solved at some evaluation
        - updates_to_solve: median number of updates until solved. An unsolved run counts as later
          than every solved one, so the median is inf where half of the runs or more are unsolved;
          with all runs equally long that is the median with right-censoring, which a mean over
          the successes is not.

        Cells in the order of their first appearance, then delays in increasing order, then the
        settings in `by` in the order of their first appearance.

    Raises
    ------
    ValueError
        If a column is missing, an evaluation comes twice, an accuracy is not within 0 and 1, or a
        cell has no number of parameters.

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {
    ...         "cell": "gru",
    ...         "delay": 10,
    ...         "seed": [0, 0, 1, 1],
    ...         "update": [100, 200, 100, 200],
    ...         "recall_accuracy": [0.5, 1.0, 0.25, 0.5],
    ...         "sequence_accuracy": [0.0, 1.0, 0.0, 0.0],
    ...     }
    ... )
    >>> summary = summarise_copy_task(metrics, {"gru": 16200}, chance=0.125)
    >>> summary.loc[0, ["recall_accuracy", "solved_share", "updates_to_solve"]].tolist()
    [0.75, 0.5, inf]
    """
    _check(metrics, by)
    keys = ["cell", "delay", *by]
    rows: list[tuple[Any, ...]] = []
    for key, group in metrics.groupby(keys, sort=False, dropna=False):
        cell, _, *settings = key
        group_parameters = _lookup(parameters, "parameters", cell, settings)
        group_chance = _lookup(chance, "chance", cell, settings)
        rows.append((*key, *_summarise(group, group_parameters, group_chance, solved_at)))
    rank = order_of_appearance(metrics["cell"])
    rows.sort(key=lambda row: (rank[row[0]], row[1]))  # stable: the settings keep their order
    return pd.DataFrame(rows, columns=[*keys, *_RESULTS])


def _summarise(
    group: pd.DataFrame, parameters: int, chance: float, solved_at: float
) -> tuple[int | float, ...]:
    """One row of results, in the order of `_RESULTS`, from the evaluations of one group."""
    final = group.sort_values("update").groupby("seed").last()
    solved = group[group["recall_accuracy"] >= solved_at].groupby("seed")["update"].min()
    updates = solved.reindex(final.index).astype("float64").fillna(math.inf)
    low, high = bootstrap_interval(final["recall_accuracy"])
    return (
        len(final),
        parameters,
        float(final["recall_accuracy"].mean()),
        low,
        high,
        float(final["sequence_accuracy"].mean()),
        chance,
        len(solved) / len(final),
        float(np.median(updates)),
    )


def _lookup(source: Any, name: str, cell: Any, settings: Sequence[Any]) -> Any:
    """Find the number of a group under (cell, *settings), under its cell, or for all groups."""
    if not isinstance(source, Mapping):
        return source
    for key in ((cell, *settings), cell):
        if key in source:
            return source[key]
    raise ValueError(
        f"{name} must have an entry for every cell, got none for "
        f"{', '.join(map(str, (cell, *settings)))}: add it under the label {cell!r}"
    )


def _check(metrics: pd.DataFrame, by: Sequence[str]) -> None:
    accuracies = ("recall_accuracy", "sequence_accuracy")
    rows = ("cell", "delay", *by, "seed", "update")
    require_columns(metrics, "metrics", (*rows, *accuracies))
    require_unique(metrics, "metrics", rows, "name the setting that varies in `by`")
    for name in accuracies:
        outside = ~metrics[name].between(0, 1)  # NaN is outside too
        if outside.any():
            raise ValueError(
                f"{name} must lie within 0 and 1, got {metrics.loc[outside, name].iloc[0]}: "
                "a run that diverged counts as 0"
            )
