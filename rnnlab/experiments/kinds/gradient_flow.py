"""`rnnlab run gradient-flow`: how gradients travel, before, in the middle of and after training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rnnlab.experiments.kinds.base import Experiment, Report
from rnnlab.experiments.kinds.build import build_model, is_table, problem_of, streams, train_model
from rnnlab.experiments.measures import FinishedTraining, Measure, Probe, Rows, all_tables
from rnnlab.experiments.settings.runs import Run
from rnnlab.experiments.settings.spec import GradientFlowSpec
from rnnlab.registry import experiments, measures

if TYPE_CHECKING:
    from rnnlab.training import Evaluation, SequenceModel

Tables = dict[str, list[pd.DataFrame]]


class GradientFlow(Experiment[GradientFlowSpec]):
    """Measure gradients at the start, midway and after training on a task or table."""

    name = "gradient-flow"
    about = "how gradients travel, before, midway and after training on a task"
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
        wide = _measured(model)
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
        settings, problem = run.settings, problem_of(run)
        every = max(1, self.updates(run) // 20) if is_table(run) else settings.evaluate_every
        asked, probe_of_task = _measures(run), _probe(run, "task")
        by_loss = is_table(run) or settings.patience is not None or settings.schedule == "plateau"
        scored = by_loss or any(measure.scores for measure in asked)
        watchers = {
            measure.name: watcher
            for measure in asked
            if (watcher := measure.watcher(probe_of_task, every)) is not None
        }
        fresh = streams(run).evaluation

        def evaluate(model: SequenceModel) -> dict[str, float]:
            if is_table(run):
                return dict(problem.evaluation(model))
            if not scored:
                return {}
            inputs, targets = problem.draw(settings.evaluation_batch, fresh)
            return dict(problem.score(model.predict(inputs), targets))

        def watch(update: Any) -> None:
            model.read = "every"  # the targets of a watcher mark the last step
            for watcher in watchers.values():
                watcher(update)
            model.read = problem.read

        evaluations: list[Evaluation] = []
        total = settings.epochs if is_table(run) else settings.updates
        missing = ["midway", "trained"] if total > 1 else ["trained"]
        for evaluation in train_model(model, run, evaluate, watch if watchers else None):
            report(evaluation.update)
            evaluations.append(evaluation)
            done = evaluation.epoch if is_table(run) else evaluation.update
            if "midway" in missing and total <= 2 * done < 2 * total:
                self._measure_if_sound(found, run, model, probe, missing, evaluation, "midway")
        self._measure_if_sound(found, run, model, probe, missing, evaluations[-1], "trained")
        for phase in missing:  # NaN says that there is no such gradient
            lost = found[self.table][0].assign(phase=phase)
            numbers = ["norm", "log10_norm", "relative_norm"]
            found[self.table].append(lost.assign(**dict.fromkeys(numbers, math.nan)))
        for measure in asked:
            training = FinishedTraining(
                initial=found[self.table][0],
                evaluations=evaluations,
                solved=lambda metrics: bool(problem.solved(metrics[problem.headline])),
                updates=self.updates(run),
                watcher=watchers.get(measure.name),
            )
            _add(found, measure.of_training(training))

    def _measure_if_sound(
        self,
        found: Tables,
        run: Run,
        model: SequenceModel,
        probe: Probe,
        missing: list[str],
        evaluation: Evaluation,
        phase: str,
    ) -> None:
        wide = _measured(model)
        if evaluation.status == "ok" and _is_sound(wide, probe):
            _measure(found, run, wide, probe, phase)
            missing.remove(phase)

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

    settings, problem, random = run.settings, problem_of(run), streams(run).evaluation
    if is_table(run):
        inputs, targets = _ends(problem, settings.evaluation_batch)
    else:
        inputs, targets = problem.draw(settings.evaluation_batch, random, dtype="float64")
    loss = LOSSES[problem.loss]
    if (drive or settings.input) == "noise":
        return Probe(random.standard_normal(inputs.shape), None, loss)
    return Probe(inputs, targets, loss)


def _measured(model: SequenceModel) -> SequenceModel:
    """Return the model in float64, with an answer at every step: gradients start at the last."""
    wide = model.astype("float64")
    wide.read = "every"
    return wide


def _ends(data: Any, size: int) -> tuple[Any, Any]:
    """Return the ends of the longest validation sequences of a table, all of one length.

    The length is that of the shortest of them: gradients are then measured without padding. With
    one answer per sequence it is at the last step.
    """
    held = data.parts["validation"]
    longest = sorted(range(len(held.inputs)), key=lambda s: -len(held.inputs[s]))[:size]
    steps = len(held.inputs[longest[-1]])
    inputs = np.stack([held.inputs[s][-steps:] for s in longest], axis=1).astype(np.float64)
    last = np.stack([held.targets[s][-steps:] for s in longest], axis=1)
    if data.read == "every":
        return inputs, last
    unasked = -1 if last.dtype.kind == "i" else np.nan
    targets = np.full((steps, *last.shape[1:]), unasked, last.dtype)
    targets[-1] = last[-1]
    return inputs, targets


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
