"""`rnnlab run gradient-flow`: how gradients travel, before, in the middle of and after training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rnnlab.experiments.kinds.base import Experiment, Report
from rnnlab.experiments.kinds.build import build_model, streams, task_of, train_model
from rnnlab.experiments.measures import (
    FIGURES,
    MEASURES,
    Probe,
    measure_forget_bias,
    measure_phase,
    thinned,
)
from rnnlab.experiments.settings.runs import Run
from rnnlab.experiments.settings.spec import GradientFlowSpec
from rnnlab.registry import experiments

if TYPE_CHECKING:
    from rnnlab.analysis import GradientRecorder
    from rnnlab.training import Evaluation, SequenceModel

WATCHED = ("training", "solving")  # what is measured while the model learns
LOOKS = 20  # a run: evaluations and, where training is watched, gradients
Tables = dict[str, list[pd.DataFrame]]


class GradientFlow(Experiment[GradientFlowSpec]):
    """Measure gradients at the start, midway and after training on the copy task."""

    name = "gradient-flow"
    about = "how gradients travel, before, midway and after training on the copy-memory task"
    spec = GradientFlowSpec
    table = "gradients"
    columns = MEASURES["decay"]["gradients"]
    key = ("cell", "seed")
    figure = "gradient-decay"
    all_tables = tuple(table for tables in MEASURES.values() for table in tables)
    all_figures = tuple(FIGURES)

    def further_tables(self, spec: Any) -> dict[str, tuple[str, ...]]:
        """Return the columns of the tables beside gradients.csv, by their names."""
        return {
            table: columns
            for measure in spec.measure
            for table, columns in MEASURES[measure].items()
            if table != self.table and (measure not in WATCHED or spec.updates)
        }

    def figures(self, spec: GradientFlowSpec) -> list[str]:
        """Return gradient-decay and the figures of what else was measured."""
        tables = self.further_tables(spec)
        return [self.figure, *(name for name, table in FIGURES.items() if table in tables)]

    def run(self, run: Run, report: Report) -> dict[str, pd.DataFrame]:
        """Train in float32, measure in float64: deep tails underflow float32."""
        settings, probe = run.settings, _probe(run)
        found: Tables = {name: [] for name in (self.table, *self.further_tables(settings))}
        model = build_model(run)
        wide = model.astype("float64")
        _measure(found, run, wide, probe, "init")
        if "forget-bias" in settings.measure:
            found["forget-bias"].append(measure_forget_bias(wide, probe))
        if settings.updates:
            self._train(found, run, model, probe, report)
        columns = {self.table: self.columns, **self.further_tables(settings)}
        return {name: _joined(run, parts, columns[name]) for name, parts in found.items()}

    def _train(
        self,
        found: Tables,
        run: Run,
        model: SequenceModel,
        probe: Probe,
        report: Report,
    ) -> None:
        """Train the model, measure it midway and at the end, and watch it on the way."""
        settings, task = run.settings, task_of(run)
        every = max(1, settings.updates // LOOKS)
        recorder = _recorder(run, every) if "training" in settings.measure else None
        fresh = streams(run).evaluation

        def evaluate(model: SequenceModel) -> dict[str, float]:
            if "solving" not in settings.measure:
                return {}
            inputs, targets = task.draw(settings.evaluation_batch, fresh)
            return dict(task.score(model.predict(inputs), targets))

        evaluations: list[Evaluation] = []
        missing = ["midway", "trained"] if settings.updates > 1 else ["trained"]
        for evaluation in train_model(model, run, evaluate, every, recorder):
            report(evaluation.update)
            evaluations.append(evaluation)
            last = evaluation.update == settings.updates
            due = last or ("midway" in missing and 2 * evaluation.update >= settings.updates)
            if evaluation.status == "ok" and due:
                wide = model.astype("float64")
                if _is_sound(wide, probe):
                    phase = "trained" if last else "midway"
                    _measure(found, run, wide, probe, phase)
                    missing.remove(phase)
        for phase in missing:  # NaN says that there is no such gradient
            lost = found[self.table][0].assign(phase=phase)
            numbers = ["norm", "log10_norm", "relative_norm"]
            found[self.table].append(lost.assign(**dict.fromkeys(numbers, math.nan)))
        if recorder is not None:
            found["training"].append(thinned("training", recorder.norms))
            found["clipping"].append(recorder.clipping)
        if "solving" in settings.measure:
            found["solving"].append(
                _solving(found[self.table][0], evaluations, task, settings.updates)
            )

    def summarise(self, spec: GradientFlowSpec, table: pd.DataFrame) -> pd.DataFrame:
        """Return a row for each cell, phase and state, over the seeds."""
        from rnnlab.analysis import decay_per_step, half_life
        from rnnlab.statistics import summarise_gradient_flow

        return summarise_gradient_flow(table, half_life, decay_per_step)

    def outcome(self, run: Run, rows: pd.DataFrame) -> str:
        """Return what is left of the output's gradient at the largest lag, and who has none."""
        phase = rows["phase"].iloc[-1]
        curves = dict(list(rows[rows["phase"] == phase].groupby("state", sort=False)))
        last = curves[_output_state(list(curves))].iloc[-1]
        if math.isnan(last["norm"]):
            return "diverged in training"
        silent = [state for state, curve in curves.items() if not curve["norm"].any()]
        said = f"relative norm {last['relative_norm']:.2g} at lag {last['lag']} ({phase})"
        if not silent:
            return said
        without = f"no gradient: {', '.join(map(str, silent))} ({phase})"
        return without if last["state"] in silent else f"{said}; {without}"

    def kernels(self, spec: GradientFlowSpec) -> list[tuple[str, bool]]:
        """Return the kernels of training, if there is any, and those of the measurement."""
        training = [("float32", False)] if spec.updates else []
        return [*training, ("float64", False)]


