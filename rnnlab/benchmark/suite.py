"""Rounds of measurements, and their summary: times of each program, paired ratios.

All programs have a turn in every round (A B A B), so that a slow minute slows all of them.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.benchmark.cases import Case
from rnnlab.benchmark.programs import Programs
from rnnlab.limits import check_number

#: Columns that identify a case, and a program of it.
CASE = ("cell", "work", "dtype", "steps", "batch", "inputs", "hidden")
PROGRAM = (*CASE, "implementation", "threads")
#: Columns of rounds.csv: a row for each case, program and round.
ROUNDS = (*PROGRAM, "round", "calls", "median_ms", "min_ms", "first_call_s", "flops")
#: Name of NumPy's product of two large matrices, in rnnlab's processes.
LIMIT = "sgemm"


def measure(
    case: Case, programs: Programs, *, repeats: int = 15, seconds: float = 20.0
) -> pd.DataFrame:
    """Time one case in every program that accepts it.

    Parameters
    ----------
    case : Case
    programs : Programs
    repeats : int
        Rounds; fewer, but at least 3, if `seconds` have passed.
    seconds : float

    Returns
    -------
    DataFrame
        Columns as `ROUNDS`. `first_call_s` is the time of the first call, compilation included; no
        other column includes it.
    """
    check_number("seconds", seconds, least=0, remedy="try 20")
    taking = [program for program in programs if program.rival.accepts(case)]
    first_calls = [program.prepare(case) for program in taking]
    rows: list[tuple[Any, ...]] = []
    key = (case.cell.name, case.work, case.dtype, *case.shape)

    def add(name: str, threads: int, times: list[float], first: float, flops: float) -> None:
        middle, least = np.median(times) * 1e3, min(times) * 1e3
        rows.append((*key, name, threads, number, len(times), middle, least, first, flops))

    end = time.perf_counter() + seconds
    for number in range(repeats):
        if number >= 3 and time.perf_counter() > end:
            break
        for program, first in zip(taking, first_calls, strict=True):
            turn = program.turn()
            add(program.rival.name, program.threads, turn.times, first, case.flops)
            if turn.limit:
                add(LIMIT, program.threads, turn.limit, 0.0, 2.0 * 1024**3)
    return pd.DataFrame(rows, columns=list(ROUNDS))


def summarise(rounds: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each case and program: benchmark.csv.

    Returns
    -------
    DataFrame
        cell, work, dtype, steps, batch, inputs, hidden, implementation, threads; median_ms, low_ms
        and high_ms, the median and the quartiles of the rounds' medians; min_ms, the fastest call;
        rounds, calls, first_call_s; gflops, the operations of the matrix products per median time.
    """
    rows = []
    for key, group in rounds.groupby(list(PROGRAM), sort=False):
        low, median, high = np.quantile(group["median_ms"], [0.25, 0.5, 0.75])
        row = dict(zip(PROGRAM, key, strict=True))
        row |= {"median_ms": median, "low_ms": low, "high_ms": high}
        row |= {"min_ms": group["min_ms"].min(), "rounds": len(group)}
        row |= {"calls": group["calls"].sum(), "first_call_s": group["first_call_s"].iloc[0]}
        rows.append(row | {"gflops": group["flops"].iloc[0] / median / 1e6})
    return pd.DataFrame(rows)


def compare(rounds: pd.DataFrame) -> pd.DataFrame:
    """Compare rnnlab with the fastest rival of each case, each at its best number of threads.

    Returns
    -------
    DataFrame
        cell, work, dtype, steps, batch, inputs, hidden; rnnlab_ms and threads, at the best number
        of threads; rival, rival_ms; ratio, ratio_low, ratio_high, the median and the quartiles over
        rounds of rival time / rnnlab time; min_ratio, that ratio of the fastest calls; gflops of
        rnnlab; limit_share, gflops divided by the limit's in the same processes.
    """
    rows = []
    for key, group in summarise(rounds).groupby(list(CASE), sort=False):
        of_case = rounds[(rounds[list(CASE)] == list(key)).all(axis=1)]
        own = group[group["implementation"] == "rnnlab"].sort_values("median_ms").iloc[0]
        others = group[~group["implementation"].isin(["rnnlab", LIMIT])].sort_values("median_ms")
        limit = group[(group["implementation"] == LIMIT) & (group["threads"] == own["threads"])]
        row = dict(zip(CASE, key, strict=True))
        row |= {"rnnlab_ms": own["median_ms"], "threads": own["threads"]}
        row |= {"rival": "-", "rival_ms": np.nan, "min_ratio": np.nan}
        quartiles = [np.nan] * 3
        if len(others):
            rival = others.iloc[0]
            row |= {"rival": rival["implementation"], "rival_ms": rival["median_ms"]}
            row["min_ratio"] = rival["min_ms"] / own["min_ms"]
            paired = _of_program(of_case, rival) / _of_program(of_case, own)
            quartiles = list(np.quantile(paired, [0.25, 0.5, 0.75]))
        row |= dict(zip(("ratio_low", "ratio", "ratio_high"), quartiles, strict=True))
        row |= {"gflops": own["gflops"], "limit_share": own["gflops"] / limit["gflops"].max()}
        rows.append(row)
    return pd.DataFrame(rows)


def _of_program(rounds: pd.DataFrame, program: pd.Series) -> pd.Series:
    """Return the medians of one program by round."""
    same = (rounds["implementation"] == program["implementation"]) & (
        rounds["threads"] == program["threads"]
    )
    medians: pd.Series = rounds[same].set_index("round")["median_ms"]
    return medians
