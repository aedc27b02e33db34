"""The interquartile mean with its stratified bootstrap interval (Agarwal et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike, NDArray

from rnnlab.statistics.intervals import RESAMPLES, percentile_interval

# Of the values on either side, as `scipy.stats.trim_mean` counts them: rounded down.
_TRIMMED = 0.25


def interquartile_mean(strata: Sequence[ArrayLike]) -> float:
    """Return the mean of the middle half of all values (Agarwal et al. 2021).

    It is not moved by one outlier as a mean is, and uses more of the runs than a median does. A
    quarter of the values, rounded down, is left out on either side: of fewer than 4 values
    nothing, so that it is their mean.

    Parameters
    ----------
    strata : sequence of array_like (N,)
        The values of the runs, for each condition; infinity for a run that diverged. One condition
        is `[values]`.

    Raises
    ------
    ValueError
        If there is no value, or NaN.

    Examples
    --------
    >>> interquartile_mean([[0.0, 0.5, 1.0, 1.0]])
    0.75
    >>> interquartile_mean([[1.0, 2.0], [3.0, float("inf")]])
    2.5
    """
    return float(_middle(np.concatenate(_checked(strata))))


def interquartile_interval(
    strata: Sequence[ArrayLike], *, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the interquartile mean.

    Runs are drawn anew within each stratum, so that every resample has every condition as often
    as the study has (Agarwal et al. 2021).

    Parameters
    ----------
    strata : sequence of array_like (N,)
        As for `interquartile_mean`.
    level : float
        Nominal coverage, between 0 and 1. Few runs give an interval that is too narrow.
    seed : int
        Of the resampling: the same values and seed give the same interval.

    Raises
    ------
    ValueError
        If there is no value, or NaN, or `level` is not between 0 and 1.

    Examples
    --------
    >>> interquartile_interval([[0.25, 0.5, 1.0]])
    (0.25, 1.0)
    """
    samples = _checked(strata)
    if all(values[0] == values[-1] for values in samples):
        middle = interquartile_mean(strata)
        return middle, middle
    rng = np.random.default_rng(seed)
    # scipy.stats.bootstrap refuses a stratum of one run, and infinities
    draws = [rng.choice(values, (RESAMPLES, len(values))) for values in samples]
    return percentile_interval(_middle(np.concatenate(draws, axis=1)), level)


def _middle(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of the middle half along the last axis, never beyond its ends.

    The rounding of a sum could step over them.
    """
    cut = int(_TRIMMED * values.shape[-1])
    ordered = np.sort(values, axis=-1)[..., cut : values.shape[-1] - cut]
    mean = scipy.stats.trim_mean(values, _TRIMMED, axis=-1)
    inside: NDArray[np.float64] = np.clip(mean, ordered[..., 0], ordered[..., -1])
    return inside


def _checked(strata: Sequence[ArrayLike]) -> list[NDArray[np.float64]]:
    samples = [np.asarray(values, dtype=np.float64) for values in strata]
    if not samples or any(values.ndim != 1 or values.size == 0 for values in samples):
        raise ValueError(
            "strata must be lists of at least one number, got "
            f"shapes {[values.shape for values in samples]}: pass a list a condition, "
            "as in [values]"
        )
    if any(np.isnan(values).any() for values in samples):
        raise ValueError("strata must be numbers, got NaN: give a run that diverged infinity")
    # the order of the seeds in a file must not reach the resampling
    return [np.sort(values) for values in samples]
