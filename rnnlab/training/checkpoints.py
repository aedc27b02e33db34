"""Checkpoints: the state of a training in one file, without pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as to_safetensors

from rnnlab.engine.protocol import Array
from rnnlab.files import write_whole
from rnnlab.layers.named_arrays import read_arrays
from rnnlab.training.evaluation import Course, Evaluation
from rnnlab.training.optimizers import Optimizer

KEY = "training"  # of the metadata
ARRAYS = ("parameters", "best", "optimizer")


@dataclass(frozen=True)
class Checkpoint:
    """The state from which a training resumes with the numbers of an uninterrupted one.

    Attributes
    ----------
    parameters, best : dict of str to array
        The model's parameters, and those of its best evaluation (empty if they are not kept).
    optimizer : dict of str to array
        `Optimizer.state()`.
    evaluations : list of dict
        The fields of each `Evaluation`.
    generators : list of dict
        The states of the random generators.
    """

    parameters: Mapping[str, Array]
    best: Mapping[str, Array]
    optimizer: Mapping[str, Array]
    evaluations: list[dict[str, Any]]
    generators: list[dict[str, Any]] = field(default_factory=list)


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "half.checkpoint"
    >>> write_checkpoint(path, Checkpoint({"w": np.ones(2)}, {}, {}, [{"epoch": 1}]))
    >>> found = read_checkpoint(path)
    >>> found.parameters["w"].tolist(), found.evaluations
    ([1.0, 1.0], [{'epoch': 1}])
    """
    arrays = {
        f"{kind}/{name}": np.ascontiguousarray(array)
        for kind in ARRAYS
        for name, array in getattr(checkpoint, kind).items()
    }
    training = {"evaluations": checkpoint.evaluations, "generators": checkpoint.generators}
    text = json.dumps(training, default=lambda array: array.tolist())
    write_whole(path, to_safetensors(arrays, {KEY: text}))


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a file of `write_checkpoint`.

    Raises
    ------
    ValueError
        If the file is damaged or of another kind.
    """
    found: dict[str, dict[str, Array]] = {kind: {} for kind in ARRAYS}
    try:
        metadata, arrays = read_arrays(path)
        training = json.loads(metadata[KEY])  # NaN is valid here: a training may diverge
        for key, array in arrays.items():
            kind, name = key.split("/", 1)
            found[kind][name] = array
        evaluations, generators = training["evaluations"], training["generators"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} must be a checkpoint as rnnlab wrote it, got another file ({error}): "
            "delete it, and training starts again"
        ) from error
    return Checkpoint(**found, evaluations=evaluations, generators=generators)


def save(
    path: Path,
    course: Course,
    parameters: Mapping[str, Array],
    optimizer: Optimizer,
    generators: Sequence[np.random.Generator],
) -> None:
    """Write the state of a training."""
    checkpoint = Checkpoint(
        parameters=parameters,
        best=course.best,
        optimizer=optimizer.state(),
        evaluations=[vars(evaluation) for evaluation in course.evaluations],
        generators=[dict(one.bit_generator.state) for one in generators],
    )
    write_checkpoint(path, checkpoint)


def resume(
    path: Path,
    course: Course,
    parameters: Mapping[str, Array],
    optimizer: Optimizer,
    generators: Sequence[np.random.Generator],
) -> None:
    """Set the state of a training to that of a file.

    Raises
    ------
    ValueError
        If the file is damaged, or of another model or other random generators.
    """
    kept = read_checkpoint(path)
    wanted = {name: array.shape for name, array in parameters.items()}
    for held in (kept.parameters, kept.best or kept.parameters):
        if wanted != {name: array.shape for name, array in held.items()}:
            raise ValueError(
                f"{path} must hold the parameters of its model, got others: "
                "delete it, and training starts again"
            )
    if len(kept.generators) != len(generators):
        raise ValueError(
            f"{path} must hold the states of {len(generators)} random generators, got "
            f"{len(kept.generators)}: delete it, and training starts again"
        )
    for name, array in parameters.items():
        array[:] = kept.parameters[name]
    optimizer.restore(kept.optimizer)
    for generator, state in zip(generators, kept.generators, strict=True):
        generator.bit_generator.state = state
    for row in kept.evaluations:
        course.add(Evaluation(**row), {})
    course.best = dict(kept.best)
