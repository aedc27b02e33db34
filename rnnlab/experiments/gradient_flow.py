"""`rnnlab run gradient-flow`: how far back the gradient of the last step reaches."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.experiments.experiment import Experiment, Report
from rnnlab.experiments.grid import Run
from rnnlab.experiments.models import build_model, streams, task_of, train_model
from rnnlab.experiments.spec import GradientFlowSpec
from rnnlab.registry import experiments

if TYPE_CHECKING:
    from rnnlab.training import SequenceModel

PROGRESS_REPORTS = 20  # a run: training is silent in between


class GradientFlow(Experiment[GradientFlowSpec]):
    """Measure gradient norms against lag at the start and after training on the copy task."""

    name = "gradient-flow"
    about = "gradient norm against lag, before and after training on the copy-memory task"
    spec = GradientFlowSpec
    table = "gradients"
    columns = ("cell", "seed", "phase", "state", "lag", "norm", "log10_norm", "relative_norm")
    key = ("cell", "seed")
    figure = "gradient-decay"

    def run(self, spec: GradientFlowSpec, run: Run, report: Report) -> pd.DataFrame:
        """Train in float32, measure in float64: deep tails underflow float32."""
        inputs, targets = task_of(spec, run).draw(
            spec.evaluation_batch, streams(spec, run).evaluation, dtype="float64"
        )

        def measure(model: SequenceModel, phase: str) -> pd.DataFrame:
            from rnnlab.analysis import gradient_decay

            table = gradient_decay(model, inputs, targets)
            return table.assign(cell=run.cell, seed=run.seed, phase=phase)[list(self.columns)]

        model = build_model(spec, run)
        initial = measure(model.astype("float64"), "init")
        if spec.updates == 0:
            return initial
        every = max(1, spec.updates // PROGRESS_REPORTS)
        for evaluation in train_model(model, spec, run, _nothing, every):
            report(evaluation.update)
        final = model.astype("float64")
        if evaluation.status == "ok" and _is_sound(final, inputs):
            trained = measure(final, "trained")
        else:  # NaN says that there is no such gradient, and the summary counts one seed less
            trained = initial.assign(phase="trained", norm=math.nan)
            trained = trained.assign(log10_norm=math.nan, relative_norm=math.nan)
        return pd.concat([initial, trained], ignore_index=True)

    def summarise(self, spec: GradientFlowSpec, table: pd.DataFrame) -> pd.DataFrame:
        """Return a row for each cell, phase and state, over the seeds."""
        from rnnlab.analysis import decay_per_step, half_life
        from rnnlab.statistics import summarise_gradient_flow

        return summarise_gradient_flow(table, half_life, decay_per_step)

    def outcome(self, spec: GradientFlowSpec, rows: pd.DataFrame) -> str:
        """Say what is left of the gradient of the output at the largest lag."""
        last = rows[(rows["phase"] == rows["phase"].iloc[-1]) & (rows["state"] == "h")].iloc[-1]
        if math.isnan(last["norm"]):
            return "diverged in training"
        return f"relative norm {last['relative_norm']:.2g} at lag {last['lag']} ({last['phase']})"

    def kernels(self, spec: GradientFlowSpec) -> list[tuple[str, bool]]:
        """Return the kernels of training, if there is any, and those of the measurement."""
        training = [("float32", False)] if spec.updates else []
        return [*training, ("float64", True)]


def _is_sound(model: SequenceModel, inputs: NDArray[np.float64]) -> bool:
    """Say whether the last update, which no loss has seen, left a model that answers in numbers."""
    numbers = [*model.parameters.values(), model.predict(inputs)]
    return all(bool(np.isfinite(array).all()) for array in numbers)


def _nothing(model: SequenceModel) -> dict[str, float]:  # noqa: ARG001
    """Evaluate nothing: the gradients are measured at the end."""
    return {}


experiments.register(GradientFlow.name, GradientFlow())
