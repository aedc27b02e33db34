"""`rnnlab run copy-task`: recall accuracy against delay."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from rnnlab.experiments.experiment import (
    Experiment,
    Report,
    Run,
    build_model,
    streams,
    task_of,
    train_model,
)
from rnnlab.experiments.spec import CopyTaskSpec
from rnnlab.registry import experiments

if TYPE_CHECKING:
    from rnnlab.training import SequenceModel

# What stands in a diverged row: it recalled nothing, and has no loss.
DIVERGED = {
    "loss": math.nan,
    "recall_loss": math.nan,
    "recall_accuracy": 0.0,
    "sequence_accuracy": 0.0,
}


class CopyTask(Experiment[CopyTaskSpec]):
    """Train every cell on every delay and score its recall on fresh sequences."""

    name = "copy-task"
    about = "recall accuracy against delay on the copy-memory task"
    spec = CopyTaskSpec
    table = "metrics"
    columns = (
        "cell",
        "delay",
        "seed",
        "update",
        *DIVERGED,
        "grad_norm",
        "status",
        "seconds",
    )
    key = ("cell", "delay", "seed")
    figure = "copy-task"

    def run(self, spec: CopyTaskSpec, run: Run, report: Report) -> pd.DataFrame:
        """Train one cell on one delay; a row per evaluation."""
        task, fresh = task_of(spec, run), streams(spec, run).evaluation
        model = build_model(spec, run)

        def evaluate(model: SequenceModel) -> dict[str, float]:
            inputs, targets = task.draw(spec.evaluation_batch, fresh)
            return task.score(model.predict(inputs), targets)

        rows = []
        for evaluation in train_model(model, spec, run, evaluate, spec.evaluate_every):
            report(evaluation.update)
            # the last update may be the one that broke the model
            broken = not math.isfinite(evaluation.metrics.get("loss", math.nan))
            rows.append(
                {
                    "cell": run.cell,
                    "delay": run.delay,
                    "seed": run.seed,
                    "update": evaluation.update,
                    **DIVERGED,
                    **evaluation.metrics,
                    "grad_norm": evaluation.grad_norm,
                    "status": "diverged" if broken else evaluation.status,
                    "seconds": evaluation.seconds,
                }
            )
            if broken:
                break
        return pd.DataFrame(rows, columns=self.columns)

    def summarise(self, spec: CopyTaskSpec, table: pd.DataFrame) -> pd.DataFrame:
        """Return a row for each cell and delay, over the seeds."""
        from rnnlab.statistics import summarise_copy_task

        chance = task_of(spec, self.runs(spec)[0]).chance
        return summarise_copy_task(table, self.parameters(spec), chance)

    def outcome(self, rows: pd.DataFrame) -> str:
        """Say how much was recalled at the last evaluation."""
        last = rows.iloc[-1]
        if last["status"] == "diverged":
            return f"diverged at update {last['update']}"
        return f"recall accuracy {last['recall_accuracy']:.3f}"

    def kernels(self, spec: CopyTaskSpec) -> list[tuple[str, bool]]:
        """Return the kernels of training."""
        return [("float32", False)]


experiments.register(CopyTask.name, CopyTask())
