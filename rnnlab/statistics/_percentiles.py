"""Percentiles over seeds, without interpolation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# The percentiles of every band.
PERCENTS = {"median": 50, "low": 10, "high": 90}


def percentile(
    ordered: NDArray[np.float64], counts: NDArray[np.int64], percent: int
) -> NDArray[np.float64]:
    """Return a percentile of the first `counts` entries of each row, in increasing order.

    NumPy's method "averaged_inverted_cdf": the inverse of the empirical distribution, averaged at
    its jumps, so that 50 is the usual median and 10 mirrors 90. NumPy's own code subtracts
    infinities.
    """
    rank, rest = np.divmod(counts * percent, 100)
    below = np.where(rest == 0, rank - 1, rank)
    rows = np.arange(len(ordered))
    with np.errstate(invalid="ignore"):  # the middle of -inf and inf is NaN
        middle: NDArray[np.float64] = (ordered[rows, below] + ordered[rows, rank]) / 2
    return middle
