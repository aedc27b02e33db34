"""The summary of a fit to a user's data: one row for each cell, over its seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from rnnlab.statistics._tables import require_columns, require_unique
from rnnlab.statistics.intervals import NO_INTERVAL, is_share, mean_interval


def summarise_fit(
    metrics: pd.DataFrame,
    parameters: Mapping[str, int],
    scores: Sequence[str],
    baseline: Mapping[str, float],
) -> pd.DataFrame:
    """Summarise the test scores of every cell over its seeds.

    Parameters
    ----------
    metrics : DataFrame
        Columns cell, seed, part, epoch, status and `scores`; a seed's row with the part "test"
        holds the scores of its best epoch. A run that diverged before its first epoch was over has
        the status "diverged" there. A score of NaN, such as its error, counts with the baseline's:
        a cell must not gain by runs that broke off.
    parameters : mapping
        Number of parameters of each cell label.
    scores : sequence of str
        The columns of scores, the one that is compared first.
    baseline : mapping
        Each of `scores` to that of the naive answer.

    Returns
    -------
    DataFrame
        Columns cell, seeds, parameters; the first score's mean with its 95 % interval ci_low,
        ci_high (`mean_interval`; NaN for one seed and for an error); its baseline; the means of
        the other scores; best_epoch, the median over the runs that have one; and diverged, the
        number of those that have not. Cells in the order of their appearance.

    Raises
    ------
    ValueError
        If a column is missing, or a cell and seed have two test rows.

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {"cell": "gru", "seed": [0, 1], "part": "test", "epoch": [8, 12], "accuracy": [0.5, 1]}
    ... ).assign(status="ok")
    >>> summary = summarise_fit(metrics, {"gru": 500}, ["accuracy"], {"accuracy": 0.25})
    >>> summary[["accuracy", "baseline", "best_epoch"]].loc[0].tolist()
    [0.75, 0.25, 10.0]
    """
    require_columns(metrics, "metrics", ("cell", "seed", "part", "epoch", "status", *scores))
    tests = metrics[metrics["part"] == "test"]
    require_unique(tests, "metrics", ("cell", "seed"), "pass the rows of one fit")
    first, *others = scores
    rows = []
    for cell, group in tests.groupby("cell", sort=False):
        values = group[list(scores)].fillna(dict(baseline))
        low, high = mean_interval(values[first]) if is_share(first) else NO_INTERVAL
        diverged = group["status"] == "diverged"
        rows.append(
            {
                "cell": cell,
                "seeds": len(group),
                "parameters": parameters[str(cell)],
                first: float(values[first].mean()),
                "ci_low": low,
                "ci_high": high,
                "baseline": baseline[first],
                **{name: float(values[name].mean()) for name in others},
                "best_epoch": float(group["epoch"][~diverged].median()),
                "diverged": int(diverged.sum()),
            }
        )
    return pd.DataFrame(rows)
