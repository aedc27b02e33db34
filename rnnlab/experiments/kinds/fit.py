"""Runs of `rnnlab fit`, each of one cell with one seed on a user's table, and their summary."""

from __future__ import annotations

import functools
import hashlib
import math
import re
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from rnnlab.engine.sizes import check_pass
from rnnlab.experiments.kinds.base import Experiment, Report, Rows
from rnnlab.experiments.settings.fit_spec import FitSpec, schedule_of
from rnnlab.experiments.settings.runs import Run, RunSettings
from rnnlab.registry import experiments

if TYPE_CHECKING:
    from rnnlab.data import Dataset
    from rnnlab.engine.protocol import Array
    from rnnlab.training import SequenceModel

MODELS, CHECKPOINTS = "models", "checkpoints"
TARGETS = "targets"


class Fit(Experiment[Any]):
    """Train every cell on a user's table, `seeds` times, and score it on the test part."""

    name = "fit"
    about = "a model of your own data (rnnlab fit DATA.csv)"
    spec: ClassVar[Any] = FitSpec
    table = "metrics"
    key = ("cell", "seed")
    figure = "loss-curves"
    all_tables = (TARGETS,)

    def further_tables(self, spec: FitSpec) -> dict[str, tuple[str, ...]]:
        """Return the columns of targets.csv: a row for each of several targets of a run."""
        from rnnlab.data import target_metric_names

        encoding = dataset(spec).encoding
        if len(encoding.targets) == 1:
            return {}
        scores = target_metric_names(encoding)
        return {TARGETS: (*self.key, "target", *scores, "baseline_constant", "baseline_last")}

    def columns_for(self, spec: FitSpec) -> tuple[str, ...]:
        """Return the columns of metrics.csv, with the scores of the task."""
        scores = dataset(spec).metrics
        rest = ("learning_rate", "grad_norm", "status", "seconds")
        return ("cell", "seed", "part", "epoch", "update", *scores, *rest)

    def runs(self, spec: FitSpec) -> list[Run]:
        """Return the grid, in the order of the rows."""
        settings = RunSettings(spec=spec)
        return [
            Run(cell, (), seed, settings) for cell, seed in product(spec.labels, range(spec.seeds))
        ]

    def run(self, run: Run, report: Report) -> Rows:
        """Train one cell with one seed: two rows an epoch, then one of the test part."""
        from rnnlab.data import FittedModel, predict, score
        from rnnlab.training import Schedule, loss_of, make_optimizer, train

        spec: FitSpec = run.settings.spec

        data = dataset(spec)
        encoding, parts = data.encoding, data.parts
        model = build(spec, run, data)
        own_rate: Any = spec.entry(run.cell).lr
        optimizer = make_optimizer(
            spec.optimizer,
            model.parameters,
            own_rate or spec.lr,
            weight_decay=spec.weight_decay,
        )
        checkpoint = file_of(spec, run, CHECKPOINTS)
        checkpoint.parent.mkdir(exist_ok=True)
        rows: list[dict[str, Any]] = []
        best: dict[str, Any] | None = None
        for evaluation in train(
            model,
            data.batches(spec.batch, run.seed),  # the same batches for every cell
            optimizer,
            evaluate=data.evaluation,
            epochs=spec.epochs,
            loss=loss_of(data),
            schedule=schedule_of(spec, Schedule),
            patience=spec.patience,
            restore_best=True,
            clip_norm=spec.clip,
            clip_value=spec.clip_value,
            checkpoint=checkpoint,
        ):
            report(evaluation.update)
            common = {
                "cell": run.cell,
                "seed": run.seed,
                "epoch": evaluation.epoch,
                "update": evaluation.update,
                "learning_rate": evaluation.learning_rate,
                "grad_norm": evaluation.grad_norm,
                "status": evaluation.status,
                "seconds": evaluation.seconds,
            }
            train_loss = evaluation.train_loss if math.isfinite(evaluation.train_loss) else math.nan
            rows.append({**common, "part": "train", "loss": train_loss})
            rows.append({**common, "part": "validation", **evaluation.metrics})
            if evaluation.status == "ok" and (
                best is None or evaluation.metrics["loss"] < best["loss"]
            ):
                best = rows[-1]
        test = {**rows[-1], **data.worst, "part": "test"}
        outputs = None
        if best is not None:  # it has the weights of its best epoch
            chosen = {name: best[name] for name in ("epoch", "update", "status")}
            outputs = predict(model, encoding, parts["test"])
            test |= {**chosen, **score(encoding, outputs, np.concatenate(parts["test"].targets))}
            file = file_of(spec, run, MODELS)
            file.parent.mkdir(exist_ok=True)
            FittedModel(model, encoding).save(file)
        rows.append(test)
        metrics = pd.DataFrame(rows, columns=self.columns_for(spec))
        if not self.further_tables(spec):
            return metrics
        return {self.table: metrics, TARGETS: self._by_target(spec, run, outputs)}

    def _by_target(self, spec: FitSpec, run: Run, outputs: Array | None) -> pd.DataFrame:
        """Return a row for each target: the scores of a run, the worst ones if it diverged."""
        from rnnlab.data import score_targets

        data = dataset(spec)
        encoding = data.encoding
        rows: list[dict[str, Any]] = [
            {"cell": run.cell, "seed": run.seed, "target": name} | data.worst
            for name in encoding.targets
        ]
        if outputs is not None:
            answers = np.concatenate(data.parts["test"].targets)
            for row, scores in zip(rows, score_targets(encoding, outputs, answers), strict=True):
                row |= scores
        columns = self.further_tables(spec)[TARGETS]
        naive = data.baselines()
        for column, baseline in zip(("baseline_constant", "baseline_last"), naive, strict=False):
            for row, scores in zip(rows, baseline.by_target, strict=True):
                row[column] = scores[columns[len(self.key) + 1]]
        return pd.DataFrame(rows, columns=columns)

    def summarise(self, spec: FitSpec, table: pd.DataFrame) -> pd.DataFrame:
        """Return a row for each cell, over the seeds."""
        from rnnlab.statistics import summarise_fit

        data = dataset(spec)
        loss, first, *others = data.metrics
        parameters = {
            label: build(spec, Run(label, (), 0), data).parameter_count for label in spec.labels
        }
        scores = {one.name: one.scores for one in data.baselines()}
        best = data.baseline.name
        return summarise_fit(table, parameters, (first, *others, loss), scores, best)

    def outcome(self, run: Run, rows: pd.DataFrame) -> str:
        """Return the test score of the best epoch, in words."""
        test = rows.iloc[-1]
        name = dataset(run.settings.spec).headline
        if test["status"] == "diverged":
            return f"diverged in epoch {test['epoch']}"
        ended = "; diverged later" if (rows["status"] == "diverged").any() else ""
        return f"test {name} {test[name]:.4g} after epoch {test['epoch']}{ended}"

    def kernels(self, spec: FitSpec) -> list[tuple[str, bool]]:
        """Return the kernels of training."""
        return [("float32", False)]

    def tasks(self, spec: FitSpec) -> list[dict[str, Any]]:
        """Return nothing: what a fit learns are its data."""
        return []

    def updates(self, run: Run) -> int:
        """Return how many updates a run has, at most."""
        spec: FitSpec = run.settings.spec
        return spec.epochs * math.ceil(len(dataset(spec).parts["train"]) / spec.batch)

    def work(self, run: Run) -> float:
        """Estimate the arithmetic of a run: all have the same data, so parameters decide."""
        spec: FitSpec = run.settings.spec
        return float(build(spec, run, dataset(spec)).parameter_count)


