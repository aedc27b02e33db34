"""Conversion of parameters to the arrays that the time loops read, and of gradients back.

A layer's parameters are live arrays: their user may change them at any time. The packed arrays are
therefore kept with a `Snapshot` of the parameters and are packed again after a change.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rnnlab.engine import abi
from rnnlab.engine.aligned_arrays import aligned
from rnnlab.engine.panels import pack, packed_size
from rnnlab.engine.plan import Plan, Product
from rnnlab.engine.protocol import Array
from rnnlab.engine.snapshot import Snapshot

_SOURCES = {"x": abi.FROM_X, "state": abi.FROM_STATE, "operand": abi.FROM_OPERAND}


@dataclass(frozen=True, eq=False)
class Layout:
    """Positions of a layer's weights among the panels, and of their gradients in one array.

    Attributes
    ----------
    products : int64 array (products, PRODUCT_COLUMNS)
        The plan's products with their sizes and offsets; columns as in `abi`.
    panels : tuple of slice
        The weights of each product among the panels.
    panel_size, gradient_size : int
        Numbers in all panels, and in the gradients of all weights.
    brings_bias : int64 array (lanes,)
        1 for a lane that a product on x starts from the bias.
    """

    products: Array
    panels: tuple[slice, ...]
    panel_size: int
    gradient_size: int
    brings_bias: Array


@lru_cache(maxsize=256)
def lay_out(plan: Plan, inputs: int, units: int, dtype_name: str, *, backward: bool) -> Layout:
    """Return the layout for a layer of I inputs and H units, for one direction of time."""
    products = np.zeros((len(plan.products), abi.PRODUCT_COLUMNS), np.int64)
    brings_bias = np.zeros(len(plan.lanes), np.int64)
    ends, gradient = [0], 0
    for row, product in zip(products, plan.products, strict=True):
        inner = inputs if product.source == "x" else units
        columns = len(product.blocks) * units
        row[abi.SOURCE] = _SOURCES[product.source]
        row[abi.INDEX] = product.index
        row[abi.STAGE] = product.stage
        row[abi.COLUMN] = product.first_lane * units
        row[abi.COLUMNS] = columns
        row[abi.PANELS] = ends[-1]
        row[abi.GRADIENT] = gradient
        shape = (columns, inner) if backward else (inner, columns)
        ends.append(ends[-1] + packed_size(*shape, np.dtype(dtype_name)))
        gradient += columns * inner
        if product.source == "x":
            brings_bias[product.first_lane : product.first_lane + len(product.blocks)] = 1
    return Layout(
        products=products,
        panels=tuple(itertools.starmap(slice, itertools.pairwise(ends))),
        panel_size=ends[-1],
        gradient_size=gradient,
        brings_bias=brings_bias,
    )


def operands_of(plan: Plan) -> Array:
    """Return the array of computed operands, int64 (operands, OPERAND_COLUMNS)."""
    operands = np.zeros((len(plan.operands), abi.OPERAND_COLUMNS), np.int64)
    for row, place in zip(operands, plan.operands, strict=True):
        row[abi.IS_STATE] = place.kind == "state"
        row[abi.BUFFER] = place.index
    return operands


def _rows(product: Product, units: int) -> slice | None:
    """Return the rows of its array that a product takes, None if they are not consecutive."""
    first, count = product.blocks[0], len(product.blocks)
    if product.blocks != tuple(range(first, first + count)):
        return None
    return slice(first * units, (first + count) * units)


def panels_of(
    plan: Plan, layout: Layout, parameters: Snapshot, units: int, *, backward: bool
) -> Array:
    """Return all weights in panels, in the order of the lanes; packed once for a snapshot."""
    return parameters.make(
        (plan, layout), lambda: _pack(plan, layout, parameters, units, backward=backward)
    )


def _pack(
    plan: Plan, layout: Layout, parameters: Mapping[str, Array], units: int, *, backward: bool
) -> Array:
    arrays = [parameters[product.array] for product in plan.products]
    panels = aligned(layout.panel_size, arrays[0].dtype)
    for product, where, array in zip(plan.products, layout.panels, arrays, strict=True):
        rows = _rows(product, units)
        if rows is None:
            blocks = [array[block * units : (block + 1) * units] for block in product.blocks]
            matrix = np.concatenate(blocks)
        else:
            matrix = array[rows]
        pack(matrix if backward else matrix.T, panels[where])
    return panels


def lane_bias(plan: Plan, parameters: Snapshot, units: int) -> Array:
    """Return the bias of each lane, (lanes * H,)."""

    def stack() -> Array:
        bias = np.zeros((len(plan.lanes), units), parameters.dtype)
        for array in plan.cell.arrays.values():
            if array.kind == "bias":
                for block, position in enumerate(array.maps):
                    start = block * units
                    lane = plan.lanes.index(position)
                    bias[lane] = parameters[array.name][start : start + units]
        return bias.reshape(-1)

    return parameters.make((plan, "bias"), stack)


def stack_vectors(plan: Plan, parameters: Snapshot, units: int) -> Array:
    """Return the learned vectors, concatenated, (vectors * H,); a scalar is repeated H times."""

    def stack() -> Array:
        found = [parameters[node.payload.name] for node in plan.cell.equations.vectors]
        parts = [np.broadcast_to(array, units) for array in found]
        return np.concatenate(parts or [np.zeros(0, parameters.dtype)])

    return parameters.make((plan, "vectors"), stack)


def unpack_gradients(
    plan: Plan,
    layout: Layout,
    parameters: Mapping[str, Array],
    weights: Array,
    bias: Array,
    vectors: Array,
) -> dict[str, Array]:
    """Return the gradients by parameter name, shaped as the parameters.

    A gradient that `weights` holds in the parameter's own layout is returned without a copy.
    """
    gradients: dict[str, Array] = {}
    units = bias.size // len(plan.lanes)
    for row, product in zip(layout.products, plan.products, strict=True):
        shape = parameters[product.array].shape
        start, size = row[abi.GRADIENT], len(product.blocks) * units * shape[1]
        region = weights[start : start + size].reshape(-1, shape[1])
        rows = _rows(product, units)
        if region.shape == shape and rows is not None:
            gradients[product.array] = region
            continue
        target = gradients.setdefault(product.array, np.empty(shape, weights.dtype))
        for place, block in enumerate(product.blocks):
            share = region[place * units : (place + 1) * units]
            target[block * units : (block + 1) * units] = share
    for array in plan.cell.arrays.values():
        if array.kind == "bias":
            lanes = [plan.lanes.index(position) for position in array.maps]
            gradients[array.name] = bias.reshape(-1, units)[lanes].reshape(-1)
    for position, node in enumerate(plan.cell.equations.vectors):
        per_unit = vectors[position * units : (position + 1) * units]
        if node.payload.shared:
            # As in kernels, infinities stay visible and cause no warning.
            with np.errstate(over="ignore", invalid="ignore"):
                per_unit = per_unit.sum(keepdims=True)
        gradients[node.payload.name] = per_unit
    return {name: gradients[name] for name in parameters}
