"""Number of parameters and memory of a layer, without making it."""

from __future__ import annotations

import math

from rnnlab.capacity import check_memory
from rnnlab.cells.definition import CellDefinition


def learned_by(cell: CellDefinition, inputs: int, units: int, num_layers: int = 1) -> int:
    """Return the number of parameters of a layer, or of a stack, in one direction.

    Examples
    --------
    >>> from rnnlab.cells import rnn
    >>> learned_by(rnn, 5, 4)  # 4 * (5 + 4 + 1)
    40
    >>> learned_by(rnn, 5, 4, num_layers=2)  # and 4 * (4 + 4 + 1)
    76
    """

    def count(width: int) -> int:
        arrays = cell.arrays.values()
        return sum(math.prod(array.shape(inputs=width, units=units)) for array in arrays)

    return count(inputs) + (num_layers - 1) * count(units)


def check_pass(
    cell: CellDefinition,
    *,
    steps: int,
    batch: int,
    inputs: int,
    hidden: int,
    num_layers: int = 1,
    bytes_each: int = 4,
) -> None:
    """Raise a ValueError if the parameters or a training pass do not fit into memory.

    Parameters
    ----------
    cell : CellDefinition
    steps, batch, inputs, hidden, num_layers : int
        T, B, I, H and the number of stacked layers.
    bytes_each : int
        Bytes of a number: 4 in float32.
    """
    sizes = f"H = {hidden}, I = {inputs}" + f", {num_layers} layers" * (num_layers > 1)
    learned = learned_by(cell, inputs, hidden, num_layers)
    check_memory(f"the parameters of {cell.name} ({sizes})", bytes_each * learned)
    kept = inputs + num_layers * hidden * (len(cell.maps) + len(cell.states))
    check_memory(
        f"the tape of a training pass of {cell.name} (T = {steps}, B = {batch}, {sizes})",
        bytes_each * steps * batch * kept,
    )
