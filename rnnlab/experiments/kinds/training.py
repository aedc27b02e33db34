"""Studies that train cells on tasks and tables, and score them on data that they have not seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import pandas as pd

from rnnlab.experiments.kinds.base import Experiment, Report, Rows
from rnnlab.experiments.kinds.build import (
    CHECKPOINTS,
    build_model,
    file_of,
    is_table,
    problem_of,
    train_model,
)
from rnnlab.experiments.kinds.summary import summarise
from rnnlab.experiments.kinds.tables import TARGETS, score_table, target_columns
from rnnlab.experiments.settings.grid import point_columns
from rnnlab.experiments.settings.runs import Run
from rnnlab.experiments.settings.spec import CopyTaskSpec, FitSpec, TaskStudySpec, TrainingSpec
from rnnlab.experiments.settings.table import TABLE
from rnnlab.experiments.settings.task_entry import problem_at
from rnnlab.registry import experiments

S = TypeVar("S", bound=TrainingSpec)


class Training(Experiment[S]):
    """Train every cell on every task and table, at every setting that is swept, and score it.

    The studies of one task or table are instances of it: they add the form of their settings.
    """

    table = "metrics"
    all_tables = (TARGETS,)

    def columns_for(self, spec: S) -> tuple[str, ...]:
        """Return the key, the part and epoch of tables, then the scores of any task or table."""
        points = spec.task_points()
        tables = any(point.source == TABLE for point in points)
        scores = dict.fromkeys(name for point in points for name in problem_at(point).metrics)
        return (
            *self.key_for(spec),
            *(("part", "epoch") if tables else ()),
            "update",
            *scores,
            *(("learning_rate",) if tables or _has_schedule(spec) else ()),
            "grad_norm",
            "status",
            "seconds",
        )

    def key_for(self, spec: S) -> tuple[str, ...]:
        """Return cell, task and what is swept, seed."""
        return ("cell", *point_columns(spec), "seed")

    def further_tables(self, spec: S) -> dict[str, tuple[str, ...]]:
        """Return the columns of targets.csv: a row for each of several targets of a run."""
        tables = [problem_at(one) for one in spec.task_points() if one.source == TABLE]
        columns = dict.fromkeys(name for one in tables for name in target_columns(one))
        return {TARGETS: (*self.key_for(spec), *columns)} if columns else {}

    def run(self, run: Run, report: Report) -> Rows:
        """Train one model: a row per evaluation; of a table, see `score_table`."""
        model = build_model(run)
        evaluations = self._train(run, model, report)
        if is_table(run):
            return score_table(run, model, evaluations)
        worst = problem_of(run).worst
        rows = [{**key_of(run), "update": 0, **worst, **one} for one in evaluations]
        unused = ["epoch", "train_loss"]
        unused += [] if _has_schedule(run.settings) else ["learning_rate"]
        return pd.DataFrame(rows).drop(columns=unused)

    def _train(self, run: Run, model: Any, report: Report) -> Iterator[dict[str, Any]]:
        """Yield the columns of each evaluation."""
        # the windows of a stream have no checkpoint
        streamed = run.settings.truncate is not None
        checkpoint = None if streamed else file_of(run, CHECKPOINTS, "checkpoint")
        for one in train_model(model, run, checkpoint=checkpoint):
            report(one.update)
            yield {
                "epoch": one.epoch,
                "update": one.update,
                **one.metrics,
                "train_loss": one.train_loss,
                "learning_rate": one.learning_rate,
                "grad_norm": one.grad_norm,
                "status": one.status,
                "seconds": one.seconds,
            }

    def summarise(self, spec: S, table: pd.DataFrame) -> pd.DataFrame:
        """Return a row for each cell, task and setting, over the seeds."""
        return summarise(spec, table)

    def outcome(self, run: Run, rows: pd.DataFrame) -> str:
        """Return the headline metric of the last row, of a table the test part's, in words."""
        last, headline = rows.iloc[-1], problem_of(run).headline
        name, value = headline.replace("_", " "), last[headline]
        if is_table(run):
            if last["status"] == "diverged":
                return f"diverged in epoch {last['epoch']}"
            ended = "; diverged later" if (rows["status"] == "diverged").any() else ""
            return f"test {name} {value:.4g} after epoch {last['epoch']}{ended}"
        if last["status"] == "diverged":
            return f"diverged at update {last['update']}"
        return f"{name} {value:.3f}" if abs(value) >= 0.01 or value == 0 else f"{name} {value:.2g}"

    def kernels(self, spec: S) -> list[tuple[str, bool]]:
        """Return the kernels of training."""
        return [("float32", False)]


def _has_schedule(settings: Any) -> bool:
    """Return whether the learning rate of a study or run changes in training."""
    return bool(settings.schedule != "constant" or settings.warmup != 0)


def key_of(run: Run) -> dict[str, Any]:
    """Return the columns that name a run."""
    return {"cell": run.cell, **dict(run.point), "seed": run.seed}


class TaskStudy(Training[TaskStudySpec]):
    """Compare cells on any tasks and tables."""

    name = "task-study"
    about = "cells on tasks: what each reaches, and how soon"
    spec = TaskStudySpec
    figure = "task-study"


class CopyTask(Training[CopyTaskSpec]):
    """Train every cell on every delay and score its recall on fresh sequences."""

    name = "copy-task"
    about = "recall accuracy against delay on the copy-memory task"
    spec = CopyTaskSpec
    figure = "copy-task"


class Fit(Training[FitSpec]):
    """Train cells on one table, the short front `rnnlab fit`."""

    name = "fit"
    about = "a model of your own data (rnnlab fit DATA.csv)"
    spec = FitSpec
    figure = "loss-curves"

    def summarise(self, spec: FitSpec, table: pd.DataFrame) -> pd.DataFrame:
        """Return a row for each cell, with `baseline` next to the score in place of `chance`."""
        summary = super().summarise(spec, table).rename(columns={"chance": "baseline"})
        columns = [name for name in summary if name != "baseline"]
        columns.insert(columns.index("ci_high") + 1, "baseline")
        return summary[columns]


experiments.register(TaskStudy.name, TaskStudy())
experiments.register(CopyTask.name, CopyTask())
experiments.register(Fit.name, Fit())
