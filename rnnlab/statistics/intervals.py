"""Intervals over seeds for any distribution: of a mean, a share of runs and a median."""

from __future__ import annotations

import math

import numpy as np
import scipy.interpolate
import scipy.optimize
import scipy.stats
from numpy.typing import ArrayLike, NDArray

NO_INTERVAL = (math.nan, math.nan)


def mean_interval(values: ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    """Return Gaffke's interval of the mean of a variable within 0 and 1, such as an accuracy.

    Its upper end is the quantile at (1 + level) / 2 of sum_i D_i z_i, where z are the values and 1,
    and D are uniform random weights that sum to 1 (Dirichlet with all parameters 1); its lower end
    is the mirror image, with 0 in place of 1 (Gaffke 2005; Learned-Miller & Thomas 2019). It
    assumes nothing about the distribution: it covers for runs that either solve a task
    or do not, where a bootstrap interval of 95 % covers 27 to 92 %. For values of 0 and 1 alone it
    is the interval of Clopper and Pearson (`success_interval`).

    Parameters
    ----------
    values : array_like (N,)
        One number for each seed, in any order.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    low, high : float
        NaN for a single value, and where a value is not within 0 and 1: the mean of an unbounded
        variable has no interval that covers for every distribution.

    Raises
    ------
    ValueError
        If `values` is empty or not one-dimensional, or `level` is not between 0 and 1.

    Examples
    --------
    >>> low, high = mean_interval([1.0] * 10)
    >>> round(low, 2), high
    (0.69, 1.0)
    >>> mean_interval([0.957])
    (nan, nan)
    """
    require_level(level)
    numbers = _numbers(values)
    if len(numbers) < 2 or not np.all((numbers >= 0) & (numbers <= 1)):  # NaN is neither
        return NO_INTERVAL
    tail = (1 - level) / 2
    return 1 - _upper_end(1 - numbers, tail), _upper_end(numbers, tail)


def _upper_end(numbers: NDArray[np.float64], tail: float) -> float:
    """Return the quantile at 1 - tail of the mean of `numbers` and 1 with uniform weights.

    The density of that mean is the B-spline whose knots are the numbers (Curry & Schoenberg 1966),
    so its distribution function is a spline of one degree more: exact, without random numbers.
    """
    knots = np.sort(np.append(numbers, 1.0))
    low, high = float(knots[0]), float(knots[-1])
    if low == high:
        return high
    degree = len(knots) - 1
    around = np.concatenate([np.full(degree, low - 1), knots, np.full(degree, high + 1)])
    # the integral of a B-spline is the sum of all B-splines that begin at its first knot or later
    coefficients = np.concatenate([np.zeros(degree), np.ones(degree + 1)])
    distribution = scipy.interpolate.BSpline(around, coefficients, degree)

    def missing(mean: float) -> float:
        return (1.0 if mean >= high else float(distribution(mean))) - (1 - tail)

    return float(scipy.optimize.brentq(missing, low, high, xtol=1e-14, rtol=1e-14))


def success_interval(solved: int, runs: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a success rate by Clopper and Pearson (1934).

    It covers with a probability of at least `level` for every rate, and has a width even where all
    runs or none are solved: 5 of 5 does not show "always".

    Raises
    ------
    ValueError
        If `runs` < 1, `solved` is not within 0 and `runs`, or `level` not between 0 and 1.

    Examples
    --------
    >>> low, high = success_interval(5, 5)
    >>> round(low, 2), round(high, 2)
    (0.48, 1.0)
    """
    require_level(level)
    if not 0 <= solved <= runs or runs < 1:
        raise ValueError(
            f"solved must be a number of runs, 0 to runs, and runs at least 1, got {solved} of "
            f"{runs}: count each run once"
        )
    interval = scipy.stats.binomtest(solved, runs).proportion_ci(level, method="exact")
    return float(interval.low), float(interval.high)


def share_interval(share: float, count: float, *, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share of `count` trials by Wilson (1927); `count` need not be whole.

    Examples
    --------
    >>> [round(end, 3) for end in share_interval(0.5, 12.5)]
    [0.258, 0.742]
    """
    require_level(level)
    z2 = float(scipy.stats.norm.ppf((1 + level) / 2)) ** 2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = math.sqrt(z2 * share * (1 - share) / count + (z2 / count) ** 2 / 4) / (1 + z2 / count)
    # the rounding of a sum must not move an end that is 0 or 1
    return (
        0.0 if share == 0 else max(0.0, centre - half),
        1.0 if share == 1 else min(1.0, centre + half),
    )


def median_interval(values: ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a median between two of the values, for any distribution.

    The ends are the k-th smallest and the k-th largest value, with the largest k for which the
    interval covers the median with a probability of at least `level` (David & Nagaraja 2003).

    Parameters
    ----------
    values : array_like (N,)
        One number for each seed, in any order; infinite values are ranked like others.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    low, high : float
        NaN with too few values: 95 % requires 6.

    Raises
    ------
    ValueError
        If `values` is empty, not one-dimensional or holds NaN, or `level` is not between 0 and 1.

    Examples
    --------
    >>> median_interval([1.0, 2.0, 3.0, 5.0, 8.0, float("inf")])
    (1.0, inf)
    >>> median_interval([1.0, 2.0, 3.0, 5.0, 8.0])
    (nan, nan)
    """
    require_level(level)
    numbers = np.sort(_numbers(values))
    if np.isnan(numbers).any():
        raise ValueError("values must be numbers, got NaN: leave that seed out, and say so")
    # ppf is the smallest k with P(K <= k) >= tail: all smaller ones have less
    rank = int(scipy.stats.binom.ppf((1 - level) / 2, len(numbers), 0.5))
    if rank == 0:
        return NO_INTERVAL
    return float(numbers[rank - 1]), float(numbers[-rank])


def require_level(level: float) -> None:
    """Raise a ValueError unless `level` is a share between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level}: use .95 for 95 %")


def _numbers(values: ArrayLike) -> NDArray[np.float64]:
    """Return values as an array; raise a ValueError unless it is a list of numbers."""
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or numbers.size == 0:
        raise ValueError(
            f"values must be a list of at least one number, got shape {numbers.shape}: "
            "pass one number for each seed"
        )
    return numbers
