"""Probability of improvement: hand-worked pairs, SciPy, and enumeration of all labellings."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from rnnlab.statistics import compare, exact_test, holm
from rnnlab.statistics.comparison import improvement, improvement_interval
from rnnlab.statistics.exact_test import exact_p


def last(values: list[float]) -> list[list[float]]:
    return [[value] for value in values]


def test_pairs_worked_by_hand(study: Any) -> None:
    metrics = pd.concat(
        [
            study({"a": last([1, 3]), "b": last([2, 2, 3]), "c": last([0, 0])}, delay=10),
            study({"a": last([5]), "b": last([4, 6])}, delay=20),
        ]
    )
    table = compare(metrics, "recall_accuracy")
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
    assert exact_p([(a, b)]) == pytest.approx(truth.pvalue, abs=1e-12)


def test_ties_are_scipys_permutation_test(rng: np.random.Generator) -> None:
    a, b = rng.integers(3, size=6) + 0.0, rng.integers(4, size=5) + 0.0

    def share(x: Any, y: Any) -> float:
        return float(np.mean([(i > j) + (i == j) / 2 for i in x for j in y]) - 0.5)

    truth = scipy.stats.permutation_test((a, b), lambda x, y: abs(share(x, y)), n_resamples=np.inf,
                                         alternative="greater")  # fmt: skip
    assert improvement([(a, b)]) - 0.5 == pytest.approx(share(a, b))
    assert exact_p([(a, b)]) == pytest.approx(truth.pvalue, abs=1e-12)


def by_enumeration(strata: list[tuple[Any, Any]]) -> float:
    """Return the p-value from every way to give the labels to the runs of each stratum."""

    def every(a: Any, b: Any) -> list[float]:
        pooled = np.concatenate([a, b])
        found = []
        for chosen in itertools.combinations(range(len(pooled)), len(a)):
            rest = np.delete(pooled, chosen)
            found.append(improvement([(pooled[list(chosen)], rest)]) - 0.5)
        return found

    sums = np.zeros(1)
    for a, b in strata:
        sums = np.add.outer(sums, every(a, b)).ravel()
    observed = improvement(strata) - 0.5
    return float(np.mean(np.abs(sums / len(strata)) >= abs(observed) - 1e-12))


@pytest.mark.parametrize("values", [2, 3, 100])
@pytest.mark.parametrize("sizes", [[(3, 3)], [(4, 5)], [(3, 3), (2, 4)], [(1, 3), (3, 2), (2, 2)]])
def test_p_values_are_shares_of_all_labellings(
    rng: np.random.Generator, values: int, sizes: list[tuple[int, int]]
) -> None:
    for _ in range(3):
        strata = [(rng.integers(values, size=n), rng.integers(values, size=m)) for n, m in sizes]
        assert exact_p(strata) == pytest.approx(by_enumeration(strata), abs=1e-12)


def test_ten_against_ten_without_overlap() -> None:
    """9,999 permutations had a floor of 1e-4: of 167 pairs none could be significant."""
    apart = np.arange(10.0) + 10, np.arange(10.0)
    assert exact_p([apart]) == pytest.approx(2 / math.comb(20, 10), rel=1e-12)
    assert exact_p([apart] * 4) == pytest.approx(2 / math.comb(20, 10) ** 4, rel=1e-9)
    assert exact_p([apart, apart[::-1]]) == 1.0


def test_sizes_without_a_common_step_are_rounded_up(rng: np.random.Generator) -> None:
    strata = [(rng.integers(9, size=n), rng.integers(9, size=m)) for n, m in ((2, 3), (3, 3))]
    exact = exact_p(strata)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact_test, "_STEPS", 17)  # no multiple of 6 or 9
        assert exact <= exact_p(strata) <= exact + 0.25
    primes = [(rng.normal(size=n), rng.normal(size=m)) for n, m in ((7, 11), (13, 5), (17, 19))]
    assert 0 < exact_p(primes) <= 1


def test_many_runs_have_the_normal_distribution(rng: np.random.Generator) -> None:
    strata = [(rng.integers(5, size=50), rng.integers(6, size=50)) for _ in range(2)]
    exact = exact_p(strata)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact_test, "_MANY", 99)
        assert exact_p(strata) == pytest.approx(exact, abs=0.002)
    tied = [(np.ones(60), np.ones(60))]
    assert exact_p(tied) == 1.0


def test_conditions_of_different_difficulty_are_not_mixed(study: Any) -> None:
    # a is better within each delay, and has more runs where all is harder
    metrics = pd.concat(
        [
            study({"a": last([0.91]), "b": last([0.9, 0.9, 0.9, 0.9])}, delay=10),
            study({"a": last([0.11, 0.11, 0.11, 0.11]), "b": last([0.1])}, delay=80),
        ]
    )
    assert compare(metrics, "recall_accuracy")["probability"].item() == 1.0
    pooled = compare(
        metrics.assign(seed=metrics["seed"] + metrics["delay"]), "recall_accuracy", by=[]
    )
    assert pooled["probability"].item() < 0.5


def test_equal_cells_rarely_differ_significantly(rng: np.random.Generator) -> None:
    p_values = [
        exact_p([(rng.integers(5, size=4), rng.integers(5, size=4)) for _ in range(3)])
        for _ in range(200)
    ]
    assert np.mean(np.array(p_values) < 0.05) <= 0.05 + 3 * 0.016
    assert np.mean(np.array(p_values) < 0.5) == pytest.approx(0.5, abs=0.12)


def test_a_loss_is_better_when_it_is_smaller(study: Any, rng: np.random.Generator) -> None:
    runs = {cell: last(list(rng.normal(size=6))) for cell in "abc"}
    negated = {cell: [[-value] for [value] in own] for cell, own in runs.items()}
    expected = compare(study(runs, delay=1), "recall_accuracy")
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


def test_complete_separation_has_an_interval_and_a_p_value(study: Any) -> None:
    """The interval had no width: resampling cannot show what was never seen."""
    table = compare(study({"a": last([7, 8, 9]), "b": last([1, 2, 3])}), "recall_accuracy")
    low, high = float(table["ci_low"][0]), float(table["ci_high"][0])
    assert (table["probability"].item(), high) == (1.0, 1.0)
    truth = scipy.stats.binomtest(3, 3).proportion_ci(method="wilson")
    assert low == pytest.approx(truth.low)
    assert table["p_value"].item() == pytest.approx(2 / 20)


def test_the_smaller_group_and_every_condition_count() -> None:
    """Wilson's interval with as many trials as there are independent pairs."""
    tied, apart = (np.ones(4), np.ones(9)), (np.ones(4), np.zeros(9))
    for strata, share, pairs in (
        ([tied], 0.5, 4),
        ([tied, apart], 0.75, 8),
        ([apart, (np.ones(12), np.zeros(12))], 1.0, 12),  # 4 / (1/4 + 1/12)
    ):
        truth = scipy.stats.binomtest(round(share * pairs), pairs).proportion_ci(method="wilson")
        assert improvement_interval(strata) == pytest.approx(tuple(truth), abs=1e-12)


