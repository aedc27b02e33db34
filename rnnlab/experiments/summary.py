"""The summary of a study: a row for each cell, task and setting, over its seeds.

**What counts.** The numbers are those of the last evaluation of each run. A run that diverged
counts with the worst value of each metric, 0 for an accuracy; where the worst has no number, as for
an error, it counts as a model without memory, which has the task's chance value. It is never
missing, so that a setting does not gain by the runs that it breaks.

**Which setting won.** Where a study sweeps how cells are trained (`TUNED`), the column `best`
marks, for each cell, task and size, the setting with the best mean of the task's headline metric
over the seeds. Of equal ones that with the lower mean loss is marked, then the one listed first.
The same runs choose and report, so what is marked looks a little better than fresh seeds would.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from rnnlab.experiments.grid import RunSettings, point_columns, runs, settings_of
from rnnlab.experiments.sizes import hidden_size, learned_numbers
from rnnlab.experiments.spec import Spec
from rnnlab.experiments.task_entries import task_at

# What is chosen for a cell, as opposed to what is compared.
TUNED = ("optimizer", "lr", "clip", "clip_value", "batch")


def summarise(spec: Spec, table: pd.DataFrame) -> pd.DataFrame:
    """Summarise the complete table of a study.

    Parameters
    ----------
    spec : Spec
    table : DataFrame
        The rows of all runs in the order of the grid, as `Training.run` made them.

    Returns
    -------
    DataFrame
        cell, the task and what is swept, then

        - seeds: number of runs; parameters: how many numbers a model learns (`learned` where the
          study sweeps the bound of it); hidden: the units, where cells are sized by that
        - the task's headline metric: mean, with the 95 % bootstrap interval ci_low, ci_high
        - the means of its other metrics, losses aside; chance
        - solved_share: share of the runs that solve the task at some evaluation
        - updates_to_solve: median number of updates until solved; an unsolved run counts as later
          than every solved one, so it is inf where half of the runs or more are unsolved
        - best: whether this is the setting that won, where a study tunes one

        With several tasks of different metrics, the columns `metric`, `value` take the place of
        the one that bears the metric's name, and other metrics are left out.
    """
    columns = ["cell", *point_columns(spec)]
    groups = list(table.groupby(columns, sort=False, dropna=False))
    settings = [settings_of(spec, run) for run in runs(spec) if run.seed == 0]
    tasks = [task_at(one.task) for one in settings]
    mixed = len({(task.headline, tuple(task.metrics)) for task in tasks}) > 1
    rows, scores = [], []
    for (key, group), one, task in zip(groups, settings, tasks, strict=True):
        results, score = _summarise(group, one, task, mixed)
        rows.append(dict(zip(columns, key, strict=True)) | results)
        scores.append(score)
    summary = pd.DataFrame(rows)
    tuned = [name for name in columns if name in TUNED]
    if tuned:
        compared = [name for name in columns if name not in tuned]
        keys = summary[compared].itertuples(index=False, name=None)
        summary["best"] = _best([str(key) for key in keys], scores)
    return summary


def _summarise(
    group: pd.DataFrame, settings: RunSettings, task: Any, mixed: bool
) -> tuple[dict[str, Any], tuple[float, float]]:
    """Return the results of one row, and how good it is: the larger, the better."""
    from rnnlab.statistics import summarise_condition

    headline = task.headline
    others = [name for name in task.metrics if name != headline and not name.endswith("loss")]
    found = summarise_condition(
        group,
        headline,
        solved=task.solved,
        others=() if mixed else others,
        undefined=task.chance,
    )
    value = found.pop(headline)
    results = {
        "seeds": found.pop("seeds"),
        # where the bound itself is swept, it has the name
        "learned" if "parameters" in group else "parameters": learned_numbers(settings),
        **({} if settings.parameters is None else {"hidden": hidden_size(settings)}),
        **({"metric": headline, "value": value} if mixed else {headline: value}),
        **{name: found.pop(name) for name in ("ci_low", "ci_high", *others) if name in found},
        "chance": task.chance,
        **found,
    }
    final = group.sort_values("update").groupby("seed").tail(1)
    loss = float(final["loss"].fillna(math.inf).mean())
    return results, (value if task.higher_is_better else -value, -loss)


def _best(groups: list[str], scores: Iterable[tuple[float, float]]) -> list[bool]:
    """Say of each row whether its score is the first of the largest in its group."""
    winners: dict[str, tuple[tuple[float, float], int]] = {}
    for place, (group, score) in enumerate(zip(groups, scores, strict=True)):
        if group not in winners or score > winners[group][0]:
            winners[group] = (score, place)
    places = {place for _, place in winners.values()}
    return [place in places for place in range(len(groups))]
