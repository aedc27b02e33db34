"""Parameters in the form that the loops read, and gradients back in the form of the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnlab.engine import sequence
from rnnlab.engine.matmul import pack, packed_size
from rnnlab.engine.plan import Plan, Product
from rnnlab.engine.protocol import Array

_SOURCES = {"x": sequence.FROM_X, "state": sequence.FROM_STATE, "operand": sequence.FROM_OPERAND}


@dataclass(frozen=True)
class PackedWeights:
    """What the loops are given of the parameters.

    Attributes
    ----------
    products : int64 array (products, 7)
        The plan's products with their sizes and offsets; columns as in `sequence`.
    panels : array
        All weights in panels, for one direction of time.
    gradient_size : int
        Numbers in the gradients of all weights.
    """

    products: Array
    panels: Array
    gradient_size: int


def _stack(product: Product, parameters: Mapping[str, Array], units: int) -> Array:
    """Return the rows of a product in the order of its lanes, (lanes * H, columns)."""
    array = parameters[product.array]
    first, count = product.blocks[0], len(product.blocks)
    if product.blocks == tuple(range(first, first + count)):
        return array[first * units : (first + count) * units]
    blocks = [array[block * units : (block + 1) * units] for block in product.blocks]
    return np.concatenate(blocks)


def pack_weights(
    plan: Plan, parameters: Mapping[str, Array], units: int, *, backward: bool
) -> PackedWeights:
    """Pack the weights for the forward loop, or for the backward one."""
    products = np.zeros((len(plan.products), 7), np.int64)
    matrices = [_stack(product, parameters, units) for product in plan.products]
    offset = gradient = 0
    for row, product, matrix in zip(products, plan.products, matrices, strict=True):
        columns, inner = matrix.shape
        row[sequence.SOURCE] = _SOURCES[product.source]
        row[sequence.INDEX] = product.index
        row[sequence.STAGE] = product.stage
        row[sequence.COLUMN] = product.first_lane * units
        row[sequence.COLUMNS] = columns
        row[sequence.PANELS] = offset
        row[sequence.GRADIENT] = gradient
        shape = (columns, inner) if backward else (inner, columns)
        offset += packed_size(*shape, matrix.dtype)
        gradient += matrix.size
    panels = np.empty(offset, matrices[0].dtype)
    ends = [*products[1:, sequence.PANELS], offset]
    for row, end, matrix in zip(products, ends, matrices, strict=True):
        pack(matrix if backward else matrix.T, panels[row[sequence.PANELS] : end])
    return PackedWeights(products, panels, gradient)


def lane_bias(plan: Plan, parameters: Mapping[str, Array], units: int, dtype: Any) -> Array:
    """Return what every lane starts from, (lanes * H,)."""
    bias = np.zeros((len(plan.lanes), units), dtype)
    for array in plan.cell.arrays.values():
        if array.kind == "bias":
            for block, position in enumerate(array.maps):
                start = block * units
                lane = plan.lanes.index(position)
                bias[lane] = parameters[array.name][start : start + units]
    return bias.reshape(-1)


def stack_vectors(plan: Plan, parameters: Mapping[str, Array], units: int, dtype: Any) -> Array:
    """Return the learned vectors one after the other, (vectors * H,); a scalar, H times."""
    found = [parameters[node.payload.name] for node in plan.cell.equations.vectors]
    if not found:
        return np.zeros(0, dtype)
    return np.concatenate([np.broadcast_to(array, units) for array in found])


def unpack_gradients(
    plan: Plan,
    parameters: Mapping[str, Array],
    products: Array,
    weights: Array,
    bias: Array,
    vectors: Array,
) -> dict[str, Array]:
    """Return the gradients by parameter name, shaped as the parameters."""
    gradients = {name: np.zeros_like(array) for name, array in parameters.items()}
    units = bias.size // len(plan.lanes)
    for row, product in zip(products, plan.products, strict=True):
        target = gradients[product.array]
        columns = target.shape[1]
        start = row[sequence.GRADIENT]
        for place, block in enumerate(product.blocks):
            at = start + place * units * columns
            region = weights[at : at + units * columns].reshape(units, columns)
            target[block * units : (block + 1) * units] = region
    for array in plan.cell.arrays.values():
        if array.kind == "bias":
            for block, position in enumerate(array.maps):
                lane = plan.lanes.index(position)
                gradients[array.name][block * units : (block + 1) * units] = bias[
                    lane * units : (lane + 1) * units
                ]
    for position, node in enumerate(plan.cell.equations.vectors):
        per_unit = vectors[position * units : (position + 1) * units]
        with np.errstate(over="ignore", invalid="ignore"):  # as in the kernels: infinities surface
            gradients[node.payload.name][:] = per_unit.sum() if node.payload.shared else per_unit
    return gradients
