"""Layers from files: the cell is found and the arrays are checked before any are allocated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnnlab.cells import CellDefinition, find_cell
from rnnlab.engine.protocol import Array
from rnnlab.layers.architecture import Architecture
from rnnlab.layers.recurrent import Recurrent
from rnnlab.layers.regularisers import Regularisers
from rnnlab.layers.saving import CellDescription, LayerDescription, damaged, differences
from rnnlab.layers.stack import Stack
from rnnlab.registry import cells


def restore_layer(
    path: Path,
    description: LayerDescription,
    arrays: Mapping[str, Array],
    cell: str | CellDefinition | None,
    others: dict[str, tuple[int, ...]],
) -> Recurrent:
    """Return the layer that a file holds; no array is allocated before all of them fit.

    Parameters
    ----------
    path : Path
        For messages.
    description : LayerDescription
    arrays : dict of str to array
    cell : str or CellDefinition, optional
        The cell, if it is not a registered one.
    others : dict of str to tuple of int
        Shapes of the arrays that the file holds in addition to the layer's.

    Raises
    ------
    ValueError
        If the cell is another one, or arrays are missing, left over or of other shapes.
    """
    definition = _find(path, description.cell, cell)
    fields: dict[str, Any] = description.model_dump(exclude={"cell", "seed"})
    if description.num_layers > len(arrays):  # before a wrong number becomes a long loop
        raise ValueError(
            f"{path} must hold {description.num_layers} layers, got {len(arrays)} arrays: "
            "take the file as save wrote it"
        )
    try:
        if fields["regularisers"] is not None:
            fields["regularisers"] = Regularisers(**fields["regularisers"])
        architecture = Architecture(definition, **fields)
        shapes = Stack(architecture, {}).shapes | others
    except (TypeError, ValueError) as error:
        reason = ValueError(str(error))
        raise damaged(path, "describe the layer that it holds", "description", reason) from error
    found = differences(shapes, arrays, description.dtype)
    if found:
        raise ValueError(
            f"{path} must hold the arrays of its {definition.name} layer, but "
            f"{'; '.join(found)}: take the file as save wrote it"
        )
    return Recurrent.with_parameters(architecture, arrays, description.seed)


def _find(
    path: Path, written: CellDescription, cell: str | CellDefinition | None
) -> CellDefinition:
    """Return the cell with the equations that the file was written with.

    A file is data: FILE.py:NAME in it is for the reader of messages and is not run.
    """
    if cell is None and written.name not in cells:
        origin = f" of {written.file}" if written.file else ""
        raise ValueError(
            f"{path} needs the cell {written.name!r}{origin}, which is not a registered one: "
            'pass it with cell=my_cell or cell="FILE.py:NAME"'
        )
    definition = find_cell(written.name if cell is None else cell)
    if definition.fingerprint != written.equations:
        raise ValueError(
            f"{path} needs the cell {written.name!r} with equations {written.equations}, got "
            f"{definition.name!r} with {definition.fingerprint}: pass the cell that it was saved "
            f"with as cell=, here from {written.file or 'rnnlab itself'}"
        )
    return definition
