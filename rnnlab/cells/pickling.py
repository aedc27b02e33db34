"""Pickling of cells, by the place where their equations are written.

Equations are code and are not stored in a pickle. Their fingerprint is stored, so that a change of
the equations is noticed when the pickle is read.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from pickle import PicklingError
from typing import Any

from rnnlab.cells.definition import CellDefinition
from rnnlab.cells.lookup import find_cell
from rnnlab.registry import cells


def file_spec(cell: CellDefinition) -> str | None:
    """Return "FILE.py:NAME" of a cell at the top level of a file, without the file's folder.

    Examples
    --------
    >>> from rnnlab.cells import lstm
    >>> file_spec(lstm)
    'lstm.py:lstm'
    """
    variable = _variable(cell)
    return variable and f"{Path(cell.function.__code__.co_filename).name}:{variable}"


def _variable(cell: CellDefinition) -> str | None:
    """Return the name of the module-level variable that holds the cell."""
    held = cell.function.__globals__.items()
    return next((name for name, value in held if value is cell), None)


def reduce(cell: CellDefinition) -> tuple[Any, ...]:
    """Return the call by which pickle finds the cell again: by its name, module or file.

    Raises
    ------
    pickle.PicklingError
        If the cell was defined inside a function, where it cannot be found again.
    """
    if cell.made_by is not None:
        return cell.made_by
    if cell.name in cells and cells[cell.name] is cell:
        return find_again, ("name", cell.name, "", cell.fingerprint)
    variable, scope = _variable(cell), cell.function.__globals__
    if variable is None:
        raise PicklingError(
            f"a cell to be pickled must be defined at the top level of a file, got {cell.name!r} "
            "from inside a function: define it there"
        )
    module = str(scope.get("__name__"))
    if getattr(sys.modules.get(module), "__dict__", None) is scope:
        return find_again, ("module", variable, module, cell.fingerprint)
    file = str(Path(cell.function.__code__.co_filename).resolve())
    return find_again, ("file", variable, file, cell.fingerprint)


def find_again(kind: str, name: str, place: str, expected: str) -> CellDefinition:
    """Return the cell that a pickle refers to.

    Raises
    ------
    ValueError
        If the cell does not exist any more, or if its equations have changed.
    """
    if kind == "module":
        found = getattr(importlib.import_module(place), name, None)
    else:
        found = find_cell(name if kind == "name" else f"{place}:{name}")
    if not isinstance(found, CellDefinition) or found.fingerprint != expected:
        where = f" of {place}" if place else ""
        raise ValueError(
            f"the cell {name}{where} must have the equations it was pickled with, "
            f"got {'others' if found is not None else 'none'}: restore them, or make a new layer"
        )
    return found
