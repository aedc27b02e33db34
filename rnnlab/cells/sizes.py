"""Number of parameters of a layer that is not made yet."""

from __future__ import annotations

import math

from rnnlab.cells.definition import CellDefinition


def learned_by(cell: CellDefinition, inputs: int, units: int, num_layers: int = 1) -> int:
    """Return the number of parameters of a layer, or of a stack of them, in one direction.

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
