"""Weights of one gate over the concatenation [h, x], as textbooks print them."""

from __future__ import annotations

import numpy as np

from rnnlab.engine.protocol import Array
from rnnlab.layers.direction import Direction
from rnnlab.layers.validation import check_array
from rnnlab.registry import unknown_name


def read_gate(direction: Direction, name: str) -> tuple[Array, Array]:
    """Return copies of a gate's weight (H, columns) and bias (H,); zeros where it has none."""
    blocks, bias = _views(direction, name)
    zeros = np.zeros(direction.hidden_size, direction.dtype)
    columns = [_columns(direction, source, view) for source, view in blocks.items()]
    return np.concatenate(columns, axis=1), (zeros if bias is None else bias.copy())


def write_gate(direction: Direction, name: str, weight: Array, bias: Array) -> None:
    """Set a gate's weight and bias in the live parameters; change nothing if they do not fit."""
    blocks, target = _views(direction, name)
    widths = [_columns(direction, source, view).shape[1] for source, view in blocks.items()]
    dtype = np.dtype(direction.dtype)
    total, units = sum(widths), direction.hidden_size
    axes = f"(H={units}, {total}) over [{', '.join(blocks)}]"
    weight = check_array("weight", weight, (units, total), dtype, axes)
    bias = check_array("bias", bias, (units,), dtype, f"(H={units},)")
    pieces = np.split(weight, np.cumsum(widths)[:-1], axis=1)
    for (source, view), piece in zip(blocks.items(), pieces, strict=True):
        if view is None and piece.any():
            raise ValueError(
                f"gate {name} has no matrix on {source}, got one that is not 0: "
                "set those columns to 0"
            )
    if target is None and bias.any():
        raise ValueError(f"gate {name} has no bias, got one that is not 0: pass zeros")
    for view, piece in zip(blocks.values(), pieces, strict=True):
        if view is not None:
            view[:] = piece
    if target is not None:
        target[:] = bias


def _columns(direction: Direction, source: str, view: Array | None) -> Array:
    width = direction.input_size if source == "x" else direction.hidden_size
    return np.zeros((direction.hidden_size, width), direction.dtype) if view is None else view


def _views(direction: Direction, name: str) -> tuple[dict[str, Array | None], Array | None]:
    """Return views of a gate's matrices, by the operand they act on, and of its bias."""
    cell, units, suffix = direction.cell, direction.hidden_size, direction.suffix
    if name not in cell.maps:
        raise ValueError(unknown_name("gate", name, dict.fromkeys(cell.maps)))
    views: dict[str, Array | None] = {}
    for array in cell.arrays.values():
        for block, position in enumerate(array.maps):
            if array.kind == "weight" and cell.maps[position] == name:
                rows = slice(block * units, (block + 1) * units)
                views[str(array.source)] = direction.checked(array.name + suffix)[rows]
    output = cell.states[0]
    ordered = [s for s in views if s not in (output, "x")] + [output, "x"]
    place = cell.bias_of(name)
    bias = None
    if place is not None:
        rows = slice(place[1] * units, (place[1] + 1) * units)
        bias = direction.checked(place[0] + suffix)[rows]
    return {source: views.get(source) for source in ordered}, bias
