"""Summaries of a fit to a user's data: a row for each cell, over its seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from rnnlab.diverged import as_without_model, is_accuracy
from rnnlab.statistics._tables import require_columns, require_unique
from rnnlab.statistics.intervals import NO_INTERVAL, mean_interval


def summarise_fit(
    metrics: pd.DataFrame,
    parameters: Mapping[str, int],
    scores: Sequence[str],
    baselines: Mapping[str, Mapping[str, float]],
    better: str,
) -> pd.DataFrame:
    """Summarise the test scores of every cell over its seeds.

    Parameters
    ----------
    metrics : DataFrame
        Columns cell, seed, part, epoch, status and `scores`; a seed's row with the part "test"
        holds the scores of its best epoch. A run that diverged before its first epoch was over has
        the status "diverged" there. A score of NaN, such as its error, counts with that of the
        worse baseline: a cell must not gain by runs that broke off.
    parameters : mapping
        Number of parameters of each cell label.
    scores : sequence of str
        The columns of scores, the one that is compared first.
    baselines : mapping of str to mapping
        Name to `scores` of one or two answers without a model: first the one that is always the
        same, then the last known target where it is known.
    better : str
        The name of the better one.

    Returns
    -------
    DataFrame
        Columns cell, seeds, parameters; the first score's mean with its 95 % interval ci_low,
        ci_high (`mean_interval`; NaN for one seed and for an error); baseline, the better one's
        first score; the means of the other scores; best_epoch, the median over the runs that have
        one; diverged, the number of those that have not; baseline_name, the better one;
        baseline_constant and baseline_last, the first score of each, NaN where there is none. Cells
        in the order of their appearance.

    Raises
    ------
    ValueError
        If a column is missing, or a cell and seed have two test rows.

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {"cell": "gru", "seed": [0, 1], "part": "test", "epoch": [8, 12], "accuracy": [0.5, 1]}
    ... ).assign(status="ok")
    >>> naive = {"majority class": {"accuracy": 0.25}}
    >>> summary = summarise_fit(metrics, {"gru": 500}, ["accuracy"], naive, "majority class")
    >>> summary[["accuracy", "baseline", "best_epoch"]].loc[0].tolist()
    [0.75, 0.25, 10.0]
    """
    require_columns(metrics, "metrics", ("cell", "seed", "part", "epoch", "status", *scores))
    tests = metrics[metrics["part"] == "test"]
    require_unique(tests, "metrics", ("cell", "seed"), "pass the rows of one fit")
    first, *others = scores
    constant, last, *_ = [*baselines.values(), {}]
    # NaN where a baseline has no such score; larger is worse for every score that may be missing
    worst = {name: pd.Series([one[name] for one in baselines.values()]).max() for name in scores}
    rows = []
    for cell, group in tests.groupby("cell", sort=False):
        values = pd.DataFrame({name: as_without_model(group[name], worst[name]) for name in scores})
        low, high = mean_interval(values[first]) if is_accuracy(first) else NO_INTERVAL
        diverged = group["status"] == "diverged"
        rows.append(
            {
                "cell": cell,
                "seeds": len(group),
                "parameters": parameters[str(cell)],
                first: float(values[first].mean()),
                "ci_low": low,
                "ci_high": high,
                "baseline": baselines[better][first],
                **{name: float(values[name].mean()) for name in others},
                "best_epoch": float(group["epoch"][~diverged].median()),
                "diverged": int(diverged.sum()),
                "baseline_name": better,
                "baseline_constant": constant[first],
                "baseline_last": last.get(first, math.nan),
            }
        )
    return pd.DataFrame(rows)


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
