"""rnnlab: gated recurrent cells from their equations, with exact gradients, at full speed.

Names are loaded at their first use, so that `import rnnlab` and `rnnlab --help` cost nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rnnlab.version import __version__

_WHERE = {
    "rnnlab.cells": ("cell",),
    "rnnlab.equations": (
        "exp",
        "hard_sigmoid",
        "identity",
        "linear",
        "log",
        "maximum",
        "minimum",
        "relu",
        "scalar",
        "sigmoid",
        "softsign",
        "sqrt",
        "tanh",
        "uniform",
        "vector",
        "where",
    ),
    "rnnlab.engine": ("get_num_threads", "set_num_threads"),
    "rnnlab.layers": ("GRU", "LSTM", "RNN", "PeepholeLSTM", "Recurrent", "Regularisers"),
    "rnnlab.training.saving": ("load",),
    "rnnlab.reports": ("report",),
    "rnnlab.data": ("load_fitted",),
    "rnnlab.experiments": ("fit", "run"),
}
_HOME = {name: module for module, names in _WHERE.items() for name in names}

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "PeepholeLSTM",
    "Recurrent",
    "Regularisers",
    "__version__",
    "cell",
    "exp",
    "fit",
    "get_num_threads",
    "hard_sigmoid",
    "identity",
    "linear",
    "load",
    "load_fitted",
    "log",
    "maximum",
    "minimum",
    "relu",
    "report",
    "run",
    "scalar",
    "set_num_threads",
    "sigmoid",
    "softsign",
    "sqrt",
    "tanh",
    "uniform",
    "vector",
    "where",
]

if TYPE_CHECKING:
    from rnnlab.cells import cell
    from rnnlab.data import load_fitted
    from rnnlab.engine import get_num_threads, set_num_threads
    from rnnlab.equations import (
        exp,
        hard_sigmoid,
        identity,
        linear,
        log,
        maximum,
        minimum,
        relu,
        scalar,
        sigmoid,
        softsign,
        sqrt,
        tanh,
        uniform,
        vector,
        where,
    )
    from rnnlab.experiments import fit, run
    from rnnlab.layers import GRU, LSTM, RNN, PeepholeLSTM, Recurrent, Regularisers
    from rnnlab.reports import report
    from rnnlab.training.saving import load


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
    raise AttributeError(f"module 'rnnlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
