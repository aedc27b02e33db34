"""`rnnlab run gradient-flow`: how gradients travel, before, in the middle of and after training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rnnlab.experiments.kinds.base import Experiment, Report
from rnnlab.experiments.kinds.build import build_model, streams, task_of, train_model
from rnnlab.experiments.measures import FinishedTraining, Measure, Probe, Rows, all_tables
from rnnlab.experiments.settings.runs import Run
from rnnlab.experiments.settings.spec import GradientFlowSpec
from rnnlab.registry import experiments, measures

if TYPE_CHECKING:
    from rnnlab.training import Evaluation, SequenceModel

LOOKS = 20  # a run: evaluations and, where training is watched, gradients
Tables = dict[str, list[pd.DataFrame]]


class GradientFlow(Experiment[GradientFlowSpec]):
    """Measure gradients at the start, midway and after training on the copy task."""

    name = "gradient-flow"
    about = "how gradients travel, before, midway and after training on the copy-memory task"
    spec = GradientFlowSpec
    table = "gradients"
    columns = all_tables(["decay"])["gradients"]
    key = ("cell", "seed")
    figure = "gradient-decay"

    @property
    def all_tables(self) -> tuple[str, ...]:  # type: ignore[override]
        """The tables of all measures."""
        return tuple(all_tables(measures))

    @property
    def all_figures(self) -> tuple[str, ...]:  # type: ignore[override]
        """The figures of all measures."""
        return tuple(one.name for name in measures for one in measures[name].figures())

    def further_tables(self, spec: Any) -> dict[str, tuple[str, ...]]:
        """Return the columns of the tables beside gradients.csv, by their names."""
        tables = all_tables(spec.measure, training=bool(spec.updates))
        return {name: columns for name, columns in tables.items() if name != self.table}

    def figures(self, spec: GradientFlowSpec) -> list[str]:
        """Return gradient-decay and the figures of what else was measured."""
        tables = {f"{table}.csv" for table in self.further_tables(spec)}
        drawn = [one for name in measures for one in measures[name].figures()]
        return [self.figure, *(one.name for one in drawn if one.table in tables)]

    def run(self, run: Run, report: Report) -> dict[str, pd.DataFrame]:
        """Train in float32, measure in float64: deep tails underflow float32."""
        settings, probe = run.settings, _probe(run)
        found: Tables = {name: [] for name in (self.table, *self.further_tables(settings))}
        model = build_model(run)
        wide = model.astype("float64")
        _measure(found, run, wide, probe, "init")
        for measure in _measures(run):
            _add(found, measure.at_start(wide, probe))
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
        asked, probe_of_task = _measures(run), _probe(run, "task")
        scored = any(measure.scores for measure in asked)
        watchers = {
            measure.name: watcher
            for measure in asked
            if (watcher := measure.watcher(probe_of_task, every)) is not None
        }
        fresh = streams(run).evaluation

        def evaluate(model: SequenceModel) -> dict[str, float]:
            if not scored:
                return {}
            inputs, targets = task.draw(settings.evaluation_batch, fresh)
            return dict(task.score(model.predict(inputs), targets))

        def watch(update: Any) -> None:
            for watcher in watchers.values():
                watcher(update)

        evaluations: list[Evaluation] = []
        missing = ["midway", "trained"] if settings.updates > 1 else ["trained"]
        for evaluation in train_model(model, run, evaluate, every, watch if watchers else None):
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
        for measure in asked:
            training = FinishedTraining(
                initial=found[self.table][0],
                evaluations=evaluations,
                solved=lambda metrics: bool(task.solved(metrics[task.headline])),
                updates=settings.updates,
                watcher=watchers.get(measure.name),
            )
            _add(found, measure.of_training(training))

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


def _measure(
    found: Tables,
    run: Run,
    model: SequenceModel,
    probe: Probe,
    phase: str,
) -> None:
    """Add the rows of a model at rest; gradients by lag always, for the summary."""
    for measure in dict.fromkeys([measures["decay"], *_measures(run)]):
        rows = measure.at_rest(model, probe, run.seed)
        _add(found, ((name, table.assign(phase=phase)) for name, table in rows))


def _measures(run: Run) -> list[Measure]:
    """Return the measures that the settings name, in the order of the registry."""
    return [measures[name] for name in measures if name in run.settings.measure]


def _add(found: Tables, rows: Rows) -> None:
    for name, table in rows:
        found[name].append(table)


def _joined(run: Run, parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    full = [part for part in parts if len(part)]
    if not full:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(full, ignore_index=True).assign(cell=run.cell, seed=run.seed)[list(columns)]


def _is_sound(model: SequenceModel, probe: Probe) -> bool:
    """Return whether the model is finite after the last update, which no loss has seen."""
    with np.errstate(all="ignore"):
        numbers = [*model.parameters.values(), model.predict(probe.inputs)]
    return all(bool(np.isfinite(array).all()) for array in numbers)


experiments.register(GradientFlow.name, GradientFlow())
