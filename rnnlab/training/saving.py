"""Models as files, and `rnnlab.load`, which reads a layer or a model."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from rnnlab.cells import CellDefinition
from rnnlab.layers.loading import restore_layer
from rnnlab.layers.saving import Description, describe, read, write
from rnnlab.training.model import SequenceModel


def save_model(model: SequenceModel, path: Path, notes: Mapping[str, Any] | None = None) -> Path:
    """Write a model, and what else belongs to it, and return the path."""
    layer, outputs = model.layer, model.output_size
    description = Description(
        kind="model",
        layer=describe(layer.architecture, layer.seed),
        output_size=outputs,
        read=model.read,
        notes=None if notes is None else dict(notes),
        seed=model.seed,
    )
    shapes = layer.parameter_shapes | readout_shapes(outputs, layer.output_size)
    return write(path, model.parameters, shapes, description)


def readout_shapes(outputs: int, features: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a readout's arrays, from D*H features to O outputs."""
    return {"readout_weight": (outputs, features), "readout_bias": (outputs,)}


def load(path: str | PathLike[str], *, cell: str | CellDefinition | None = None) -> Any:
    """Read what `save` of a layer or a model wrote.

    Parameters
    ----------
    path : str or path
    cell : str or CellDefinition, optional
        A cell of your own that the layer runs, as a definition or "FILE.py:NAME": a file holds no
        code. Its equations must be those that the file was saved with.

    Returns
    -------
    Recurrent or SequenceModel
        What was saved.

    Raises
    ------
    FileNotFoundError
    ValueError
        If the file is cut off, damaged, of another program or of a newer format, if the cell is not
        the one it was saved with, or if arrays are missing, left over or of another shape.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import rnnlab
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "layer.safetensors"
    >>> _ = rnnlab.GRU(3, 8, num_layers=2, seed=1).save(path)
    >>> rnnlab.load(path)
    <rnnlab.Recurrent gru input_size=3 hidden_size=8 num_layers=2 parameters=712 seed=1>
    """
    return load_noted(path, cell=cell)[0]


def load_noted(
    path: str | PathLike[str], *, cell: str | CellDefinition | None = None
) -> tuple[Any, dict[str, Any] | None]:
    """Return what `load` and `load_notes` do, of one reading of the file."""
    path = Path(path)
    description, arrays = read(path)
    layer, outputs = description.layer, description.output_size
    if description.kind == "layer":
        return restore_layer(path, layer, arrays, cell, {}), description.notes
    if outputs is None:
        raise ValueError(
            f"{path} must say the output_size of its model, got none: "
            "take the file as save wrote it"
        )
    readout = readout_shapes(outputs, (1 + layer.bidirectional) * layer.hidden_size)
    restored = restore_layer(path, layer, arrays, cell, readout)
    model = SequenceModel(restored, outputs, read=description.read, seed=0)
    model.seed = description.seed
    model.readout_weight[:] = arrays["readout_weight"]
    model.readout_bias[:] = arrays["readout_bias"]
    return model, description.notes


def load_notes(path: str | PathLike[str]) -> dict[str, Any] | None:
    """Return what was written beside a model with `save(path, notes=...)`, None if nothing was.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import rnnlab
    >>> from rnnlab.training import SequenceModel
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> _ = SequenceModel(rnnlab.GRU(3, 8), 2).save(path, notes={"unit": "mm"})
    >>> load_notes(path)
    {'unit': 'mm'}
    """
    return read(Path(path))[0].notes
