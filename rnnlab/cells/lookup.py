"""Lookup of cells: by a name of the catalogue or of an installed package, or by `FILE.py:NAME`."""

from __future__ import annotations

from pathlib import Path

from rnnlab.cells.decorator import RefusedCell, keeping_refused
from rnnlab.cells.definition import CellDefinition
from rnnlab.equations.advice import cannot_import
from rnnlab.registry import cells, unknown_name
from rnnlab.user_files import file_and_name, members


def find_cell(spec: str | CellDefinition) -> CellDefinition:
    """Return the cell that `spec` refers to.

    Parameters
    ----------
    spec : str or CellDefinition
        A name ("peephole-lstm") of rnnlab or of an installed package; a file and a name in it
        ("my_cells.py:cifg"); or a definition, which is returned unchanged.

    Returns
    -------
    CellDefinition

    Raises
    ------
    ValueError
        If there is no such cell, with the nearest name; if a file or a package cannot be loaded.
    TypeError
        If `spec` is neither a string nor a definition.

    Examples
    --------
    >>> find_cell("gru").states
    ('h',)
    >>> find_cell("grru")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: cell must be one of atr, brc, ... got 'grru': did you mean 'gru'?
    """
    if isinstance(spec, CellDefinition):
        return spec
    if not isinstance(spec, str):
        raise TypeError(
            f"cell must be a name or a definition made with @cell, got {type(spec).__name__}: "
            'write "lstm" or rnnlab.cells.lstm'
        )
    if place := file_and_name(spec):
        return _from_file(*place)
    found: CellDefinition = cells[spec]
    return found


def _check_offer(name: str, value: object) -> CellDefinition:
    """Return the object of an entry point of the group `rnnlab.cells`, if it is the named cell."""
    if not isinstance(value, CellDefinition):
        raise TypeError(
            f"the entry point must lead to a cell made with @cell, got {type(value).__name__}: "
            "write package.module:cell"
        )
    if value.name != name:
        raise ValueError(
            f"the entry point must have the name of its cell, {value.name!r}, got {name!r}: "
            "rename one of them"
        )
    return value


def _from_file(path: Path, name: str) -> CellDefinition:
    token = keeping_refused.set(True)  # one wrong cell leaves the others of its file usable
    try:
        definitions: dict[str, CellDefinition | RefusedCell] = members(
            "cell",
            path,
            lambda value: isinstance(value, (CellDefinition, RefusedCell)),
            made="with @cell",
            remedy=f"decorate {name}",
            explain=cannot_import,
        )
    finally:
        keeping_refused.reset(token)
    own = {value.name: value for value in definitions.values()}
    found = definitions.get(name) or own.get(name)
    if found is None:
        raise ValueError(unknown_name(f"cell of {path}", name, definitions))
    if isinstance(found, RefusedCell):
        raise found.error
    return found


cells.open_to("rnnlab.cells", _check_offer)
