"""The Mann-Whitney test over several conditions, with its exact distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import NDArray

Strata = Sequence[tuple[NDArray[Any], NDArray[Any]]]

# The statistic is counted in whole steps. Groups of many different sizes have no common step that
# is not tiny: then it is rounded to this many steps, and the p-value can only become larger.
_STEPS = 1 << 12
# With more runs than this in a stratum the normal distribution is right to three digits where the
# p-value is above 0.001, and the exact one would need gigabytes.
_MANY = 100


def exact_p(strata: Strata) -> float:
    """Return the two-sided p-value of P(A > B) = 1/2, the Mann-Whitney test over strata.

    The statistic is the mean over strata of U / (n m), that is P(A > B). Its distribution is that
    over all ways to give the labels A and B to the runs within each stratum, ties included, and the
    strata are convolved: nothing is drawn at random. More than 100 runs in a stratum have the
    normal distribution instead, with the variance that their ties leave.

    Parameters
    ----------
    strata : sequence of (float (n,), float (m,))
        The runs of A and of B in each condition.

    Examples
    --------
    >>> apart = [(np.arange(10.0) + 10, np.arange(10.0))]
    >>> f"{exact_p(apart):.2e}, {2 / math.comb(20, 10):.2e}"
    '1.08e-05, 1.08e-05'
    """
    if max(len(a) + len(b) for a, b in strata) > _MANY:
        return _normal_p(strata)
    products = [len(a) * len(b) for a, b in strata]
    common = math.lcm(*products)
    exact = common <= _STEPS
    steps = common if exact else _STEPS
    observed, shares = 0, np.ones(1)  # shares[k] is that of the statistic k - len(shares) // 2
    for (a, b), product in zip(strata, products, strict=True):
        ranks = _doubled_ranks(a, b)
        expected = len(a) * (len(ranks) + 1)  # of the sum of the doubled ranks
        observed += round((int(ranks[: len(a)].sum()) - expected) * steps / product)
        possible, own = _sums_of_ranks(ranks, len(a))
        places = np.rint((possible - expected) * (steps / product)).astype(np.int64) + steps
        shares = np.convolve(shares, np.bincount(places, own, minlength=2 * steps + 1))
    distance = np.abs(np.arange(len(shares)) - len(shares) // 2)
    rounding = 0 if exact else len(products)  # half a step for each of the two sums in a stratum
    return min(1.0, float(shares[distance >= abs(observed) - rounding].sum()))


def _normal_p(strata: Strata) -> float:
    """Return the same p-value with a normal distribution of the statistic."""
    observed, variance = 0.0, 0.0
    for a, b in strata:
        n, m = len(a), len(b)
        ranks = _doubled_ranks(a, b) / 2
        observed += (ranks[:n].sum() - n * (n + m + 1) / 2) / (n * m)
        variance += ranks.var(ddof=1) / (n + m) / (n * m)  # a sample without replacement
    return 1.0 if variance == 0 else float(2 * scipy.stats.norm.sf(abs(observed) / variance**0.5))


def _doubled_ranks(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.int64]:
    """Return twice the rank of every run, whole numbers: ties share the middle of their ranks."""
    ranks: NDArray[np.float64] = scipy.stats.rankdata(np.concatenate([a, b]))
    return np.rint(2 * ranks).astype(np.int64)


def _sums_of_ranks(
    ranks: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return every sum of `count` of the ranks, chosen at random, and its probability.

    The ranks are gone through one by one; a table holds how probable it is that so many of them
    were chosen so far and have that sum.
    """
    least = int(ranks.min())
    unit = max(1, int(np.gcd.reduce(ranks - least)))
    steps = (ranks - least) // unit
    largest = int(np.sort(steps)[-count:].sum())
    table = np.zeros((count + 1, largest + 1))
    table[0, 0] = 1
    wanting = count - np.arange(count + 1)[:, None]
    for seen, step in enumerate(steps.tolist()):
        chosen = np.clip(wanting / (len(ranks) - seen), 0, 1)
        taken = table * chosen
        table *= 1 - chosen
        table[1:, step:] += taken[:-1, : largest + 1 - step]
    found = np.flatnonzero(table[count])
    return found * unit + count * least, table[count, found]
