"""Parts of a run: random numbers, problem, model and training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnlab.experiments.settings.grid import schedule_of
from rnnlab.experiments.settings.runs import Run, RunSettings
from rnnlab.experiments.settings.sizes import hidden_size
from rnnlab.experiments.settings.table import TABLE
from rnnlab.experiments.settings.task_entry import problem_at

if TYPE_CHECKING:
    from rnnlab.training import Evaluation, SequenceModel, Update

MODELS, CHECKPOINTS = "models", "checkpoints"  # folders in that of the result


@dataclass(frozen=True)
class Streams:
    """Independent random numbers for each purpose in a run."""

    layer: np.random.Generator
    readout: np.random.Generator
    data: np.random.Generator
    evaluation: np.random.Generator
    noise: np.random.Generator


def streams(run: Run) -> Streams:
    """Return the random numbers of a run, the same for every cell.

    They follow from the seed and the task's settings alone, so that all cells, at all learning
    rates, see the same batches whatever else is in the study.
    """
    entropy = run.settings.task.entropy
    root = np.random.SeedSequence([run.seed, *map(_entropy, entropy or ())])
    # a table's parameters follow from the seed itself
    initialisation, data, evaluation, noise = root.spawn(4)
    if entropy is None:
        initialisation = np.random.SeedSequence(run.seed)
    layer, readout = initialisation.spawn(2)
    return Streams(*map(np.random.default_rng, (layer, readout, data, evaluation, noise)))


def _entropy(value: Any) -> int:
    """Return a non-negative number for a setting: the setting itself where it is one."""
    if isinstance(value, int) and value >= 0:
        return int(value)
    written = json.dumps(value, default=str)
    return int.from_bytes(hashlib.sha256(written.encode()).digest()[:8], "big")


def problem_of(run: Run) -> Any:
    """Return the task of a run, or the dataset of its table."""
    return problem_at(run.settings.task)


def is_table(run: Run) -> bool:
    """Return whether a run learns from a table."""
    return bool(run.settings.task.source == TABLE)


def build_model(run: Run) -> SequenceModel:
    """Return the untrained float32 model of a run."""
    from rnnlab.layers import Recurrent, Regularisers
    from rnnlab.training import SequenceModel

    settings, random, problem = run.settings, streams(run), problem_of(run)
    noise = None
    if _is_noisy(settings):
        noise = Regularisers(
            dropout=settings.dropout, output_dropout=settings.dropout, zoneout=settings.zoneout
        )
    layer = Recurrent(
        settings.entry.find(),
        problem.input_size,
        hidden_size(settings),
        num_layers=settings.num_layers,
        bidirectional=settings.bidirectional,
        dtype="float32",
        seed=random.layer,
        init=settings.init,
        regularisers=noise,
        forget_bias=settings.forget_bias,
        chrono_tmax=problem.length if settings.forget_bias == "chrono" else None,
    )
    return SequenceModel(layer, problem.output_size, read=problem.read, seed=random.readout)


def train_model(
    model: SequenceModel,
    run: Run,
    evaluate: Callable[[SequenceModel], dict[str, float]] | None = None,
    callback: Callable[[Update[Any]], None] | None = None,
    checkpoint: Path | None = None,
) -> Iterator[Evaluation]:
    """Train `model` in place with the settings of the run, yielding its evaluations.

    `evaluate` is the problem's own evaluation unless given.
    """
    from rnnlab.training import TruncatedBPTT, loss_of, make_optimizer, train

    settings, random, problem = run.settings, streams(run), problem_of(run)
    table = is_table(run)
    batches: Any = problem.batches(settings.batch, run.seed if table else random.data)
    trained: Any = model
    if settings.truncate is not None:
        trained = TruncatedBPTT(model, settings.truncate, settings.truncate)
        batches = trained.cut(batches)

    def scores(_: Any) -> dict[str, float]:
        if evaluate is not None:
            return evaluate(model)
        found: dict[str, float] = problem.evaluation(
            model, settings.evaluation_batch, random.evaluation
        )
        return found

    return train(
        trained,
        batches,
        make_optimizer(
            settings.optimizer, model.parameters, settings.lr, weight_decay=settings.weight_decay
        ),
        updates=None if table else settings.updates,
        evaluate_every=None if table else settings.evaluate_every,
        epochs=settings.epochs if table else None,
        evaluate=scores,
        loss=loss_of(problem),
        schedule=schedule_of(settings),
        patience=settings.patience,
        restore_best=table,
        clip_norm=settings.clip,
        clip_value=settings.clip_value,
        noise=random.noise if _is_noisy(settings) and not table else None,
        callback=callback,
        checkpoint=checkpoint,
        generators=(random.data, random.evaluation),
    )


def file_of(run: Run, folder: str, ending: str) -> Path | None:
    """Return a run's file in a folder of the result, None where runs do not see the result."""
    if run.settings.out is None:
        return None
    path: Path = run.settings.out / folder / f"{run.settings.file}-seed-{run.seed}.{ending}"
    path.parent.mkdir(exist_ok=True)
    return path


def _is_noisy(settings: RunSettings) -> bool:
    return bool(settings.dropout or settings.zoneout)
