"""Time of a training step of each registered cell, relative to the LSTM's.

    python benchmarks/catalogue.py

T, B, I, H = 100, 32, 10, 128 in float32 on one thread, the best of five rounds. The last column is
the time per multiplication and addition of the matrix products, with the LSTM's as 1.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import rnnlab
from rnnlab.benchmark import Case, Shape
from rnnlab.cells import find_cell
from rnnlab.registry import cells

SHAPE = Shape(100, 32, 10, 128)


def step(name: str) -> Callable[[], Any]:
    """Return a training step of a cell."""
    layer = rnnlab.Recurrent(name, SHAPE.inputs, SHAPE.hidden)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((SHAPE.steps, SHAPE.batch, SHAPE.inputs)).astype(np.float32)
    d_output = np.full((SHAPE.steps, SHAPE.batch, SHAPE.hidden), 1e-3, np.float32)
    return lambda: layer.backward(layer.forward(x), d_output)


def main() -> None:
    """Print a line for every cell."""
    rnnlab.set_num_threads(1)
    runs = {name: step(find_cell(name).name) for name in cells}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(5):
        for name, run in runs.items():
            run()
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    flops = {n: Case(find_cell(n), SHAPE, "float32", "training").flops for n in runs}
    unit = min(times["lstm"]) / flops["lstm"]
    print(f"{'cell':20} {'ms':>6} {'GFLOP/s':>8} {'LSTM = 1':>9}")
    for name, taken in times.items():
        best = min(taken)
        share = best / flops[name] / unit
        print(f"{name:20} {best * 1e3:6.2f} {flops[name] / best / 1e9:8.0f} {share:9.2f}")


if __name__ == "__main__":
    main()