@functools.lru_cache(maxsize=1)
def _dataset(settings: str, changed: int) -> Dataset:  # noqa: ARG001  # what the cache goes by
    spec = FitSpec.model_validate_json(settings)
    return load(spec)


def dataset(spec: FitSpec) -> Dataset:
    """Return the table of a fit, read once in a process as long as the file is not changed."""
    return _dataset(spec.model_dump_json(), spec.data.stat().st_mtime_ns)


def load(spec: FitSpec, source: Path | pd.DataFrame | None = None) -> Dataset:
    """Read the table that the settings describe."""
    from rnnlab.data import load_dataset

    column = spec.split if isinstance(spec.split, str) else None
    shares = None if isinstance(spec.split, str) else spec.split
    return load_dataset(
        spec.data if source is None else source,
        sequence=spec.sequence,
        time=spec.time,
        features=spec.features,
        targets=spec.target,
        ignore=spec.ignore,
        text=spec.text,
        task=spec.task,
        read=spec.read,
        horizon=spec.horizon,
        bidirectional=spec.bidirectional,
        split_column=column,
        split_shares=shares,
        split_seed=spec.split_seed,
        weight=spec.weight,
        missing=spec.missing,
    )


def parts_of(spec: FitSpec, data: Dataset) -> dict[str, Any]:
    """Return the settings of the split as they came out, for the manifest to say."""
    from rnnlab.data.splitting import SEED, SHARES

    if data.split is not None:
        return {"split": data.split, "split_seed": None}
    seed = SEED if spec.split_seed is None else spec.split_seed
    return {"split": list(spec.split or SHARES), "split_seed": seed}


def build(spec: FitSpec, run: Run, data: Dataset) -> SequenceModel:
    """Return the untrained float32 model of a run; its random numbers follow from the seed."""
    from rnnlab.layers import Recurrent, Regularisers
    from rnnlab.training import SequenceModel

    entry: Any = spec.entry(run.cell)  # one value each: the settings were checked for that
    encoding = data.encoding
    check_pass(
        entry.find(),
        steps=data.length,
        batch=min(spec.batch, len(data.parts["train"])),
        inputs=encoding.input_size,
        hidden=entry.hidden or spec.hidden,
        num_layers=entry.num_layers or spec.num_layers,
    )
    layer_seed, readout_seed = np.random.SeedSequence(run.seed).spawn(2)
    noise = None
    if spec.dropout or spec.zoneout:
        noise = Regularisers(
            dropout=spec.dropout, output_dropout=spec.dropout, zoneout=spec.zoneout
        )
    layer = Recurrent(
        entry.find(),
        encoding.input_size,
        entry.hidden or spec.hidden,
        num_layers=entry.num_layers or spec.num_layers,
        bidirectional=spec.bidirectional,
        dtype="float32",
        init=entry.init,
        regularisers=noise,
        seed=np.random.default_rng(layer_seed),
        forget_bias=entry.forget_bias,
        chrono_tmax=data.length if entry.forget_bias == "chrono" else None,
    )
    seed = np.random.default_rng(readout_seed)
    return SequenceModel(layer, encoding.output_size, read=encoding.read, seed=seed)


def file_of(spec: FitSpec, run: Run, kind: str) -> Path:
    """Return where a run keeps its model or its checkpoint; different labels, different files."""
    names = [re.sub(r"[^\w.=-]+", "_", label) for label in spec.labels]
    name = names[spec.labels.index(run.cell)]
    if names.count(name) > 1 and name != run.cell:
        name += f"-{hashlib.sha256(run.cell.encode()).hexdigest()[:8]}"
    ending = "safetensors" if kind == MODELS else "checkpoint"
    return spec.out / kind / f"{name}-seed-{run.seed}.{ending}"


experiments.register(Fit.name, Fit())
