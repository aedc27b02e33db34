"""Shares of the time of a training step, found by leaving work out.

    python benchmarks/profile_step.py [CELL] [T,B,I,H ...]

Each line: one thread, medians in milliseconds. `calls` is a step of one time step and one sequence
(Python, packing, allocation); `pointwise` is the time saved if the pointwise kernels do nothing;
`products` is the rest: the matrix products, their packing, the sums of the gradients. The rate is
that of the products' operations, next to NumPy's rate for two 1024 x 1024 matrices.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.core.ccallback import CFunc
from threadpoolctl import threadpool_limits

import rnnlab
from rnnlab.benchmark import Case, Shape, read_shape
from rnnlab.benchmark.rivals import Limit
from rnnlab.cells import find_cell
from rnnlab.engine import engine_for
from rnnlab.engine.intrinsics import POINTWISE_ARGUMENTS

SHAPES = ("100,32,10,64", "100,32,10,128", "100,64,128,256", "100,1,10,128", "57,20,7,100")


def nothing(table: Any, rows: int, units: int, lane_stride: int) -> None:
    """Do nothing, in place of a pointwise kernel."""


def median(run: Callable[[], Any], seconds: float = 0.7) -> float:
    """Milliseconds of a call, after a warm-up."""
    run()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e3


def step(cell: Any, shape: Shape) -> Callable[[], Any]:
    """Return a training step."""
    layer = rnnlab.Recurrent(cell, shape.inputs, shape.hidden, init="torch")
    x = np.random.default_rng(0).standard_normal((*shape[:2], shape.inputs)).astype(np.float32)
    d_output = np.ones((*shape[:2], shape.hidden), np.float32)
    return lambda: layer.backward(layer.forward(x), d_output)


def main() -> None:
    """Print a line for every shape."""
    rnnlab.set_num_threads(1)
    cell = find_cell(sys.argv[1] if len(sys.argv) > 1 else "lstm")
    callback = CFunc(nothing, (POINTWISE_ARGUMENTS, types.void), {}, {})
    callback.compile()
    kernels: Any = engine_for(cell, "float32").kernels  # type: ignore[attr-defined]
    limit = Limit("float32")
    with threadpool_limits(1, user_api="blas"):
        rate = limit.flops / median(limit) / 1e6
    print(
        f"{'T,B,I,H':>16} {'step':>8} {'products':>9} {'pointwise':>9} {'calls':>6}  "
        f"GFLOP/s of {rate:.0f}"
    )
    for text in sys.argv[2:] or SHAPES:
        shape = read_shape(text)
        whole = median(step(cell, shape))
        calls = median(step(cell, Shape(1, 1, shape.inputs, shape.hidden)))
        real = {part: getattr(kernels, part) for part in ("forward", "backward")}
        for part, (_, addresses) in real.items():
            setattr(kernels, part, ([], np.full_like(addresses, callback.address)))
        bare = median(step(cell, shape))
        for part, value in real.items():
            setattr(kernels, part, value)
        products = bare - calls
        flops = Case(cell, shape, "float32", "training").flops
        print(
            f"{text:>16} {whole:8.2f} {products:9.2f} {whole - bare:9.2f} {calls:6.2f}"
            f"  {flops / products / 1e6:.0f}"
        )


if __name__ == "__main__":
    main()
