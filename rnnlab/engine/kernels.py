"""Compiled kernels of one cell in one dtype, cached on disk.

The two time loops are compiled once for a dtype and serve every cell. A cell adds two small
pointwise kernels for each stage; the loops call them by address.
"""

from __future__ import annotations

import hashlib
import linecache
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import numpy as np
from numba import njit, types

from rnnlab.cells import CellDefinition
from rnnlab.engine import pointwise, sequence
from rnnlab.engine.caching import compile_kernel, enable_cache, is_on_disk
from rnnlab.engine.intrinsics import (
    POINTWISE_ARGUMENTS,
    advance,
    entry_reader,
    load,
    rename,
    store,
    vectorise_fully,
)
from rnnlab.engine.matmul import kernel_name, product_kernels
from rnnlab.engine.panels import OPTIONS, helpers
from rnnlab.engine.plan import Plan, make_plan
from rnnlab.engine.protocol import Array
from rnnlab.engine.spinning_threads import WATCH
from rnnlab.engine.vector_math import FAST_MATH, vector_functions


def _loop_names(dtype_name: str) -> tuple[str, str]:
    return f"sequence_forward_{dtype_name}", f"sequence_backward_{dtype_name}"


@cache
def _loops(dtype_name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the forward and the backward loop of one dtype."""
    inlined = {
        name: njit(**OPTIONS)(getattr(sequence, name))
        for name in ("table_layout", "fill_table", "source_offset", "lanes_at")
    }
    loops = []
    for template, name in zip(
        (sequence.sequence_forward, sequence.sequence_backward),
        _loop_names(dtype_name),
        strict=True,
    ):
        function = rename(template, name, **inlined, **vars(helpers(dtype_name)))
        dispatcher = njit(nogil=True, **OPTIONS)(function)
        enable_cache(dispatcher, function)
        loops.append(dispatcher)
    return loops[0], loops[1]


def _kernel_source(plan: Plan, dtype_name: str, kind: str, stage: int) -> tuple[str, str]:
    """Return the name (with the hash of its code) and the source of a pointwise kernel."""

    def write(name: str) -> str:
        if kind == "forward":
            return pointwise.forward_source(plan, stage, name)
        if kind == "backward":
            return pointwise.backward_source(plan, stage, name)
        return pointwise.through_time_source(plan, name)

    digest = hashlib.sha256(f"{dtype_name}\n{write('kernel')}".encode()).hexdigest()[:16]
    cell = plan.cell.name.replace("-", "_")
    cell = "".join(letter if letter.isalnum() else "_" for letter in cell)
    name = f"{cell}_{kind}_{stage}_{dtype_name}_{digest}"
    return name, write(name)


def _make_kernel(plan: Plan, dtype_name: str, kind: str, stage: int) -> Any:
    """Compile or load a pointwise kernel; keep the returned callback alive while it is used."""
    name, source = _kernel_source(plan, dtype_name, kind, stage)
    dtype = types.float32 if dtype_name == "float32" else types.float64
    options: dict[str, Any] = {"error_model": "numpy", "fastmath": FAST_MATH}
    namespace: dict[str, Any] = {
        "__name__": __name__,  # the module that Numba imports to load a kernel from disk
        **vector_functions(dtype_name),
        "real": np.dtype(dtype_name).type,
        "entry": entry_reader(dtype),
        "advance": advance,
        "load": load,
        "store": store,
        "vectorise_fully": vectorise_fully,
    }
    filename = f"<kernel {name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), namespace)  # our own source, written by pointwise.py
    namespace[f"{name}_row"] = njit(**options)(namespace[f"{name}_row"])
    return compile_kernel(namespace[name], POINTWISE_ARGUMENTS, options)


@cache
def kernels_of(cell: CellDefinition, dtype_name: str) -> CompiledKernels:
    """Return the kernels of one cell in one dtype, always the same object."""
    return CompiledKernels(cell, dtype_name)


class CompiledKernels:
    """The kernels of one cell in one dtype, compiled or loaded at their first use.

    Attributes
    ----------
    plan : Plan
    dtype_name : "float32" or "float64"
    """

    def __init__(self, cell: CellDefinition, dtype_name: str) -> None:
        self.plan = make_plan(cell)
        self.dtype_name = dtype_name
        self.forward_loop, self.backward_loop = _loops(dtype_name)
        self.products = product_kernels(dtype_name)

    def are_cached(self, *, through_time: bool) -> bool:
        """Return whether all kernels can be loaded from disk."""
        kinds = [(kind, s) for kind in ("forward", "backward") for s in range(self.plan.stages)]
        kinds += [("through_time", 0)] * through_time
        names = [_kernel_source(self.plan, self.dtype_name, *kind)[0] for kind in kinds]
        names += [kernel_name(name, self.dtype_name) for name in ("multiply", "accumulate")]
        names += [*_loop_names(self.dtype_name), WATCH]
        return all(is_on_disk(name) for name in names)

    def _addresses(self, kind: str) -> tuple[list[Any], Array]:
        stages = range(self.plan.stages)
        kernels = [_make_kernel(self.plan, self.dtype_name, kind, stage) for stage in stages]
        return kernels, np.array([kernel.address for kernel in kernels], np.int64)

    @cached_property
    def forward(self) -> tuple[list[Any], Array]:
        """The forward kernels of the stages, and their addresses."""
        return self._addresses("forward")

    @cached_property
    def backward(self) -> tuple[list[Any], Array]:
        """The backward kernels of the stages, and their addresses."""
        return self._addresses("backward")

    @cached_property
    def through_time(self) -> Any:
        """The kernel that stores dL/ds_t; its `address` is an argument of the backward loop."""
        return _make_kernel(self.plan, self.dtype_name, "through_time", 0)
