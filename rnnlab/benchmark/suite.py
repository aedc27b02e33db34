"""Timing: rivals take turns in one process, so that a slow minute is slow for all of them."""

from __future__ import annotations

import contextlib
import importlib.util
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.benchmark.cases import Case
from rnnlab.benchmark.rivals import Limit, Rival, installed_rivals, threads_to_try
from rnnlab.engine import get_num_threads, prepare, set_num_threads
from rnnlab.layers import Recurrent
from rnnlab.limits import check_number

#: Seconds in which an implementation runs untimed when its turn comes, and then timed. The threads
#: of OpenMP and OpenBLAS spin for a while after their work, and a core that slept wakes slowly: who
#: comes next must not pay for it.
TURN = 0.03

#: Columns of benchmark.csv: a row for each case, implementation and number of threads.
COLUMNS = (
    "cell",
    "work",
    "dtype",
    "steps",
    "batch",
    "inputs",
    "hidden",
    "implementation",
    "threads",
    "median_ms",
    "low_ms",
    "high_ms",
    "repeats",
    "first_call_s",
    "gflops",
)


@dataclass
class _Entry:
    """One implementation with one number of threads, and the times that it took (seconds)."""

    implementation: str
    threads: int
    run: Callable[[], Any]
    set_threads: Callable[[int], None]
    flops: float
    first_call: float
    times: list[float]

    def call(self) -> float:
        start = time.perf_counter()
        self.run()
        return time.perf_counter() - start

    def take_turn(self) -> None:
        self.set_threads(self.threads)
        begin = time.perf_counter()
        while time.perf_counter() < begin + TURN:
            self.run()
        begin = time.perf_counter()
        while not self.times or time.perf_counter() < begin + TURN:
            self.times.append(self.call())


def measure(
    case: Case,
    *,
    repeats: int = 15,
    seconds: float = 20.0,
    rivals: Sequence[Rival] | None = None,
    threads: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Time one case in every implementation and number of threads.

    Parameters
    ----------
    case : Case
    repeats : int
        Rounds; in each, everybody has a turn of `TURN` seconds, or one call if that takes longer.
        Fewer rounds, but at least 3, once `seconds` have passed.
    seconds : float
    rivals : sequence of Rival, optional
        All that are installed unless given.
    threads : sequence of int, optional
        Numbers of threads; one and all there are unless given.

    Returns
    -------
    DataFrame
        Columns as `COLUMNS`; times in milliseconds, the median and the quartiles;
        `first_call_s` is the first call, compilation included, and is in no other number. The
        implementation "sgemm" is NumPy's matrix product, the machine's limit.
    """
    check_number("seconds", seconds, least=0, remedy="try 20")
    counts = list(threads or threads_to_try())
    layer = Recurrent(
        case.cell, case.shape.inputs, case.shape.hidden, dtype=case.dtype, init="torch", seed=0
    )
    rng = np.random.default_rng(0)
    size = (case.shape.steps, case.shape.batch)
    x = rng.standard_normal((*size, case.shape.inputs)).astype(case.dtype)
    d_output = rng.standard_normal((*size, case.shape.hidden)).astype(case.dtype)
    before = get_num_threads()
    prepare(case.cell, case.dtype)
    entries = []
    for rival in installed_rivals() if rivals is None else rivals:
        if rival.accepts(case):
            run = rival.prepare(case, layer, x, d_output)
            chosen = counts if rival.sets_threads else [max(counts)]
            entries += [_warm_up(rival, run, count, case.flops) for count in chosen]
    limit = Limit(case.dtype)
    try:
        with _blas_threads(counts) as set_blas_threads:
            entries += [
                _Entry("sgemm", count, limit, set_blas_threads, limit.flops, 0, [])
                for count in counts
            ]
            end = time.perf_counter() + seconds
            for done in range(repeats):
                if done >= 3 and time.perf_counter() > end:
                    break
                for entry in entries:
                    entry.take_turn()
    finally:
        set_num_threads(before)
    return pd.DataFrame([_row(case, entry) for entry in entries], columns=list(COLUMNS))


def _warm_up(rival: Rival, run: Callable[[], Any], count: int, flops: float) -> _Entry:
    entry = _Entry(rival.name, count, run, rival.set_threads, flops, 0.0, [])
    entry.set_threads(count)
    entry.first_call = entry.call()
    return entry


@contextlib.contextmanager
def _blas_threads(counts: Sequence[int]) -> Iterator[Callable[[int], None]]:
    """Yield a function that sets the threads of NumPy's BLAS, where threadpoolctl is installed."""
    if importlib.util.find_spec("threadpoolctl") is None:
        yield lambda _: None
        return
    from threadpoolctl import ThreadpoolController

    controller = ThreadpoolController()
    with contextlib.ExitStack() as stack:

        def limit(count: int) -> None:
            stack.close()
            stack.enter_context(controller.limit(limits=count, user_api="blas"))

        limit(max(counts))
        yield limit


def _row(case: Case, entry: _Entry) -> tuple[Any, ...]:
    low, median, high = np.quantile(entry.times, [0.25, 0.5, 0.75])
    return (
        case.cell.name,
        case.work,
        case.dtype,
        *case.shape,
        entry.implementation,
        entry.threads,
        median * 1e3,
        low * 1e3,
        high * 1e3,
        len(entry.times),
        entry.first_call,
        entry.flops / median / 1e9,
    )


def compare(table: pd.DataFrame) -> pd.DataFrame:
    """Set rnnlab beside the fastest rival of each case.

    Parameters
    ----------
    table : DataFrame
        Of `measure`, several cases one after the other.

    Returns
    -------
    DataFrame
        cell, work, dtype, steps, batch, inputs, hidden; rnnlab_ms at its best number of threads;
        rival, rival_ms at its best; ratio, how many times faster rnnlab is; gflops of rnnlab;
        limit_share, that rate by the machine's own with as many threads.
    """
    keys = list(COLUMNS[:7])
    rows = []
    for key, group in table.groupby(keys, sort=False):
        own = group[group["implementation"] == "rnnlab"]
        best = own.sort_values("median_ms").iloc[0]
        others = group[~group["implementation"].isin(["rnnlab", "sgemm"])]
        limits = group[(group["implementation"] == "sgemm")]
        same = limits[limits["threads"] == best["threads"]]
        rate = float((same if len(same) else limits)["gflops"].max())
        row = dict(zip(keys, key, strict=True))
        row |= {"rnnlab_ms": best["median_ms"], "threads": best["threads"]}
        rival = others.sort_values("median_ms").iloc[0] if len(others) else None
        row |= {
            "rival": "-" if rival is None else rival["implementation"],
            "rival_ms": np.nan if rival is None else rival["median_ms"],
            "ratio": np.nan if rival is None else rival["median_ms"] / best["median_ms"],
            "gflops": best["gflops"],
            "limit_share": best["gflops"] / rate,
        }
        rows.append(row)
    return pd.DataFrame(rows)
