"""Bounds of a value that hold for any input, by interval arithmetic."""

from __future__ import annotations

from rnnlab.equations.expression import LEAVES, Expression, reachable
from rnnlab.equations.operation import UNBOUNDED, Bounds


def bounds(node: Expression) -> Bounds:
    """Return a least and a largest value that `node` cannot go beyond.

    The operands of an operation count as independent of each other, so that the bounds may be wider
    than necessary.

    Examples
    --------
    >>> from rnnlab.cells import gru
    >>> gates = gru.equations.gates
    >>> bounds(gates["z"]), bounds(1 - 2 * gates["z"]), bounds(gates["n"])
    ((0, 1), (-1.0, 1.0), (-1, 1))
    """
    known: dict[int, Bounds] = {}
    for inner in reachable([node]):
        if inner.op == "constant":
            known[inner.index] = inner.payload, inner.payload
        elif inner.op in LEAVES:
            known[inner.index] = UNBOUNDED
        else:
            known[inner.index] = inner.operation.bounds(*(known[arg.index] for arg in inner.args))
    return known[node.index]