def _output_state(states: list[str]) -> str:
    """Return the output among the states of a layer: the first, in a stack that of the top layer.

    Examples
    --------
    >>> _output_state(["re", "im"]), _output_state(["h_l0", "c_l0", "h_l1", "c_l1"])
    ('re', 'h_l1')
    """
    first = states[0]
    if not first.endswith("_l0"):
        return first
    layers = [name for name in states if name.rpartition("_l")[0] == first[: -len("_l0")]]
    return layers[-1]


def _probe(run: Run, drive: str | None = None) -> Probe:
    from rnnlab.training.losses import LOSSES

    settings, task, random = run.settings, task_of(run), streams(run).evaluation
    inputs, targets = task.draw(settings.evaluation_batch, random, dtype="float64")
    loss = LOSSES[task.loss]
    if (drive or settings.input) == "noise":
        return Probe(random.standard_normal(inputs.shape), None, loss)
    return Probe(inputs, targets, loss)


def _recorder(run: Run, every: int) -> GradientRecorder:
    """Return what watches training, on a few sequences of the task, whatever the input else."""
    from rnnlab.analysis import GradientRecorder

    few = _probe(run, "task").few()
    return GradientRecorder(few.inputs, np.asarray(few.targets), every=every, loss=few.loss)


def _measure(
    found: Tables,
    run: Run,
    model: SequenceModel,
    probe: Probe,
    phase: str,
) -> None:
    """Add what is asked for of a model at rest; gradients by lag always, for the summary."""
    at_rest = [
        name for name in run.settings.measure if name not in (*WATCHED, "forget-bias", "decay")
    ]
    for measure in ("decay", *at_rest):
        for name, rows in measure_phase(measure, model, probe, first_seed=run.seed == 0):
            found[name].append(rows.assign(phase=phase))


def _solving(
    initial: pd.DataFrame, evaluations: list[Evaluation], task: Any, updates: int
) -> pd.DataFrame:
    """Return how long gradients lived at the start beside when the task was solved."""
    from rnnlab.analysis import decay_half_life, half_life

    solved = (one.update for one in evaluations if one.metrics and _is_solved(task, one.metrics))
    rows = [
        {
            "state": state,
            "half_life": half_life(curve["relative_norm"].to_numpy()),
            "decay_half_life": decay_half_life(curve["log10_norm"].to_numpy()),
        }
        for state, curve in initial.groupby("state", sort=False)
    ]
    return pd.DataFrame(rows).assign(updates_to_solve=next(solved, math.inf), updates=updates)


def _is_solved(task: Any, metrics: dict[str, float]) -> bool:
    return bool(task.solved(metrics[task.headline]))


def _joined(run: Run, parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    full = [part for part in parts if len(part)]
    if not full:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(full, ignore_index=True).assign(cell=run.cell, seed=run.seed)[list(columns)]


def _is_sound(model: SequenceModel, probe: Probe) -> bool:
    """Say whether the last update, which no loss has seen, left a model that answers in numbers."""
    with np.errstate(all="ignore"):
        numbers = [*model.parameters.values(), model.predict(probe.inputs)]
    return all(bool(np.isfinite(array).all()) for array in numbers)


experiments.register(GradientFlow.name, GradientFlow())
