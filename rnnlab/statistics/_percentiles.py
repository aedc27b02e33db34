"""Bands over seeds: percentiles that are not interpolated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Of every band, in percent of the seeds.
PERCENTS = {"median": 50, "low": 10, "high": 90}


def percentile(
    ordered: NDArray[np.float64], counts: NDArray[np.int64], percent: int
) -> NDArray[np.float64]:
    """Take a percentile of each row's first `counts` entries, which are in increasing order.

    The inverse of the empirical distribution, averaged where it jumps, so that 50 is the usual
    median and 10 mirrors 90. Interpolating instead would subtract infinities from each other.
    """
    rank, rest = np.divmod(counts * percent, 100)
    below = np.where(rest == 0, rank - 1, rank)
    rows = np.arange(len(ordered))
    with np.errstate(invalid="ignore"):  # the middle of -inf and inf is NaN
        middle: NDArray[np.float64] = (ordered[rows, below] + ordered[rows, rank]) / 2
    return middle
