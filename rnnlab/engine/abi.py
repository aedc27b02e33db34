"""Layout of the arrays through which the time loops and the pointwise kernels communicate.

At every time step the loops write addresses into a table, which the kernels read. Both sides, and
what prepares the loops' arguments, take positions and columns from here. Numba compiles them into
the loops as constants.
"""

from __future__ import annotations

from typing import NamedTuple

#: Columns of the array of products.
PRODUCT_COLUMNS = 7
SOURCE, INDEX, STAGE, COLUMN, COLUMNS, PANELS, GRADIENT = range(PRODUCT_COLUMNS)
#: Values of column SOURCE.
FROM_X, FROM_STATE, FROM_OPERAND = range(3)
#: Columns of the array of operands: 1 if an operand is the new value of a state, and its buffer.
OPERAND_COLUMNS = 2
IS_STATE, BUFFER = range(OPERAND_COLUMNS)
#: Entries at the beginning of the table of addresses.
FIXED_ENTRIES = 4
LANES, D_LANES, VECTORS, D_VECTORS = range(FIXED_ENTRIES)


class Table(NamedTuple):
    """Positions of the further entries of the table; each is the first of a group.

    Attributes
    ----------
    value : int
        Extra buffers.
    before, after : int
        States of the step before, and new states.
    d_state : int
        dL/d state: of the new states when stage 0 begins, of those before when it ends.
    d_operand : int
        dL/d computed operand, as the products return it.
    through_time : int
        dL/ds_t, where it is requested.
    size : int
        Number of entries.
    """

    value: int
    before: int
    after: int
    d_state: int
    d_operand: int
    through_time: int
    size: int


def table_layout(values: int, states: int, operands: int) -> Table:
    """Return the layout of the table for these numbers of extra buffers, states and operands."""
    value = FIXED_ENTRIES
    before = value + values
    after = before + states
    d_state = after + states
    d_operand = d_state + states
    through_time = d_operand + operands
    return Table(value, before, after, d_state, d_operand, through_time, through_time + states)
