"""Layers as files: named arrays in the safetensors format, the architecture in their metadata.

Nothing in such a file is code. A cell is named there and known by the fingerprint of its equations;
the equations themselves stay where they are written, and whoever loads a cell of their own hands it
over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from textwrap import shorten
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, Field, ValidationError
from safetensors.numpy import save as to_safetensors

from rnnlab.cells import CellDefinition, find_cell
from rnnlab.cells.pickling import file_spec
from rnnlab.engine.protocol import Array
from rnnlab.files import write_whole
from rnnlab.layers.architecture import Architecture
from rnnlab.layers.named_arrays import parse_json, read_arrays
from rnnlab.layers.recurrent import Recurrent
from rnnlab.layers.regularisers import Regularisers
from rnnlab.layers.stack import Stack
from rnnlab.registry import cells
from rnnlab.version import __version__

#: Raised when an older rnnlab could not read the file. `read` keeps reading all the older ones.
FORMAT_VERSION = 3
#: The key of the metadata; one alone, as the format keeps no order of several.
KEY = "rnnlab"


def _printable(text: str) -> str:
    """Return a text that messages may hold as it is."""
    if not text.isprintable():
        raise ValueError("text must be printable")
    return text


Text = Annotated[str, Field(max_length=1000), AfterValidator(_printable)]
#: A size of an array: NumPy counts its bytes in 64 bits.
Size = Annotated[int, Field(gt=0, lt=2**48)]
Seed = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(ge=0, lt=1)]


class CellDescription(BaseModel):
    """Which cell it is: name, FILE.py:NAME if it is not a registered one, fingerprint."""

    name: Text
    file: Text | None = None
    equations: Text


class RegularisersDescription(BaseModel, extra="forbid"):
    """The arguments of `Regularisers`."""

    input_dropout: Rate = 0.0
    dropout: Rate = 0.0
    output_dropout: Rate = 0.0
    hidden_dropout: Rate = 0.0
    recurrent_dropout: Rate | dict[Text, Rate] = 0.0
    zoneout: Rate | dict[Text, Rate] = 0.0
    variational: bool = False


class LayerDescription(BaseModel):
    """What `Recurrent` was made with, as far as it decides the parameters and their use."""

    cell: CellDescription
    input_size: Size
    hidden_size: Size
    num_layers: Size
    bidirectional: bool
    learn_initial_state: bool
    regularisers: RegularisersDescription | None = None
    dtype: Literal["float32", "float64"]
    batch_first: bool = False
    seed: Seed | None = None  # of the initial parameters


class Description(BaseModel):
    """The metadata of a file."""

    format_version: Annotated[int, Field(ge=1)] = FORMAT_VERSION
    rnnlab: Text = __version__
    kind: Literal["layer", "model"]
    layer: LayerDescription
    output_size: Size | None = None  # of a model's readout
    read: Literal["every", "last"] = "every"  # where it stands
    readout: Text = "linear"  # in the registry of readouts
    readout_options: dict[Text, Any] = {}
    seed: Seed | None = None  # of its initial weights
    notes: dict[str, Any] | None = None  # what else its owner wrote


def describe(layer: Recurrent) -> LayerDescription:
    """Return a layer's architecture."""
    cell, noise = layer.cell, layer.regularisers
    known = cell.name in cells and cells[cell.name] is cell
    return LayerDescription(
        cell=CellDescription(
            name=cell.name, file=None if known else file_spec(cell), equations=cell.fingerprint
        ),
        input_size=layer.input_size,
        hidden_size=layer.hidden_size,
        seed=layer.seed,
        **(layer.options | {"regularisers": noise and asdict(noise)}),
    )


def save_layer(layer: Recurrent, path: Path) -> Path:
    """Write a layer and return the path."""
    description = Description(kind="layer", layer=describe(layer))
    return write(path, layer.parameters, layer.parameter_shapes, description)


def write(
    path: Path,
    arrays: Mapping[str, Array],
    shapes: Mapping[str, tuple[int, ...]],
    description: Description,
) -> Path:
    """Write arrays and what they are, whole or not at all, if they can be read back.

    Raises
    ------
    ValueError
        If an array was replaced by one that is not of its shape and dtype.
    """
    differences = _differences(shapes, arrays, description.layer.dtype)
    if differences:
        raise ValueError(
            f"what is saved must hold its own arrays, but {'; '.join(differences)}: "
            "change parameters in place, parameters[name][:] = ..."
        )
    # The format takes the bytes as they lie: an array in another order would come back wrong.
    held = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_whole(path, to_safetensors(held, {KEY: description.model_dump_json()}))
    return path


