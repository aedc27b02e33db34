"""Fingerprint of a cell's equations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from rnnlab.cells.layout import ParameterArray
from rnnlab.equations import Equations
from rnnlab.equations.expression import LEAVES, reachable


def fingerprint(equations: Equations, arrays: Iterable[ParameterArray]) -> str:
    """Return 16 hexadecimal digits that identify a cell's computation.

    The digest covers what is computed from what, and the layout of the parameter arrays. It does
    not cover the names of the cell and of its variables, the order of statements as far as the
    arrays do not show it, and initial values.

    Parameters
    ----------
    equations : Equations
    arrays : iterable of ParameterArray
        The parameter arrays of one layer.

    Examples
    --------
    >>> from rnnlab.cells import gru, lstm
    >>> fingerprint(lstm.equations, lstm.arrays.values()) == lstm.fingerprint != gru.fingerprint
    True
    """
    digests: dict[int, str] = {}
    for node in reachable(equations.outputs):  # operands first
        operands = [digests[operand.index] for operand in node.args]
        if node.op not in LEAVES and node.operation.commutes:
            operands.sort()
        digests[node.index] = _digest(node.op, _meaning(node.op, node.payload), *operands)
    maps = [node.payload.name for node in equations.maps]
    layout = [
        f"{array.name} {array.kind} {array.source} {[maps[m] for m in array.maps]}"
        for array in arrays
    ]
    outputs = [digests[node.index] for node in equations.outputs]
    return _digest(*equations.states, *outputs, *layout)[:16]


def _meaning(op: str, payload: Any) -> str:
    """Return the share of a node's payload that takes part in the computation."""
    if op == "linear":
        return f"{payload.name} {payload.bias is not None}"
    if op == "vector":
        return str(payload.name)
    if op == "input":
        return "x"
    return repr(payload)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
