"""Probability of improvement: hand-worked pairs, SciPy, enumeration, simulated coverage."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from rnnlab.statistics import compare, holm
from rnnlab.statistics.comparison import improvement, improvement_interval, permutation_p

# Three standard deviations of a share among 9,999 random permutations.
MONTE_CARLO = 3 * math.sqrt(0.25 / 9_999)


def last(values: list[float]) -> list[list[float]]:
    return [[value] for value in values]


def test_pairs_worked_by_hand(study: Any) -> None:
    metrics = pd.concat(
        [
            study({"a": last([1, 3]), "b": last([2, 2, 3]), "c": last([0, 0])}, delay=10),
            study({"a": last([5]), "b": last([4, 6])}, delay=20),
        ]
    )
    table = compare(metrics)
    assert table[["cell_a", "cell_b"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    # delay 10: 3 beats 2 twice and ties once, of six pairs: 2.5/6; delay 20: 1/2
    assert table["probability"].tolist() == pytest.approx([(2.5 / 6 + 0.5) / 2, 1.0, 1.0])
    assert table["conditions"].tolist() == [2, 1, 1]
    assert table[["runs_a", "runs_b"]].to_numpy().tolist() == [[3, 5], [2, 2], [3, 2]]
    assert set(table["metric"]) == {"recall_accuracy"}


def test_one_condition_is_scipys_mann_whitney(rng: np.random.Generator) -> None:
    a, b = rng.normal(0.6, 1, 9), rng.normal(size=7)
    truth = scipy.stats.mannwhitneyu(a, b, method="exact")
    assert improvement([(a, b)]) == pytest.approx(truth.statistic / (9 * 7))
    assert permutation_p([(a, b)]) == pytest.approx(truth.pvalue, abs=MONTE_CARLO)


def test_ties_are_scipys_permutation_test(rng: np.random.Generator) -> None:
    a, b = rng.integers(3, size=6) + 0.0, rng.integers(4, size=5) + 0.0

    def share(x: Any, y: Any) -> float:
        return float(np.mean([(i > j) + (i == j) / 2 for i in x for j in y]) - 0.5)

    truth = scipy.stats.permutation_test((a, b), lambda x, y: abs(share(x, y)), n_resamples=np.inf,
                                         alternative="greater")  # fmt: skip
    assert improvement([(a, b)]) - 0.5 == pytest.approx(share(a, b))
    assert permutation_p([(a, b)]) == pytest.approx(truth.pvalue, abs=MONTE_CARLO)


def test_two_strata_are_all_their_permutations(rng: np.random.Generator) -> None:
    strata = [(rng.normal(1, 1, 3), rng.normal(size=3)), (rng.normal(9, 1, 2), rng.normal(8, 1, 4))]

    def every(a: Any, b: Any) -> list[float]:
        pooled = np.concatenate([a, b])
        found = []
        for chosen in itertools.combinations(range(len(pooled)), len(a)):
            rest = np.delete(pooled, chosen)
            found.append(improvement([(pooled[list(chosen)], rest)]) - 0.5)
        return found

    sums = np.add.outer(every(*strata[0]), every(*strata[1])).ravel() / 2
    observed = improvement(strata) - 0.5
    exact = np.mean(np.abs(sums) >= abs(observed) - 1e-12)
    assert 0.01 < exact < 0.9
    assert permutation_p(strata) == pytest.approx(exact, abs=MONTE_CARLO)


def test_conditions_of_different_difficulty_are_not_mixed(study: Any) -> None:
    # a is better within each delay, and has more runs where all is harder
    metrics = pd.concat(
        [
            study({"a": last([0.91]), "b": last([0.9, 0.9, 0.9, 0.9])}, delay=10),
            study({"a": last([0.11, 0.11, 0.11, 0.11]), "b": last([0.1])}, delay=80),
        ]
    )
    assert compare(metrics)["probability"].item() == 1.0
    pooled = compare(metrics.assign(seed=metrics["seed"] + metrics["delay"]), by=[])
    assert pooled["probability"].item() < 0.5


def test_the_interval_is_scipys_bootstrap(rng: np.random.Generator) -> None:
    a, b = rng.normal(0.5, 1, 8), rng.normal(size=11)

    def share(x: Any, y: Any, axis: int = -1) -> Any:
        return (x[..., :, None] > y[..., None, :]).mean(axis=(-1, -2))

    truth = scipy.stats.bootstrap((a, b), share, method="percentile", rng=rng).confidence_interval
    assert improvement_interval([(a, b)]) == pytest.approx((truth.low, truth.high), abs=0.02)


def test_the_interval_covers(rng: np.random.Generator) -> None:
    truth = scipy.stats.norm.cdf(0.7 / math.sqrt(2))
    hits, rounds = 0, 200
    for _ in range(rounds):
        strata = [(rng.normal(0.7, 1, 10), rng.normal(size=10)) for _ in range(2)]
        low, high = improvement_interval(strata)
        hits += low <= truth <= high
    # a percentile interval of few runs is a little narrow; binomial scatter of 200 rounds is .016
    assert 0.88 <= hits / rounds <= 0.99


def test_equal_cells_are_rarely_told_apart(rng: np.random.Generator) -> None:
    p_values = [
        permutation_p([(rng.integers(5, size=4), rng.integers(5, size=4)) for _ in range(3)])
        for _ in range(200)
    ]
    assert np.mean(np.array(p_values) < 0.05) <= 0.05 + 3 * 0.016
    assert np.mean(np.array(p_values) < 0.5) == pytest.approx(0.5, abs=0.12)


def test_a_loss_is_better_when_it_is_smaller(study: Any, rng: np.random.Generator) -> None:
    runs = {cell: last(list(rng.normal(size=6))) for cell in "abc"}
    negated = {cell: [[-value] for [value] in own] for cell, own in runs.items()}
    expected = compare(study(runs, delay=1))
    table = compare(study(negated, metric="mse", delay=1), metric="mse", higher_is_better=False)
    pd.testing.assert_frame_equal(table.assign(metric=""), expected.assign(metric=""))


def test_a_run_that_diverged_is_worst(study: Any) -> None:
    metrics = study({"a": last([0.5, math.nan]), "b": last([9.0, 9.0])}, metric="mse")
    metrics["status"] = ["ok", "diverged", "ok", "ok"]
    table = compare(metrics, metric="mse", higher_is_better=False)
    assert table["probability"].item() == 0.5
    both = metrics.assign(mse=math.nan, status="diverged")
    table = compare(both, metric="mse", higher_is_better=False)
    assert table[["probability", "p_value"]].iloc[0].tolist() == [0.5, 1.0]


def test_complete_separation_has_no_width_and_a_p_value_that_knows_how_few_runs_there_are(
    study: Any,
) -> None:
    table = compare(study({"a": last([7, 8, 9]), "b": last([1, 2, 3])}))
    assert table[["probability", "ci_low", "ci_high"]].iloc[0].tolist() == [1.0, 1.0, 1.0]
    assert table["p_value"].item() == pytest.approx(2 / 20, abs=MONTE_CARLO)


@pytest.mark.parametrize("runs", [2, 3, 5, 6, 7, 10, 11, 49])
def test_ties_alone_are_exactly_one_half_however_many(runs: int) -> None:
    """Shares of runs that were added up gave .4999999999999999 for some numbers of runs."""
    tied = np.ones(runs)
    assert improvement_interval([(tied, tied)] * 3) == (0.5, 0.5)
    assert improvement_interval([(tied, tied[:-1])]) == (0.5, 0.5)
    assert improvement_interval([(tied, 0 * tied), (tied, tied)]) == (0.75, 0.75)
    assert improvement_interval([(tied, 0 * tied)]) == (1.0, 1.0)


def test_a_pair_without_a_common_condition(study: Any) -> None:
    a, b = study({"a": last([1, 2])}, delay=10), study({"b": last([1, 2])}, delay=20)
    table = compare(pd.concat([a, b, study({"c": last([0, 0])}, delay=10)]))
    assert table["conditions"].tolist() == [0, 1, 0]
    assert table["probability"].isna().tolist() == [True, False, True]
    assert table["p_holm"].iloc[1] == table["p_value"].iloc[1]  # one test, nothing to correct


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # p.adjust(c(.01, .02, .03, .04, .05), "holm") in R
        ([0.01, 0.02, 0.03, 0.04, 0.05], [0.05, 0.08, 0.09, 0.09, 0.09]),
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.04, math.nan, 0.01], [0.04, math.nan, 0.02]),
        ([], []),
    ],
)
def test_holm(given: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(holm(given), expected, rtol=1e-12)


def test_the_same_seed_gives_the_same_table(study: Any, rng: np.random.Generator) -> None:
    metrics = study({cell: last(list(rng.normal(size=5))) for cell in "ab"}, delay=3)
    shuffled = metrics.iloc[[3, 1, 0, 2, 4, 9, 5, 8, 7, 6]]
    pd.testing.assert_frame_equal(compare(metrics), compare(shuffled))
    other = compare(metrics, seed=1)
    assert other["p_value"].item() != compare(metrics)["p_value"].item()
    assert other["probability"].item() == compare(metrics)["probability"].item()


def test_a_level_is_a_share(study: Any) -> None:
    with pytest.raises(ValueError, match="level must lie between 0 and 1, got 95: use .95"):
        compare(study({"a": last([1]), "b": last([2])}), level=95)
