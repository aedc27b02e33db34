"""Time and memory as functions of the sequence length, and time with denormal gradients.

python benchmarks/growth.py
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

import rnnlab


def median(runs: list[Callable[[], Any]], rounds: int) -> list[float]:
    """Return the median milliseconds of each function, in turns."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds + 1):
        for run, kept in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            kept.append(time.perf_counter() - start)
    return [float(np.median(kept[1:])) * 1e3 for kept in times]


def tape_memory(layer: rnnlab.Recurrent, steps: int, every: int | None) -> float:
    """Return the peak megabytes of a training step, without x, the output and dL/dx."""
    x = np.zeros((steps, 8, 10), np.float32)
    d_output = np.ones((steps, 8, 64), np.float32)
    tracemalloc.start()
    layer.backward(layer.forward(x, checkpoint_every=every), d_output)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (peak - 2 * x.nbytes - d_output.nbytes) / 1e6


def main() -> None:
    """Print the comparisons."""
    rng = np.random.default_rng(0)
    layer = rnnlab.LSTM(10, 64)

    def step(steps: int, every: int | None = None) -> Callable[[], Any]:
        x = rng.standard_normal((steps, 32, 10)).astype(np.float32)
        d_output = np.ones((steps, 32, 64), np.float32)
        return lambda: layer.backward(layer.forward(x, checkpoint_every=every), d_output)

    lengths = (100, 1000, 10_000)
    for steps, time_ in zip(lengths, median([step(n) for n in lengths], 7), strict=True):
        print(f"LSTM B=32 I=10 H=64, T={steps}: {time_ / steps * 1e3:.1f} us a time step")
    whole, parts = median([step(10_000), step(10_000, 500)], 5)
    print(f"T=10000: tape {whole:.0f} ms, checkpoints every 500 steps {parts:.0f} ms")

    for steps in (1000, 10_000, 100_000):
        every = round(steps**0.5)
        whole, parts = (tape_memory(layer, steps, n) for n in (None, every))
        print(f"B=8, T={steps}: tape {whole:.1f} MB, checkpoints every {every}: {parts:.1f} MB")

    x = rng.standard_normal((1000, 32, 10)).astype(np.float32)
    layer.parameters["weight_hh_l0"] *= 0.5  # the gradient fades below 1e-38
    tape = layer.forward(x)
    everywhere = np.ones((1000, 32, 64), np.float32)
    last = np.zeros_like(everywhere)
    last[-1] = 1
    runs = [lambda d=d: layer.backward(tape, d) for d in (everywhere, last)]  # type: ignore[misc]
    dense, sparse = median(runs, 9)
    print(f"T=1000 backward: loss at every step {dense:.1f} ms, at the last one {sparse:.1f} ms")


if __name__ == "__main__":
    main()
