"""Intervals against Clopper & Pearson, simulation, binomial sums and their promised coverage."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import scipy.stats

from rnnlab.statistics import mean_interval, median_interval, success_interval
from rnnlab.statistics.intervals import share_interval

INF = math.inf
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "coverage.py"


@pytest.fixture(scope="module")
def coverage() -> ModuleType:
    """Return the script that makes the tables of docs/statistics.md."""
    spec = importlib.util.spec_from_file_location("coverage_of_intervals", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("ones", "runs"), [(0, 3), (1, 3), (3, 3), (5, 10), (10, 10), (29, 30)])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_zeros_and_ones_have_the_interval_of_clopper_and_pearson(
    ones: int, runs: int, level: float
) -> None:
    truth = scipy.stats.binomtest(ones, runs).proportion_ci(level, method="exact")
    values = [1.0] * ones + [0.0] * (runs - ones)
    assert mean_interval(values, level=level) == pytest.approx(tuple(truth), abs=1e-12)
    assert success_interval(ones, runs, level=level) == pytest.approx(tuple(truth), abs=1e-15)


@pytest.mark.parametrize(
    "values",
    [
        [0.125, 0.13, 0.13, 1, 1, 1, 0.99],
        [0.3, 0.8],
        [0.5] * 5,
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
    ],
)
def test_a_mean_has_the_quantiles_of_means_with_random_weights(values: list[float]) -> None:
    """As the definition says: weights that are uniform on the simplex, drawn many times."""
    rng = np.random.default_rng(1)
    weights = rng.dirichlet(np.ones(len(values) + 1), 200_000)
    low = np.quantile(weights @ [*values, 0.0], 0.025)
    high = np.quantile(weights @ [*values, 1.0], 0.975)
    assert mean_interval(values) == pytest.approx((low, high), abs=0.003)


def test_the_order_of_the_seeds_does_not_matter() -> None:
    values = np.random.default_rng(2).random(30)
    shuffled = np.random.default_rng(3).permutation(values)
    assert mean_interval(values) == mean_interval(shuffled)
    low, high = mean_interval(values)
    assert 0 < low < values.mean() < high < 1
    assert mean_interval(1 - values) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_many_runs_approach_the_normal_interval() -> None:
    values = np.random.default_rng(0).random(400)
    half = 1.96 * values.std() / 20
    expected = (values.mean() - half, values.mean() + half)
    assert mean_interval(values) == pytest.approx(expected, abs=0.2 * half)


@pytest.mark.parametrize("values", [[0.957], [0.5, 1.5], [-0.1, 0.2], [0.5, INF], [math.nan, 0.2]])
def test_what_has_no_interval(values: list[float]) -> None:
    """One seed printed an interval from itself to itself; a loss has no bound."""
    assert all(map(math.isnan, mean_interval(values)))


@pytest.mark.parametrize("kind", ["0 or 1", "1, or near chance", "near 1, or scattered"])
@pytest.mark.parametrize("runs", [3, 5, 10])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.7, 0.9])
def test_intervals_of_means_keep_their_promise(
    coverage: Any, kind: str, runs: int, rate: float
) -> None:
    """The bootstrap interval of bimodal accuracies held .27 to .92 of its 95 %."""
    rng = np.random.default_rng(runs)
    assert coverage.coverage_of_means(kind, rate, runs, 400, rng) >= 0.93


@pytest.mark.parametrize("runs", [3, 5, 10])
@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.7, 0.9, 0.97])
def test_intervals_of_success_rates_keep_their_promise(runs: int, rate: float) -> None:
    chances = scipy.stats.binom.pmf(np.arange(runs + 1), runs, rate)
    intervals = [success_interval(solved, runs) for solved in range(runs + 1)]
    covered = [low <= rate <= high for low, high in intervals]
    assert chances[covered].sum() >= 0.95


@pytest.mark.parametrize("kind", ["0 or 1", "1, or near chance", "near 1, or scattered"])
@pytest.mark.parametrize(("conditions", "runs"), [(1, 3), (1, 5), (1, 10), (3, 5)])
def test_intervals_of_improvements_keep_their_promise(
    coverage: Any, kind: str, conditions: int, runs: int
) -> None:
    """The bootstrap interval held .37 at a true P of .1 with 3 seeds; 63 % had no width."""
    rng = np.random.default_rng(runs)
    for rates in ((0.5, 0.5), (0.9, 0.9), (0.9, 0.1), (0.7, 0.5), (1.0, 0.5)):
        found = coverage.coverage_of_improvement(kind, rates, conditions, runs, 1000, rng)
        assert found >= 0.93, rates


@pytest.mark.parametrize(("share", "count"), [(0.0, 3), (1.0, 10), (0.4, 5), (0.35, 20)])
def test_wilsons_interval_is_scipys(share: float, count: int) -> None:
    truth = scipy.stats.binomtest(round(share * count), count).proportion_ci(method="wilson")
    assert share_interval(share, count) == pytest.approx(tuple(truth), abs=1e-12)


@pytest.mark.parametrize("runs", [1, 5, 6, 8, 9, 20, 101])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_a_median_lies_between_two_of_the_values(runs: int, level: float) -> None:
    values = np.random.default_rng(runs).permutation(np.arange(1.0, runs + 1))
    low, high = median_interval(values, level=level)
    chances = scipy.stats.binom.pmf(np.arange(runs + 1), runs, 0.5)
    if math.isnan(low):
        assert 1 - 2 * chances[0] < level  # not even the range of the values covers enough
        return
    rank = int(low)
    assert high == runs + 1 - rank
    assert 1 - 2 * chances[:rank].sum() >= level
    assert 1 - 2 * chances[: rank + 1].sum() < level


def test_medians_take_infinite_values() -> None:
    assert median_interval([3.0, 4.0, 5.0, 6.0, INF, INF]) == (3.0, INF)
    assert median_interval([INF] * 6) == (INF, INF)


@pytest.mark.parametrize(
    ("function", "values", "message"),
    [
        (
            mean_interval,
            [],
            r"at least one number, got shape \(0,\): pass one number for each seed",
        ),
        (median_interval, [[1.0, 2.0]], r"at least one number, got shape \(1, 2\)"),
        (median_interval, [1.0, math.nan], "values must be numbers, got NaN: leave that seed out"),
    ],
)
def test_wrong_values(function: Any, values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        function(values)


@pytest.mark.parametrize("level", [0, 1, 95, math.nan])
def test_wrong_levels(level: float) -> None:
    for call in (
        lambda: mean_interval([0.5, 0.6], level=level),
        lambda: median_interval([0.5, 0.6], level=level),
        lambda: success_interval(1, 2, level=level),
    ):
        with pytest.raises(ValueError, match="level must be between 0 and 1, got .*: use .95"):
            call()
