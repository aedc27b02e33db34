"""Scores of each of several targets of a table, over the seeds of every cell."""

from __future__ import annotations

import pandas as pd

from rnnlab.statistics._tables import require_columns


def summarise_targets(targets: pd.DataFrame) -> pd.DataFrame:
    """Average the scores of each target over the seeds of every cell.

    Parameters
    ----------
    targets : DataFrame
        Columns cell, seed, target and scores, among them those of baselines: targets.csv of a fit.

    Returns
    -------
    DataFrame
        Columns cell, target, seeds and the mean of every score, over the runs that have one; in the
        order of appearance.

    Examples
    --------
    >>> rows = pd.DataFrame({"cell": "gru", "seed": [0, 1], "target": "a", "rmse": [0.5, 1.5]})
    >>> summarise_targets(rows)
      cell target  seeds  rmse
    0  gru      a      2   1.0
    """
    require_columns(targets, "targets", ("cell", "seed", "target"))
    groups = targets.groupby(["cell", "target"], sort=False)
    means = groups.mean().drop(columns="seed")
    means.insert(0, "seeds", groups.size())
    return means.reset_index()