def read(path: Path) -> tuple[Description, dict[str, Array]]:
    """Read what `write` wrote, with this version of the format or an older one.

    Raises
    ------
    FileNotFoundError
    ValueError
        If the file is cut off or damaged, is not rnnlab's, or is of a newer format.
    """
    metadata, arrays = read_arrays(path)
    return _parse(path, metadata.get(KEY)), arrays


def _parse(path: Path, text: str | None) -> Description:
    if text is None:
        raise ValueError(
            f"{path} must be written by save of a layer or a model, got a safetensors file of "
            "another program: set the arrays one by one, layer.parameters[name][:] = ..."
        )
    try:
        written = parse_json(text)
        version = written["format_version"]
        newer = type(version) is int and version > FORMAT_VERSION
        description = None if newer else Description.model_validate(written, strict=True)
    except (KeyError, TypeError, ValueError) as error:  # a ValidationError is a ValueError
        raise damaged(path, "describe the layer that it holds", "description", error) from error
    if description is None:
        raise ValueError(
            f"{path} must be of format version {FORMAT_VERSION} or older, got {str(version)[:20]}, "
            f"written by rnnlab {str(written.get('rnnlab'))[:40]!r}: update rnnlab"
        )
    return description


def damaged(path: Path, requirement: str, what: str, error: Exception) -> ValueError:
    """Return the error about a part of a file that cannot be, in one line with the key."""
    reason = (
        ": " + shorten(str(error), 300, placeholder=" ...") if type(error) is ValueError else ""
    )
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        reason = f" at {place if place.isprintable() else repr(place)}: {first['msg']}"
    return ValueError(
        f"{path} must {requirement}, got a damaged {what}{reason}: take the file as save wrote it"
    )


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
        The cell, where it is not a registered one.
    others : dict of str to tuple of int
        Shapes of the arrays that the file holds beside the layer's.

    Raises
    ------
    ValueError
        If the cell is another one, or arrays are missing, left over or of other shapes.
    """
    definition = _find(path, description.cell, cell)
    options: dict[str, Any] = description.model_dump(exclude={"cell", "seed"})
    sizes = options.pop("input_size"), options.pop("hidden_size")
    if description.num_layers > len(arrays):  # before a wrong number becomes a long loop
        raise ValueError(
            f"{path} must hold {description.num_layers} layers, got {len(arrays)} arrays: "
            "take the file as save wrote it"
        )
    try:
        if options["regularisers"] is not None:
            options["regularisers"] = Regularisers(**options["regularisers"])
        shapes = Stack(Architecture(definition, *sizes, **options), {}).shapes | others
    except (TypeError, ValueError) as error:
        reason = ValueError(str(error))
        raise damaged(path, "describe the layer that it holds", "description", reason) from error
    differences = _differences(shapes, arrays, description.dtype)
    if differences:
        raise ValueError(
            f"{path} must hold the arrays of its {definition.name} layer, but "
            f"{'; '.join(differences)}: take the file as save wrote it"
        )
    # The cheapest to draw: every number is replaced.
    layer = Recurrent(definition, *sizes, **options, init="glorot", seed=0)
    layer.seed = description.seed
    for name, array in layer.parameters.items():
        array[:] = arrays[name]
    return layer


def _differences(
    shapes: Mapping[str, tuple[int, ...]], arrays: Mapping[str, Any], dtype: str
) -> list[str]:
    """Say in words where arrays are not what they have to be."""
    found = [f"{name} is missing" for name in shapes if name not in arrays]
    found += [f"{name} has no place in it" for name in sorted(arrays) if name not in shapes]
    for name, shape in shapes.items():
        array = arrays.get(name)
        if array is None:
            continue
        if not isinstance(array, np.ndarray):
            found.append(f"{name} is of type {type(array).__name__}")
        elif array.shape != shape or array.dtype != dtype:
            found.append(f"{name} is {array.dtype} {array.shape} instead of {dtype} {shape}")
    return found


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
