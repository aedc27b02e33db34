"""Which cell it is: a fingerprint of its equations, and the place where it can be found again."""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path
from pickle import PicklingError
from typing import TYPE_CHECKING, Any

from rnnlab.equations.expression import reachable
from rnnlab.registry import cells

if TYPE_CHECKING:
    from rnnlab.cells.definition import CellDefinition


def fingerprint(cell: CellDefinition) -> str:
    """Return 16 hexadecimal digits that tell the cell's computation from any other.

    They rest on what is computed from what and on where each number lies in the parameter arrays;
    neither on the names of variables and of the cell, nor on the order of statements that does not
    show in the arrays, nor on what parameters start at.

    Examples
    --------
    >>> from rnnlab.cells import gru, lstm
    >>> fingerprint(lstm) == fingerprint(lstm) != fingerprint(gru)
    True
    """
    equations, digests = cell.equations, dict[int, str]()
    for node in reachable(equations.outputs):  # operands first
        operands = [digests[operand.index] for operand in node.args]
        if node.op in ("add", "multiply"):
            operands.sort()
        digests[node.index] = _digest(node.op, _meaning(node.op, node.payload), *operands)
    arrays = [
        f"{array.name} {array.kind} {array.source} {[cell.maps[m] for m in array.maps]}"
        for array in cell.arrays.values()
    ]
    return _digest(*cell.states, *(digests[node.index] for node in equations.outputs), *arrays)[:16]


def _meaning(op: str, payload: Any) -> str:
    """Return what of a node's payload takes part in the computation."""
    if op == "linear":
        return f"{payload.name} {payload.bias is not None}"
    if op == "vector":
        return str(payload.name)
    if op == "input":
        return "x"
    return repr(payload)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def file_spec(cell: CellDefinition) -> str | None:
    """Return "FILE.py:NAME" of a cell that stands at the top of a file, the file without folders.

    Examples
    --------
    >>> from rnnlab.cells import lstm
    >>> file_spec(lstm)
    'lstm.py:lstm'
    """
    variable = _variable(cell)
    return variable and f"{Path(cell.function.__code__.co_filename).name}:{variable}"


def _variable(cell: CellDefinition) -> str | None:
    """Return the name of the module's variable that holds the cell."""
    held = cell.function.__globals__.items()
    return next((name for name, value in held if value is cell), None)


def reduce(cell: CellDefinition) -> tuple[Any, ...]:
    """Say to pickle where the cell will be found: its name, its module or its file.

    Equations are code and do not go into a pickle; the fingerprint does, so that other equations
    under the same name are noticed.

    Raises
    ------
    pickle.PicklingError
        If the cell was made inside a function: nobody could find it again.
    """
    if cell.name in cells and cells[cell.name] is cell:
        return find_again, ("name", cell.name, "", fingerprint(cell))
    variable, scope = _variable(cell), cell.function.__globals__
    if variable is None:
        raise PicklingError(
            f"a cell to be pickled must stand at the top of a file, got {cell.name!r} from inside "
            "a function: define it there"
        )
    module = str(scope.get("__name__"))
    if getattr(sys.modules.get(module), "__dict__", None) is scope:
        return find_again, ("module", variable, module, fingerprint(cell))
    file = str(Path(cell.function.__code__.co_filename).resolve())
    return find_again, ("file", variable, file, fingerprint(cell))


def find_again(kind: str, name: str, place: str, expected: str) -> CellDefinition:
    """Return the cell that `reduce` spoke of.

    Raises
    ------
    ValueError
        If it has gone, or has other equations than it had.
    """
    from rnnlab.cells.lookup import find_cell

    if kind == "module":
        found = getattr(importlib.import_module(place), name, None)
    else:
        found = find_cell(name if kind == "name" else f"{place}:{name}")
    if getattr(found, "fingerprint", None) != expected:
        where = f" of {place}" if place else ""
        raise ValueError(
            f"the cell {name}{where} must have the equations it was pickled with, "
            f"got {'others' if found is not None else 'none'}: put them back, or make the layer new"
        )
    return found  # type: ignore[return-value]
