"""How any cell runs: the only room with Numba and LLVM in it."""

from __future__ import annotations

import functools

import numba

from rnnlab.cells import CellDefinition
from rnnlab.engine.protocol import Engine, Gradients
from rnnlab.engine.readout_matmul import matmul
from rnnlab.engine.reference_engine import ReferenceEngine
from rnnlab.engine.snapshot import Snapshot, snapshot
from rnnlab.engine.threads import get_num_threads, set_num_threads

__all__ = [
    "Engine",
    "Gradients",
    "ReferenceEngine",
    "Snapshot",
    "engine_for",
    "get_num_threads",
    "instruction_set",
    "is_cached",
    "matmul",
    "prepare",
    "set_num_threads",
    "snapshot",
]


@functools.cache
def engine_for(cell: CellDefinition, dtype_name: str) -> Engine:
    """Return the engine that runs `cell` in `dtype_name`; kernels are compiled at their first use.

    Under NUMBA_DISABLE_JIT=1 it is the reference engine, in NumPy.
    """
    if numba.config.DISABLE_JIT:
        return ReferenceEngine(cell, dtype_name)
    from rnnlab.engine.compiled_engine import CompiledEngine

    return CompiledEngine(cell, dtype_name)


def instruction_set() -> str:
    """Return the vector instructions that kernels are compiled for, such as "AVX2"."""
    from rnnlab.engine.intrinsics import target

    return target().instruction_set


def is_cached(cell: CellDefinition, dtype_name: str, *, through_time: bool = False) -> bool:
    """Tell whether the kernels of a cell lie compiled on disk."""
    engine = engine_for(cell, dtype_name)
    return engine.is_cached(through_time=through_time)


def prepare(cell: CellDefinition, dtype_name: str, *, through_time: bool = False) -> bool:
    """Compile the kernels of a cell, or load them; tell whether any had to be compiled."""
    return engine_for(cell, dtype_name).prepare(through_time=through_time)