def test_a_reference_is_compared_with_every_other_cell(study: Any, rng: Any) -> None:
    metrics = study({cell: last(list(rng.normal(size=4))) for cell in "abcd"}, delay=3)
    every, some = (
        compare(metrics, "recall_accuracy"),
        compare(metrics, "recall_accuracy", reference="b"),
    )
    assert some[["cell_a", "cell_b"]].to_numpy().tolist() == [["a", "b"], ["c", "b"], ["d", "b"]]
    assert some["probability"][0] == every["probability"][0]
    assert some["probability"][1] == 1 - every["probability"][3]  # c over b, not b over c
    np.testing.assert_array_equal(some["p_holm"], holm(some["p_value"]))
    with pytest.raises(ValueError, match="reference must be a cell of the table, one of a, b, c,"):
        compare(metrics, "recall_accuracy", reference="lstm")


def test_a_pair_without_a_common_condition(study: Any) -> None:
    a, b = study({"a": last([1, 2])}, delay=10), study({"b": last([1, 2])}, delay=20)
    table = compare(pd.concat([a, b, study({"c": last([0, 0])}, delay=10)]), "recall_accuracy")
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


def test_the_order_of_the_rows_does_not_matter(study: Any, rng: np.random.Generator) -> None:
    metrics = study({cell: last(list(rng.normal(size=5))) for cell in "ab"}, delay=3)
    shuffled = metrics.iloc[[3, 1, 0, 2, 4, 9, 5, 8, 7, 6]]
    pd.testing.assert_frame_equal(
        compare(metrics, "recall_accuracy"), compare(shuffled, "recall_accuracy")
    )


def test_a_level_is_a_share(study: Any) -> None:
    with pytest.raises(ValueError, match="level must be between 0 and 1, got 95: use .95"):
        compare(study({"a": last([1]), "b": last([2])}), "recall_accuracy", level=95)
