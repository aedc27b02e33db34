"""Cells: their definitions, the catalogue of files of equations, and lookup by name.

Every cell of the catalogue is an attribute of this package: `rnnlab.cells.lstm`. Its file is
imported at the first use.
"""

import copyreg

from rnnlab.cells import catalogue
from rnnlab.cells.definition import CellDefinition, cell
from rnnlab.cells.layout import ParameterArray
from rnnlab.cells.lookup import find_cell
from rnnlab.cells.pickling import reduce
from rnnlab.registry import cells as _registry

copyreg.pickle(CellDefinition, reduce)
catalogue.register_all(_registry)
_catalogue = catalogue.function_names()

__all__ = ["CellDefinition", "ParameterArray", "cell", "find_cell", *_catalogue]


def __getattr__(name: str) -> CellDefinition:
    """Return a cell of the catalogue by the name of its function."""
    if name not in _catalogue:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    definition = globals()[name] = catalogue.load(name)
    return definition


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
