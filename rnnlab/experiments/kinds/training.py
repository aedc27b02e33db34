"""`rnnlab run FILE.toml`: cells trained on tasks, scored on fresh sequences on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from rnnlab.experiments.kinds.base import Experiment, Report
from rnnlab.experiments.kinds.build import build_model, streams, task_of, train_model
from rnnlab.experiments.kinds.summary import summarise
from rnnlab.experiments.settings.grid import point_columns
from rnnlab.experiments.settings.runs import Run
from rnnlab.experiments.settings.spec import CopyTaskSpec, TaskStudySpec, TrainingSpec
from rnnlab.experiments.settings.task_entry import task_at
from rnnlab.registry import experiments

if TYPE_CHECKING:
    from rnnlab.training import SequenceModel

S = TypeVar("S", bound=TrainingSpec)


class Training(Experiment[S]):
    """Train every cell on every task, at every setting that is swept, and score it.

    The study of one task is an instance of it: what it adds is the way its settings are written.
    """

    table = "metrics"

    def columns_for(self, spec: S) -> tuple[str, ...]:
        """Return the key, then a column for each metric of any task."""
        metrics = [name for task in spec.task_points() for name in task_at(task).metrics]
        names = dict.fromkeys(metrics)
        return (
            *self.key_for(spec)[:-1],
            "seed",
            "update",
            *names,
            "grad_norm",
            "status",
            "seconds",
        )

    def key_for(self, spec: S) -> tuple[str, ...]:
        """Return cell, task and what is swept, seed."""
        return ("cell", *point_columns(spec), "seed")

    def run(self, run: Run, report: Report) -> pd.DataFrame:
        """Train one model; a row per evaluation."""
        task, fresh = task_of(run), streams(run).evaluation
        settings, model = run.settings, build_model(run)

        def evaluate(model: SequenceModel) -> dict[str, float]:
            scores: dict[str, float] = task.evaluation(model, settings.evaluation_batch, fresh)
            return scores

        rows = []
        for evaluation in train_model(model, run, evaluate, settings.evaluate_every):
            report(evaluation.update)
            rows.append(
                {
                    "cell": run.cell,
                    **dict(run.point),
                    "seed": run.seed,
                    "update": evaluation.update,
                    **task.worst,
                    **evaluation.metrics,
                    "grad_norm": evaluation.grad_norm,
                    "status": evaluation.status,
                    "seconds": evaluation.seconds,
                }
            )
        return pd.DataFrame(rows)

    def summarise(self, spec: S, table: pd.DataFrame) -> pd.DataFrame:
        """Return a row for each cell, task and setting, over the seeds."""
        return summarise(spec, table)

    def outcome(self, run: Run, rows: pd.DataFrame) -> str:
        """Return the headline metric of the last evaluation in words."""
        last = rows.iloc[-1]
        if last["status"] == "diverged":
            return f"diverged at update {last['update']}"
        headline = task_of(run).headline
        value = last[headline]
        number = f"{value:.3f}" if abs(value) >= 0.01 or value == 0 else f"{value:.2g}"
        return f"{headline.replace('_', ' ')} {number}"

    def kernels(self, spec: S) -> list[tuple[str, bool]]:
        """Return the kernels of training."""
        return [("float32", False)]


class TaskStudy(Training[TaskStudySpec]):
    """Compare cells on any tasks."""

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


experiments.register(CopyTask.name, CopyTask())
experiments.register(TaskStudy.name, TaskStudy())
