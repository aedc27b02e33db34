"""Bootstrap intervals against exact enumeration, known coverage and degenerate samples."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from rnnlab.statistics import bootstrap_interval

INF = math.inf


def exact_distribution(values: list[float], statistic: Any) -> list[float]:
    """The statistic of every resample there is, each as likely as any other."""
    return sorted(float(statistic(draw)) for draw in itertools.product(values, repeat=len(values)))


def between(low: float, high: float, exact: list[float]) -> tuple[float, float]:
    """Shares of all resamples strictly below `low` and strictly above `high`."""
    return (
        sum(value < low - 1e-12 for value in exact) / len(exact),
        sum(value > high + 1e-12 for value in exact) / len(exact),
    )


@pytest.mark.parametrize("statistic", ["mean", "median"])
@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("count", [4, 5, 6])
def test_the_tails_are_those_of_all_resamples(statistic: Any, level: float, count: int) -> None:
    values = np.random.default_rng(count).normal(size=count).tolist()
    low, high = bootstrap_interval(values, statistic=statistic, level=level)
    exact = exact_distribution(values, getattr(np, statistic))

    # 9,999 resamples: the share of a tail has a standard deviation below .005
    for share in between(low, high, exact):
        assert share <= (1 - level) / 2 + 0.02
    for share in between(low + 1e-9, high - 1e-9, exact):
        assert share >= (1 - level) / 2 - 0.02 - 1 / len(exact)


def test_three_seeds_give_their_range() -> None:
    # all three the same with probability 1/27 = .037, more than a tail of .025
    assert bootstrap_interval([0.3, 0.9, 0.5]) == (0.3, 0.9)
    assert bootstrap_interval([0.3, 0.9, 0.5], statistic="median") == (0.3, 0.9)


def test_large_samples_approach_the_normal_interval() -> None:
    values = np.random.default_rng(0).normal(loc=5.0, scale=2.0, size=400)
    low, high = bootstrap_interval(values)
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.06 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.06 * half)


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_the_same_seed_gives_the_same_interval(statistic: Any) -> None:
    values = np.random.default_rng(1).random(9)
    first = bootstrap_interval(values, statistic=statistic, seed=4)
    assert bootstrap_interval(values, statistic=statistic, seed=4) == first


def test_another_seed_resamples_anew() -> None:
    values = np.random.default_rng(1).random(9)
    assert bootstrap_interval(values, seed=4) != bootstrap_interval(values, seed=5)


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_the_order_of_the_seeds_does_not_matter(statistic: Any) -> None:
    values = np.random.default_rng(2).random(8)
    shuffled = np.random.default_rng(3).permutation(values)
    assert bootstrap_interval(values, statistic=statistic) == bootstrap_interval(
        shuffled, statistic=statistic
    )


def test_the_values_are_not_modified() -> None:
    values = np.array([3.0, 1.0, 2.0])
    bootstrap_interval(values)
    assert values.tolist() == [3.0, 1.0, 2.0]


@pytest.mark.parametrize("statistic", ["mean", "median"])
@pytest.mark.parametrize("values", [[0.1], [0.1, 0.1, 0.1], [1.0] * 10, [0.0, 0.0]])
def test_equal_values_are_their_own_interval(statistic: Any, values: list[float]) -> None:
    assert bootstrap_interval(values, statistic=statistic) == (values[0], values[0])


def test_an_interval_never_leaves_the_range_of_the_values() -> None:
    # the mean of three .1 is .10000000000000002
    assert bootstrap_interval([0.1, 0.1, 0.1, 0.1, 0.1, 0.0])[1] <= 0.1
    values = [0.7, 0.7, 0.7 + 1e-16, 0.1]
    low, high = bootstrap_interval(values)
    assert min(values) <= low <= high <= max(values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([INF], (INF, INF)),
        ([INF, INF, INF], (INF, INF)),
        ([2.0, INF], (2.0, INF)),
        ([2.0, 5.0, INF], (2.0, INF)),
        ([1.0] * 30 + [INF], (1.0, 1.0)),
        ([1.0] + [INF] * 30, (INF, INF)),
        ([-INF, 0.0, INF], (-INF, INF)),
    ],
)
def test_medians_with_infinities(values: list[float], expected: tuple[float, float]) -> None:
    assert bootstrap_interval(values, statistic="median") == expected


def test_infinity_is_only_the_largest_number_for_a_median() -> None:
    finite = [3.0, 4.0, 6.0, 8.0, 9.0, 11.0, 1e300]
    unsolved = [*finite[:-1], INF]
    low, high = bootstrap_interval(finite, statistic="median")
    assert high < 1e300
    assert bootstrap_interval(unsolved, statistic="median") == (low, high)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([], {}, r"values must be a list of at least one number, got shape \(0,\)"),
        ([[1.0, 2.0]], {}, r"values must be a list .*, got shape \(1, 2\)"),
        ([1.0, math.nan], {}, "values must be numbers, got NaN: leave that seed out"),
        ([1.0, math.nan], {"statistic": "median"}, "values must be numbers, got NaN"),
        ([1.0, INF], {}, "values must be finite for a mean, got infinity: use statistic='median'"),
        ([1.0, 2.0], {"level": 95}, "level must lie between 0 and 1, got 95: use .95"),
        ([1.0, 2.0], {"level": 0.0}, "level must lie between 0 and 1"),
        ([1.0, 2.0], {"statistic": "mode"}, "statistic must be 'mean' or 'median', got 'mode'"),
    ],
)
def test_what_has_no_interval_is_refused(values: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(values, **options)
