"""Which of two cells does better: the probability of improvement over every pair."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy.stats
from numpy.typing import ArrayLike, NDArray

from rnnlab.statistics.intervals import RESAMPLES, percentile_interval, require_level
from rnnlab.statistics.runs import conditions_of, groups_of, runs_of, sample

Strata = Sequence[tuple[NDArray[Any], NDArray[Any]]]

_COLUMNS = [
    "cell_a",
    "cell_b",
    "metric",
    "conditions",
    "runs_a",
    "runs_b",
    "probability",
    "ci_low",
    "ci_high",
    "p_value",
    "p_holm",
]


def compare(
    metrics: pd.DataFrame,
    *,
    metric: str = "recall_accuracy",
    higher_is_better: bool = True,
    by: Sequence[str] | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare every pair of cells by the probability that one does better than the other.

    The probability of improvement P(A > B) is the share of all pairs of a run of A and a run of B
    in which A's is better, ties counting half, averaged over the conditions (Agarwal et al. 2021).
    1/2 is no difference. It asks how often, not by how much.

    Runs are not paired by seed, though cells of one seed see the same data: a seed's data say
    little about its result, whereas initial weights differ in number from cell to cell. Where the
    results of a seed do go together, intervals and p-values are too wide and too large, not too
    small.

    Parameters
    ----------
    metrics : DataFrame
        One row an evaluation, as in metrics.csv: cell, the settings in `by`, seed, update and
        `metric`. The last evaluation of each run counts. A run that diverged counts as worst.
    metric : str
        The column that the study is judged by.
    higher_is_better : bool
        False for a loss.
    by : sequence of str, optional
        The settings that vary, such as delay: every combination of them is a condition, within
        which cells are compared. Those before `seed` unless given.
    level : float
        Nominal coverage of the intervals.
    seed : int
        Of the resampling: the same table and seed give the same numbers.

    Returns
    -------
    DataFrame
        A row for each pair, in the order of the cells:

        - cell_a, cell_b, metric; conditions: how many both of them have; runs_a, runs_b in these
        - probability: P(A > B), with its stratified percentile bootstrap interval ci_low, ci_high.
          Where every run of one beats every run of the other, or all runs tie, it has no width:
          resampling cannot show what was never seen.
        - p_value: of the two-sided Mann-Whitney test, stratified by condition, from 9,999 random
          permutations of the labels within each; 1/10,000 is the least it can be
        - p_holm: the same after Holm's correction over all pairs

        A pair without a common condition has NaN.

    Raises
    ------
    ValueError
        As `rnnlab.statistics.runs_of`; if `level` is not between 0 and 1.

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {
    ...         "cell": ["gru"] * 4 + ["rnn"] * 4,
    ...         "delay": 10,
    ...         "seed": [0, 1, 2, 3] * 2,
    ...         "update": 100,
    ...         "recall_accuracy": [0.9, 1.0, 0.8, 0.3, 0.2, 0.3, 0.1, 0.4],
    ...     }
    ... )
    >>> pair = compare(metrics).iloc[0]
    >>> pair["cell_a"], pair["cell_b"], float(pair["probability"])
    ('gru', 'rnn', 0.90625)
    """
    require_level(level)
    by = conditions_of(metrics) if by is None else list(by)
    runs = runs_of(metrics, metric=metric, higher_is_better=higher_is_better, by=by)
    samples: dict[Any, dict[Any, NDArray[np.float64]]] = {
        cell: {key: sample(group) for key, group in groups_of(own, by).items()}
        for (cell,), own in groups_of(runs, ["cell"]).items()
    }
    if not higher_is_better:
        samples = {cell: {key: -x[::-1] for key, x in own.items()} for cell, own in samples.items()}
    rows = []
    for a, b in itertools.combinations(samples, 2):
        common = [key for key in samples[a] if key in samples[b]]
        strata = [(samples[a][key], samples[b][key]) for key in common]
        counts = len(common), *(sum(map(len, side)) for side in zip(*strata, strict=True))
        if strata:
            interval = improvement_interval(strata, level=level, seed=seed)
            numbers = improvement(strata), *interval, permutation_p(strata, seed=seed)
            rows.append((a, b, metric, *counts, *numbers))
        else:
            rows.append((a, b, metric, 0, 0, 0, *[math.nan] * 4))
    table = pd.DataFrame(rows, columns=_COLUMNS[:-1])
    return table.assign(p_holm=holm(table["p_value"]))


def improvement(strata: Strata) -> float:
    """Return P(A > B), ties counting half, averaged over the strata.

    Examples
    --------
    >>> improvement([(np.array([1.0, 3.0]), np.array([1.0, 2.0]))])
    0.625
    """
    return float(np.mean([_wins(a, b).mean() for a, b in strata]))


def improvement_interval(
    strata: Strata, *, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of P(A > B), runs drawn anew within each stratum.

    Examples
    --------
    >>> improvement_interval([(np.array([1.0, 3.0]), np.array([1.0, 2.0]))])
    (0.0, 1.0)
    """
    rng = np.random.default_rng(seed)
    total = np.zeros(RESAMPLES)
    for a, b in strata:
        # A resample is how often it has each run. Its wins are counted in halves, whole numbers
        # that float64 holds, and divided once: a share that is 1/2 or 1 comes out as just that.
        times_a, times_b = (
            rng.multinomial(len(side), np.full(len(side), 1 / len(side)), RESAMPLES).astype(float)
            for side in (a, b)
        )
        halves = np.einsum("rn,nm,rm->r", times_a, 2 * _wins(a, b), times_b, optimize=True)
        total += halves / (2 * len(a) * len(b))
    return percentile_interval(total / len(strata), level)


def permutation_p(strata: Strata, *, seed: int = 0) -> float:
    """Return the two-sided p-value of P(A > B) = 1/2: the Mann-Whitney test over strata.

    Which of a stratum's runs are A's is permuted at random; the statistic is `improvement`, the
    mean over strata of U / (n m). The observed labels count as one of the permutations, so that
    the p-value is valid and never 0 (Phipson & Smyth 2010).
    """
    rng = np.random.default_rng(seed)
    centred, observed = np.zeros(RESAMPLES), 0.0
    for a, b in strata:
        ranks = scipy.stats.rankdata(np.concatenate([a, b]))
        expected, pairs = len(a) * (len(ranks) + 1) / 2, len(a) * len(b)
        observed += (ranks[: len(a)].sum() - expected) / pairs
        permuted = rng.permuted(np.tile(ranks, (RESAMPLES, 1)), axis=1)[:, : len(a)]
        centred += (permuted.sum(axis=1) - expected) / pairs
    as_extreme = np.abs(centred) >= abs(observed) - 1e-9  # equal but for rounding
    return float((as_extreme.sum() + 1) / (RESAMPLES + 1))


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Correct p-values for their number by Holm's step-down method (Holm 1979).

    Parameters
    ----------
    p_values : array_like (N,)
        NaN stays and does not count.

    Returns
    -------
    float64 (N,)
        Each is significant at a level if it is below that level.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p_values, dtype=np.float64)
    corrected = np.full(given.shape, np.nan)
    order = np.argsort(given)[: np.isfinite(given).sum()]  # NaN sorts last
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(factors * given[order]), 1.0)
    return corrected


def _wins(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Say for every pair of runs whether A's is better: 1, 1/2 for a tie, 0; (n, m)."""
    wins: NDArray[np.float64] = (a[:, None] > b) + 0.5 * (a[:, None] == b)
    return wins
