"""The summary of a study: a row for each cell, task and setting, over its seeds.

**What counts.** The numbers are those of the last evaluation of each run; of a table, those of its
test part, with the weights of the best epoch. A run that diverged counts with the worst value of
each metric, 0 for an accuracy; where the worst has no number, as for an error, it counts as a model
without memory, which has the task's chance value, or the worse baseline of a table. It is never
left out, so that a setting does not gain by the runs that it breaks.

**Which setting won.** Where a study sweeps how cells are trained (`TUNED`), the column `best`
marks, for each cell, task and size, the setting that `rnnlab.statistics.best_settings` chooses, as
it does for a report: that with the best mean of the task's headline metric; of a table, on the
validation part. For a task the same runs choose and report, so the marked value is a little better
than that of fresh seeds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from rnnlab.experiments.results.parts import choosing, judged_rows
from rnnlab.experiments.settings.grid import point_columns, runs
from rnnlab.experiments.settings.runs import RunSettings
from rnnlab.experiments.settings.schema import TUNED
from rnnlab.experiments.settings.sizes import hidden_size, learned_numbers
from rnnlab.experiments.settings.spec import Spec
from rnnlab.experiments.settings.table import TABLE
from rnnlab.experiments.settings.task_entry import problem_at

if TYPE_CHECKING:
    from rnnlab.data import Dataset


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
        - the means of its other metrics, losses of tasks aside; chance: of a table, the better
          baseline
        - solved_share: share of the runs that solve the task at some evaluation
        - updates_to_solve: median number of updates until solved; an unsolved run counts as later
          than every solved one, so it is inf where half of the runs or more are unsolved
        - of a table in place of these two best_epoch, the median over the runs that have one;
          diverged, the number of those that have not; baseline_name, the better baseline;
          baseline_constant and baseline_last, the first score of each
        - best: whether this is the setting that won, where a study tunes one

        With several tasks of different metrics, the columns `metric`, `value` take the place of
        the one that bears the metric's name, and other metrics are left out.
    """
    columns = ["cell", *point_columns(spec)]
    groups = list(table.groupby(columns, sort=False, dropna=False))
    settings = [run.settings for run in runs(spec) if run.seed == 0]
    problems = [problem_at(one.task) for one in settings]
    mixed = len({(problem.headline, tuple(problem.metrics)) for problem in problems}) > 1
    rows = [
        dict(zip(columns, key, strict=True)) | _summarise(group, one, problem, mixed)
        for (key, group), one, problem in zip(groups, settings, problems, strict=True)
    ]
    summary = pd.DataFrame(rows)
    tuned = [name for name in columns if name in TUNED]
    if tuned:
        summary["best"] = _best(summary[columns], table, tuned, problems)
    return summary


def _summarise(
    group: pd.DataFrame, settings: RunSettings, problem: Any, mixed: bool
) -> dict[str, Any]:
    """Return the results of one row."""
    from rnnlab.statistics import summarise_condition

    headline, is_table = problem.headline, settings.task.source == TABLE
    others = [name for name in problem.metrics[1:] if name != headline]
    others = [*others, "loss"] if is_table else [n for n in others if not n.endswith("loss")]
    rows = judged_rows(group)
    found = summarise_condition(
        rows.fillna(_worst(problem)) if is_table else rows,
        headline,
        solved=problem.solved,
        higher_is_better=problem.higher_is_better,
        others=() if mixed else others,
        undefined=problem.chance,
    )
    value = found.pop(headline)
    named = {"metric": headline, "value": value} if mixed else {headline: value}
    intervals = {name: found.pop(name) for name in ("ci_low", "ci_high")}
    means = {name: found.pop(name) for name in others if name in found}
    seeds = found.pop("seeds")
    return {
        "seeds": seeds,
        # where the bound itself is swept, it has the name
        "learned" if "parameters" in group else "parameters": learned_numbers(settings),
        **({} if settings.parameters is None else {"hidden": hidden_size(settings)}),
        **named,
        **intervals,
        **means,
        "chance": problem.chance,
        **(_of_table(rows, problem) if is_table else found),
    }


def _worst(data: Dataset) -> dict[str, float]:
    """Return the scores of the worse baseline; larger is worse for every score that may be NaN."""
    return {
        name: float(pd.Series([one.scores[name] for one in data.baselines()]).max())
        for name in data.metrics
    }


def _of_table(tests: pd.DataFrame, data: Dataset) -> dict[str, Any]:
    """Return the columns that only tables have."""
    naive, name = data.baselines(), data.headline
    diverged = tests["status"] == "diverged"
    return {
        "best_epoch": float(tests["epoch"][~diverged].median()),
        "diverged": int(diverged.sum()),
        "baseline_name": data.baseline.name,
        "baseline_constant": naive[0].scores[name],
        "baseline_last": naive[1].scores[name] if len(naive) > 1 else math.nan,
    }


def _best(
    points: pd.DataFrame, table: pd.DataFrame, tuned: list[str], problems: list[Any]
) -> pd.Series[bool]:
    """Return for each row whether its setting is the best one for its cell and task."""
    from rnnlab.statistics import best_settings

    columns = list(points.columns)
    # the same task at another of its settings is judged alike
    labels = points["task"] if "task" in points else [None] * len(points)
    chosen = [
        best_settings(
            choosing(table if label is None else table[table["task"] == label]),
            tuned,
            metric=problem.headline,
            higher_is_better=problem.higher_is_better,
            by=columns[1:],  # but for the cell
            undefined=problem.chance,
        )
        for label, problem in dict(zip(labels, problems, strict=True)).items()
    ]
    marked = points.merge(pd.concat(chosen), on=columns, how="left", indicator=True)["_merge"]
    return marked == "both"
