"""The summary of a study: a row for each cell, task and setting, over its seeds.

**What counts.** The numbers are those of the last evaluation of each run. A run that diverged
counts with the worst value of each metric, 0 for an accuracy; where the worst has no number, as for
an error, it counts as a model without memory, which has the task's chance value. It is never
missing, so that a setting does not gain by the runs that it breaks.

**Which setting won.** Where a study sweeps how cells are trained (`TUNED`), the column `best`
marks, for each cell, task and size, the setting that `rnnlab.statistics.best_settings` chooses, as
it does for a report: that with the best mean of the task's headline metric. The same runs choose
and report, so what is marked looks a little better than fresh seeds would.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from rnnlab.experiments.settings.grid import point_columns, runs
from rnnlab.experiments.settings.runs import RunSettings
from rnnlab.experiments.settings.sizes import hidden_size, learned_numbers
from rnnlab.experiments.settings.spec import Spec
from rnnlab.experiments.settings.task_entry import task_at

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
        - the task's headline metric: mean, with its 95 % interval ci_low, ci_high where it is an
          accuracy (`rnnlab.statistics.mean_interval`); else, and for one seed, there is none
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
    settings = [run.settings for run in runs(spec) if run.seed == 0]
    tasks = [task_at(one.task) for one in settings]
    mixed = len({(task.headline, tuple(task.metrics)) for task in tasks}) > 1
    rows = [
        dict(zip(columns, key, strict=True)) | _summarise(group, one, task, mixed)
        for (key, group), one, task in zip(groups, settings, tasks, strict=True)
    ]
    summary = pd.DataFrame(rows)
    tuned = [name for name in columns if name in TUNED]
    if tuned:
        summary["best"] = _best(summary[columns], table, tuned, tasks)
    return summary


def _summarise(
    group: pd.DataFrame, settings: RunSettings, task: Any, mixed: bool
) -> dict[str, Any]:
    """Return the results of one row."""
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
    return {
        "seeds": found.pop("seeds"),
        # where the bound itself is swept, it has the name
        "learned" if "parameters" in group else "parameters": learned_numbers(settings),
        **({} if settings.parameters is None else {"hidden": hidden_size(settings)}),
        **({"metric": headline, "value": value} if mixed else {headline: value}),
        **{name: found.pop(name) for name in ("ci_low", "ci_high", *others) if name in found},
        "chance": task.chance,
        **found,
    }


def _best(
    points: pd.DataFrame, table: pd.DataFrame, tuned: list[str], tasks: list[Any]
) -> pd.Series[bool]:
    """Return for each row whether its setting is the best one for its cell and task."""
    from rnnlab.statistics import best_settings

    columns = list(points.columns)
    # the same task at another of its settings is judged alike
    labels = points["task"] if "task" in points else [None] * len(points)
    chosen = [
        best_settings(
            table if label is None else table[table["task"] == label],
            tuned,
            metric=task.headline,
            higher_is_better=task.higher_is_better,
            by=columns[1:],  # but for the cell
            undefined=task.chance,
        )
        for label, task in dict(zip(labels, tasks, strict=True)).items()
    ]
    marked = points.merge(pd.concat(chosen), on=columns, how="left", indicator=True)["_merge"]
    return marked == "both"
