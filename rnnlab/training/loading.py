"""Loading of files of layers and models."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from rnnlab.cells import CellDefinition
from rnnlab.layers.loading import restore_layer
from rnnlab.layers.saving import damaged, read
from rnnlab.training.model import SequenceModel
from rnnlab.training.readout import make_readout


def load(path: str | PathLike[str], *, cell: str | CellDefinition | None = None) -> Any:
    """Read a file that `save` of a layer or a model wrote.

    Parameters
    ----------
    path : str or path
    cell : str or CellDefinition, optional
        The cell of the layer, as a definition or "FILE.py:NAME", if it is a user's own: a file
        holds no code. Its equations must be those that the file was saved with.

    Returns
    -------
    Recurrent or SequenceModel

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
    """Return a layer or a model and its notes, from one reading of the file."""
    path = Path(path)
    description, arrays = read(path)
    layer, outputs = description.layer, description.output_size
    if description.kind == "layer":
        return restore_layer(path, layer, arrays, cell, {}), description.notes
    if outputs is None:
        raise ValueError(
            f"{path} must hold the output_size of its model: take the file as save wrote it"
        )
    features = (1 + layer.bidirectional) * layer.hidden_size
    name, options = description.readout, description.readout_options
    try:
        shapes = make_readout(name, features, outputs, **options).shapes
    except (TypeError, ValueError) as error:
        reason = ValueError(str(error))
        raise damaged(path, "describe a registered readout", "description", reason) from error
    restored = restore_layer(path, layer, arrays, cell, shapes)
    model = SequenceModel(restored, outputs, read=description.read, readout=name, seed=0, **options)
    model.seed = description.seed
    for array in shapes:
        model.parameters[array][:] = arrays[array]
    return model, description.notes


def load_notes(path: str | PathLike[str]) -> dict[str, Any] | None:
    """Return the notes of `save(path, notes=...)`, None if there are none.

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
