"""How far a training has come, in one file without pickle: parameters, optimiser, history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as to_safetensors

from rnnlab.engine.protocol import Array
from rnnlab.files import write_whole
from rnnlab.layers.named_arrays import read_arrays

KEY = "history"


@dataclass(frozen=True)
class Checkpoint:
    """What a training needs to go on as if nothing had happened.

    Attributes
    ----------
    parameters, best : dict of str to array
        The model's as they are, and as they were when the validation loss was lowest.
    optimizer : dict of str to array
        `Optimizer.state()`.
    history : list of dict
        A row for each epoch.
    """

    parameters: Mapping[str, Array]
    best: Mapping[str, Array]
    optimizer: Mapping[str, Array]
    history: list[dict[str, Any]]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "half.checkpoint"
    >>> write_checkpoint(path, Checkpoint({"w": np.ones(2)}, {}, {}, [{"epoch": 1}]))
    >>> found = read_checkpoint(path)
    >>> found.parameters["w"].tolist(), found.history
    ([1.0, 1.0], [{'epoch': 1}])
    """
    arrays = {
        f"{part}/{name}": np.ascontiguousarray(array)
        for part in ("parameters", "best", "optimizer")
        for name, array in getattr(checkpoint, part).items()
    }
    write_whole(path, to_safetensors(arrays, {KEY: json.dumps(checkpoint.history)}))


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what `write_checkpoint` wrote.

    Raises
    ------
    ValueError
        If the file is damaged or of another kind.
    """
    parts: dict[str, dict[str, Array]] = {"parameters": {}, "best": {}, "optimizer": {}}
    try:
        metadata, arrays = read_arrays(path)
        history = json.loads(metadata[KEY])  # NaN is a number of a training that diverged
        for key, array in arrays.items():
            part, name = key.split("/", 1)
            parts[part][name] = array
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} must be a checkpoint as rnnlab wrote it, got another file ({error}): "
            "delete it, and training starts anew"
        ) from error
    return Checkpoint(**parts, history=history)
