"""Layer files: named arrays in the safetensors format, the architecture in their metadata.

A file holds no code. It names its cell and the fingerprint of the cell's equations; the equations
themselves are not in it, so a cell of your own is passed when the file is read.
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

from rnnlab.cells.pickling import file_spec
from rnnlab.engine.protocol import Array
from rnnlab.files import write_whole
from rnnlab.layers.architecture import Architecture
from rnnlab.layers.named_arrays import parse_json, read_arrays
from rnnlab.registry import cells
from rnnlab.version import __version__

#: Increased when an older rnnlab could not read the file. `read` keeps reading all older versions.
FORMAT_VERSION = 3
#: The only key of the metadata: the format does not keep the order of several.
KEY = "rnnlab"


def _printable(text: str) -> str:
    """Return a text that messages may show as it is."""
    if not text.isprintable():
        raise ValueError("text must be printable")
    return text


Text = Annotated[str, Field(max_length=1000), AfterValidator(_printable)]
#: A size of an array: NumPy counts its bytes in 64 bits.
Size = Annotated[int, Field(gt=0, lt=2**48)]
Seed = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(ge=0, lt=1)]


class CellDescription(BaseModel):
    """Identity of a cell: name, FILE.py:NAME if it is not a registered one, fingerprint."""

    name: Text
    file: Text | None = None
    equations: Text


class RegularisersDescription(BaseModel, extra="forbid"):
    """Arguments of `Regularisers`."""

    input_dropout: Rate = 0.0
    dropout: Rate = 0.0
    output_dropout: Rate = 0.0
    hidden_dropout: Rate = 0.0
    recurrent_dropout: Rate | dict[Text, Rate] = 0.0
    zoneout: Rate | dict[Text, Rate] = 0.0
    variational: bool = False


class LayerDescription(BaseModel):
    """Architecture of a layer, and the seed of its initial parameters."""

    cell: CellDescription
    input_size: Size
    hidden_size: Size
    num_layers: Size
    bidirectional: bool
    learn_initial_state: bool
    regularisers: RegularisersDescription | None = None
    dtype: Literal["float32", "float64"]
    batch_first: bool = False
    seed: Seed | None = None


class Description(BaseModel):
    """Metadata of a file."""

    format_version: Annotated[int, Field(ge=1)] = FORMAT_VERSION
    rnnlab: Text = __version__
    kind: Literal["layer", "model"]
    layer: LayerDescription
    output_size: Size | None = None  # of a model's readout
    read: Literal["every", "last"] = "every"  # the steps at which a model's readout answers
    readout: Text = "linear"  # in the registry of readouts
    readout_options: dict[Text, Any] = {}
    seed: Seed | None = None  # of the readout's initial weights
    notes: dict[str, Any] | None = None  # of the model's owner


def describe(architecture: Architecture, seed: int | None) -> LayerDescription:
    """Return the description of a layer's architecture and seed."""
    cell, noise = architecture.cell, architecture.regularisers
    known = cell.name in cells and cells[cell.name] is cell
    return LayerDescription(
        cell=CellDescription(
            name=cell.name, file=None if known else file_spec(cell), equations=cell.fingerprint
        ),
        input_size=architecture.input_size,
        hidden_size=architecture.hidden_size,
        seed=seed,
        **(architecture.options | {"regularisers": noise and asdict(noise)}),
    )


def write(
    path: Path,
    arrays: Mapping[str, Array],
    shapes: Mapping[str, tuple[int, ...]],
    description: Description,
) -> Path:
    """Write arrays and their description, whole or not at all, if they can be read back.

    Raises
    ------
    ValueError
        If an array was replaced by one of another shape or dtype.
    """
    found = differences(shapes, arrays, description.layer.dtype)
    if found:
        raise ValueError(
            f"a saved layer or model must hold its own arrays, but {'; '.join(found)}: "
            "change parameters in place, parameters[name][:] = ..."
        )
    # safetensors writes the bytes as they are in memory, without strides.
    held = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_whole(path, to_safetensors(held, {KEY: description.model_dump_json()}))
    return path


def read(path: Path) -> tuple[Description, dict[str, Array]]:
    """Read a file that `write` wrote, in this version of the format or an older one.

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
    """Return the error about an invalid piece of a file, in one line with the key."""
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


def differences(
    shapes: Mapping[str, tuple[int, ...]], arrays: Mapping[str, Any], dtype: str
) -> list[str]:
    """Return in words where arrays differ from the required names, shapes and dtype."""
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
