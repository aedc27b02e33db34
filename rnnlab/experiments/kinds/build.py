"""Parts of a run: random numbers, task, model and training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnlab.experiments.settings.runs import Run
from rnnlab.experiments.settings.sizes import hidden_size
from rnnlab.experiments.settings.task_entry import task_at

if TYPE_CHECKING:
    from rnnlab.training import Evaluation, SequenceModel, Update


@dataclass(frozen=True)
class Streams:
    """Independent random numbers for each purpose in a run."""

    layer: np.random.Generator
    readout: np.random.Generator
    data: np.random.Generator
    evaluation: np.random.Generator


def streams(run: Run) -> Streams:
    """Return the random numbers of a run, the same for every cell.

    They follow from the seed and the task's settings alone, so that all cells, at all learning
    rates, see the same batches whatever else is in the study.
    """
    entropy = run.settings.task.entropy
    root = np.random.SeedSequence([run.seed, *map(_entropy, entropy)])
    initialisation, data, evaluation = root.spawn(3)
    layer, readout = initialisation.spawn(2)
    return Streams(*map(np.random.default_rng, (layer, readout, data, evaluation)))


def _entropy(value: Any) -> int:
    """Return a non-negative number for a setting: the setting itself where it is one."""
    if isinstance(value, int) and value >= 0:
        return int(value)
    written = json.dumps(value, default=str)
    return int.from_bytes(hashlib.sha256(written.encode()).digest()[:8], "big")


def task_of(run: Run) -> Any:
    """Return the task of a run."""
    return task_at(run.settings.task)


def build_model(run: Run) -> SequenceModel:
    """Return the untrained float32 model of a run."""
    from rnnlab.layers import Recurrent
    from rnnlab.training import SequenceModel

    settings, random = run.settings, streams(run)
    task = task_at(settings.task)
    layer = Recurrent(
        settings.entry.find(),
        task.input_size,
        hidden_size(settings),
        num_layers=settings.num_layers,
        dtype="float32",
        seed=random.layer,
        init=settings.init,
        forget_bias=settings.forget_bias,
        chrono_tmax=task.length if settings.forget_bias == "chrono" else None,
    )
    return SequenceModel(layer, task.output_size, seed=random.readout)


def train_model(
    model: SequenceModel,
    run: Run,
    evaluate: Callable[[SequenceModel], dict[str, float]],
    evaluate_every: int,
    callback: Callable[[Update[SequenceModel]], None] | None = None,
) -> Iterator[Evaluation]:
    """Train `model` in place with the settings of the run, yielding its evaluations."""
    from rnnlab.training import make_optimizer, train
    from rnnlab.training.losses import LOSSES

    settings, data = run.settings, streams(run).data
    task = task_at(settings.task)
    return train(
        model,
        task.batches(settings.batch, data),
        make_optimizer(settings.optimizer, model.parameters, settings.lr),
        updates=settings.updates,
        evaluate=evaluate,
        evaluate_every=evaluate_every,
        loss=LOSSES[task.loss],
        clip_norm=settings.clip,
        clip_value=settings.clip_value,
        callback=callback,
    )
