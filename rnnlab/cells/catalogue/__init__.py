"""Catalogue of cells: one file of equations each, discovered by its name.

The file `peephole_lstm.py` holds the function `peephole_lstm`, which defines the cell
`peephole-lstm`. A file that is added here is in the registry, on the command line and in the
tests; it is imported when its cell is first used.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import partial

from rnnlab.cells.definition import CellDefinition
from rnnlab.registry import Registry

#: The order of tables and figures. Cells that are not named here follow in alphabetical order.
_ORDER = (
    *("rnn", "rnn_relu", "lstm", "peephole_lstm", "gru"),
    *("nig", "nfg", "nog", "niaf", "noaf", "cifg", "np_", "fgr"),  # Greff's variants of the LSTM
    *("gru_reset_before", "peephole_lstm_full", "mgu", "minimalrnn", "janet", "ugrnn", "ran"),
    *("atr", "ligru"),
    *("mut1", "mut2", "mut3"),  # found by a search
    *("irnn", "indrnn", "scrn", "star", "fastgrnn", "cornn", "lem", "multiplicative_lstm", "slstm"),
    # the LSTM's further relatives
    *("lstm_1997", "reslstm", "wmc_lstm", "memory_controller_lstm", "nested_lstm", "nas"),
    # gates that see h
    *("fastrnn", "cfn", "brc", "nbrc", "sgu", "dsgu", "miru1", "miru2", "sgrn", "lightru"),
    *("intersection_rnn", "tau_gru", "rhn_2", "rhn_3"),
    # linear in h, or gates that see x alone
    *("mingru", "minlstm", "sru", "qrnn", "hgrn", "t_rnn", "t_gru", "t_lstm"),
    *("nlru", "unicornn"),
)


def function_names() -> list[str]:
    """Return the names of the functions that define the cells, which are those of their files."""
    found = sorted(module.name for module in pkgutil.iter_modules(__path__))
    ordered = [name for name in _ORDER if name in found]
    return ordered + [name for name in found if name not in _ORDER]


def load(function_name: str) -> CellDefinition:
    """Import one file of the catalogue and return its cell."""
    module = importlib.import_module(f"{__name__}.{function_name}")
    cell: CellDefinition = getattr(module, function_name)
    return cell


def register_all(registry: Registry[CellDefinition]) -> None:
    """Register every cell of the catalogue, without importing its file yet."""
    for name in function_names():
        registry.register_lazily(name.strip("_").replace("_", "-"), partial(load, name))
