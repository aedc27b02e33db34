"""Comparison of cells: probability of improvement, its test, and groups that do not differ."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rnnlab.statistics.exact_test import Strata, exact_p
from rnnlab.statistics.intervals import require_level, share_interval
from rnnlab.statistics.run_outcomes import conditions_of, groups_of, runs_of, sample

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
    metric: str,
    *,
    higher_is_better: bool = True,
    by: Sequence[str] | None = None,
    reference: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Compare every pair of cells by the probability that one does better than the other.

    The probability of improvement P(A > B) is the share of all pairs of a run of A and a run of B
    in which A's is better, ties counting half, averaged over the conditions (Agarwal et al. 2021).
    1/2 is no difference. It says how often, not by how much.

    Runs are not paired by seed, though cells of one seed see the same data: a seed's data say
    little about its result, whereas initial weights differ in number from cell to cell. Where the
    results of a seed are correlated, intervals and p-values are too wide and too large, not too
    small.

    Parameters
    ----------
    metrics : DataFrame
        A row for each evaluation, as in metrics.csv: cell, the settings in `by`, seed, update and
        `metric`. The last evaluation of each run counts; a run that diverged counts as worst.
    metric : str
        The headline metric, a column.
    higher_is_better : bool
        False for a loss.
    by : sequence of str, optional
        The settings that vary, such as delay: every combination of them is a condition, within
        which cells are compared. By default the columns before `seed`.
    reference : str, optional
        A cell that all others are compared with; other pairs are left out.
    level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        A row for each pair, in the order of the cells; a reference is cell_b:

        - cell_a, cell_b, metric; conditions: the number that both have; runs_a, runs_b in these
        - probability: P(A > B), with its interval ci_low, ci_high (`improvement_interval`)
        - p_value: of the two-sided Mann-Whitney test, stratified by condition, from the exact
          distribution over all permutations of the labels within each (`exact_p`)
        - p_holm: the same after Holm's correction over all pairs of the table

        A pair without a common condition has NaN.

    Raises
    ------
    ValueError
        As `rnnlab.statistics.runs_of`; if `reference` is not a cell of the table, or `level` is not
        between 0 and 1.

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
    >>> pair = compare(metrics, "recall_accuracy").iloc[0]
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
    if reference is not None and reference not in samples:
        raise ValueError(
            f"reference must be a cell of the table, one of {', '.join(map(str, samples))}, got "
            f"{reference!r}: name it by its label"
        )
    pairs = (
        itertools.combinations(samples, 2)
        if reference is None
        else ((cell, reference) for cell in samples if cell != reference)
    )
    rows = []
    for a, b in pairs:
        common = [key for key in samples[a] if key in samples[b]]
        strata = [(samples[a][key], samples[b][key]) for key in common]
        counts = len(common), *(sum(map(len, side)) for side in zip(*strata, strict=True))
        if strata:
            interval = improvement_interval(strata, level=level)
            numbers = improvement(strata), *interval, exact_p(strata)
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


def improvement_interval(strata: Strata, *, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of P(A > B), with the pairs of the smaller group as its trials.

    The variance of U / (n m) is at most P (1 - P) / min(n, m) (van Dantzig 1951), that of as many
    independent pairs. Strata are averaged, and their variances with them.

    Examples
    --------
    >>> low, high = improvement_interval([(np.arange(10) + 10, np.arange(10))])
    >>> round(low, 2), high
    (0.72, 1.0)
    """
    pairs = len(strata) ** 2 / sum(1 / min(len(a), len(b)) for a, b in strata)
    return share_interval(improvement(strata), pairs, level=level)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Correct p-values for their number by Holm's step-down method (Holm 1979).

    Parameters
    ----------
    p_values : array_like (N,)
        NaN stays NaN and is not counted.

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
    """Return (n, m): 1 where the run of A is better than that of B, 1/2 for a tie, else 0."""
    wins: NDArray[np.float64] = (a[:, None] > b) + 0.5 * (a[:, None] == b)
    return wins


def letter_groups(
    comparison: pd.DataFrame, cells: Sequence[str], *, level: float = 0.05
) -> dict[str, str]:
    """Return letters such that two cells share one unless they differ significantly.

    The compact letter display by the insert-and-absorb algorithm (Piepho 2004). Pairs that are not
    in the table, or have no p-value, do not differ.

    Parameters
    ----------
    comparison : DataFrame
        Table of `compare`.
    cells : sequence of str
        All cells, the best first: it has an "a".
    level : float
        Two cells differ significantly if `p_holm` is below it.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> pairs = {"cell_a": ["gru", "gru", "lstm"], "cell_b": ["lstm", "rnn", "rnn"]}
    >>> table = pd.DataFrame({**pairs, "p_holm": [0.4, 0.01, 0.2]})
    >>> letter_groups(table, ["gru", "lstm", "rnn"])
    {'gru': 'a', 'lstm': 'ab', 'rnn': 'b'}
    """
    groups = [frozenset(cells)]
    apart = comparison[comparison["p_holm"] < level]
    for a, b in zip(apart["cell_a"], apart["cell_b"], strict=True):
        split = [
            part
            for group in groups
            for part in ((group - {a}, group - {b}) if {a, b} <= group else (group,))
        ]
        unique = list(dict.fromkeys(split))
        groups = [one for one in unique if not any(one < other for other in unique)]
    rank = {cell: number for number, cell in enumerate(cells)}
    groups.sort(key=lambda group: sorted(rank[cell] for cell in group))
    letters = [_letter(number) for number in range(len(groups))]
    return {
        cell: "".join(name for name, group in zip(letters, groups, strict=True) if cell in group)
        for cell in cells
    }


def _letter(number: int) -> str:
    """Return a, b, ..., z, then a', b' and so on."""
    rounds, place = divmod(number, 26)
    return chr(ord("a") + place) + "'" * rounds
