"""Engines, which run any cell; the only package that uses Numba and LLVM.

Importing it does not import Numba: plans and sizes are known without.
"""

from __future__ import annotations

import functools
from typing import Any

from rnnlab.cells import CellDefinition
from rnnlab.engine.protocol import Engine, EngineFactory, Gradients, PassInputs, Record
from rnnlab.engine.reference_engine import ReferenceEngine
from rnnlab.engine.snapshot import Snapshot, snapshot
from rnnlab.engine.threads import get_num_threads, set_num_threads
from rnnlab.registry import engines

__all__ = [
    "DEFAULT",
    "Engine",
    "EngineFactory",
    "Gradients",
    "PassInputs",
    "Record",
    "ReferenceEngine",
    "Snapshot",
    "engine_for",
    "find_engine",
    "get_num_threads",
    "instruction_set",
    "is_cached",
    "prepare",
    "set_num_threads",
    "snapshot",
]

#: Name of the engine that runs a layer unless another one is chosen.
DEFAULT = "compiled"


@functools.cache
def engine_for(
    cell: CellDefinition, dtype_name: str, engine: str | EngineFactory = DEFAULT
) -> Engine[Record]:
    """Return the engine that runs `cell` in `dtype_name`; kernels are compiled at their first use.

    Parameters
    ----------
    cell : CellDefinition
    dtype_name : "float32" or "float64"
    engine : str or callable
        A registered name, or what makes an engine (see `find_engine`). Under NUMBA_DISABLE_JIT=1
        the compiled engine is replaced by the reference engine.
    """
    return find_engine(engine)(cell, dtype_name)


def find_engine(engine: str | EngineFactory) -> EngineFactory:
    """Return the function that makes an engine from a cell and the name of a dtype.

    Parameters
    ----------
    engine : str or callable
        A name in `rnnlab.registry.engines` ("compiled", "reference"), or the function itself, which
        is returned.

    Raises
    ------
    ValueError
        If there is no engine of that name.
    TypeError
        If it is neither a name nor callable.
    """
    if isinstance(engine, str):
        factory: EngineFactory = engines[engine]
        return factory
    if not callable(engine):
        raise TypeError(
            "engine must be a name or a function of a cell and a dtype that returns an engine, "
            f'got {type(engine).__name__}: write engine="{DEFAULT}"'
        )
    return engine


def _compiled(cell: CellDefinition, dtype_name: str) -> Engine[Record]:
    import numba

    if numba.config.DISABLE_JIT:
        return ReferenceEngine(cell, dtype_name)
    from rnnlab.engine.compiled_engine import CompiledEngine

    return CompiledEngine(cell, dtype_name)


def _check_offer(_: str, value: Any) -> EngineFactory:
    """Return the object of an entry point of the group `rnnlab.engines`, if it can be an engine."""
    if isinstance(value, str) or not callable(value):
        raise TypeError(
            f"the entry point must lead to a function of a cell and a dtype, got "
            f"{type(value).__name__}: write package.module:function"
        )
    return find_engine(value)


engines.register(DEFAULT, _compiled)
engines.register("reference", ReferenceEngine)
engines.open_to("rnnlab.engines", _check_offer)


def instruction_set() -> str:
    """Return the vector instructions that kernels are compiled for, such as "AVX2"."""
    from rnnlab.engine.intrinsics import target

    return target().instruction_set


def is_cached(cell: CellDefinition, dtype_name: str, *, through_time: bool = False) -> bool:
    """Return whether the kernels of a cell are compiled on disk."""
    return engine_for(cell, dtype_name).is_cached(through_time=through_time)


def prepare(cell: CellDefinition, dtype_name: str, *, through_time: bool = False) -> bool:
    """Compile the kernels of a cell, or load them; return whether any had to be compiled."""
    return engine_for(cell, dtype_name).prepare(through_time=through_time)
