"""Simulated coverage of rnnlab's intervals, for runs that solve a task or fail.

    python benchmarks/interval_coverage.py

prints the tables of docs/statistics.md. A run solves its task with the success rate of its cell.
Its accuracy is then drawn from the first range of its kind, and otherwise from the second.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rnnlab.statistics import mean_interval, success_interval
from rnnlab.statistics.comparison import improvement_interval

Array = NDArray[np.float64]
RATES = (0.1, 0.5, 0.7, 0.9)
SEEDS = (3, 5, 10)
KINDS = {
    "0 or 1": ((1.0, 1.0), (0.0, 0.0)),
    "1, or near chance": ((1.0, 1.0), (0.095, 0.155)),
    "near 1, or scattered": ((0.98, 1.0), (0.1, 0.7)),
}


def draw(kind: str, rate: float, runs: int, rng: np.random.Generator) -> Array:
    """Draw the accuracies of some runs."""
    solved, failed = (rng.uniform(low, high, runs) for low, high in KINDS[kind])
    return np.where(rng.random(runs) < rate, solved, failed)


def share_that_covers(
    truth: float, interval: Callable[[], tuple[float, float]], rounds: int
) -> float:
    """Return how often an interval of new data contains the truth."""
    hits = 0
    for _ in range(rounds):
        low, high = interval()
        hits += low - 1e-12 <= truth <= high + 1e-12
    return hits / rounds


def coverage_of_means(
    kind: str, rate: float, runs: int, rounds: int, rng: np.random.Generator
) -> float:
    """Return the coverage of the interval of a mean accuracy."""
    solved, failed = (sum(ends) / 2 for ends in KINDS[kind])
    truth = rate * solved + (1 - rate) * failed
    return share_that_covers(truth, lambda: mean_interval(draw(kind, rate, runs, rng)), rounds)


def coverage_of_success(rate: float, runs: int, rounds: int, rng: np.random.Generator) -> float:
    """Return the coverage of the interval of a success rate."""
    return share_that_covers(
        rate, lambda: success_interval(int(rng.binomial(runs, rate)), runs), rounds
    )


def coverage_of_improvement(
    kind: str,
    rates: tuple[float, float],
    conditions: int,
    runs: int,
    rounds: int,
    rng: np.random.Generator,
) -> float:
    """Return the coverage of the interval of P(A > B), averaged over alike conditions."""
    a, b = rates
    truth = a * (1 - b) + (a * b + (1 - a) * (1 - b)) / 2

    def interval() -> tuple[float, float]:
        strata = [(draw(kind, a, runs, rng), draw(kind, b, runs, rng)) for _ in range(conditions)]
        return improvement_interval(strata)

    return share_that_covers(truth, interval, rounds)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Simulate the coverage of intervals.")
    parser.add_argument("--rounds", type=int, default=4000, help="simulated studies a number")
    rounds = parser.parse_args().rounds
    rng = np.random.default_rng(0)
    print("| mean accuracy, runs end at | seeds |", " | ".join(map(str, RATES)), "|")
    print("|---|---|" + "---|" * len(RATES))
    for kind in KINDS:
        for runs in SEEDS:
            found = (coverage_of_means(kind, rate, runs, rounds, rng) for rate in RATES)
            print(f"| {kind} | {runs} |", " | ".join(f"{one:.3f}" for one in found), "|")
    for runs in SEEDS:
        found = (coverage_of_success(rate, runs, rounds, rng) for rate in RATES)
        print(f"| success rate | {runs} |", " | ".join(f"{one:.3f}" for one in found), "|")
    print("\n| P(A > B), runs end at | seeds | 1 condition | 4 conditions |\n|---|---|---|---|")
    pairs = [(a, b) for a in RATES for b in RATES if a >= b]
    for kind in KINDS:
        for runs in SEEDS:
            lowest = (
                min(
                    coverage_of_improvement(kind, rates, conditions, runs, rounds // 4, rng)
                    for rates in pairs
                )
                for conditions in (1, 4)
            )
            print(f"| {kind} | {runs} |", " | ".join(f"{one:.3f}" for one in lowest), "|")


if __name__ == "__main__":
    main()
