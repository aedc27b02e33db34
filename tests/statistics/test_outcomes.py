"""Interquartile means, success rates and the choice of a setting, worked by hand and by SciPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from rnnlab.statistics import (
    at_best,
    best_settings,
    interquartile_interval,
    interquartile_mean,
    outcomes,
    overall,
    success_interval,
)

INF = math.inf


def solved(accuracy: float) -> bool:
    return accuracy >= 0.99


def last(values: list[float]) -> list[list[float]]:
    return [[value] for value in values]


@pytest.mark.parametrize(
    ("strata", "expected"),
    [
        ([[0, 1, 2, 9]], 1.5),
        ([[0, 9], [2, 1]], 1.5),  # the quarters are those of all values
        ([[1, 2, 30]], 11.0),  # of three values nothing is left out
        ([[5, 1, 2, 3, 4, 6, 7, 8, 99, 0]], 4.5),  # two of ten on either side
        ([[1, 2, 3, INF]], 2.5),
        ([[1, 2, INF, INF]], INF),
        ([[4.0]], 4.0),
    ],
)
def test_interquartile_means(strata: Any, expected: float) -> None:
    assert interquartile_mean(strata) == expected


def test_the_interval_is_scipys_stratified_bootstrap(rng: np.random.Generator) -> None:
    strata = [rng.normal(0, 1, 8), rng.normal(5, 3, 6), rng.normal(9, 1, 10)]

    def middle(*samples: Any, axis: int = -1) -> Any:
        return scipy.stats.trim_mean(np.concatenate(samples, axis=axis), 0.25, axis=axis)

    truth = scipy.stats.bootstrap(strata, middle, method="percentile", rng=rng).confidence_interval
    width = truth.high - truth.low
    found = interquartile_interval(strata)
    assert found == pytest.approx((truth.low, truth.high), abs=0.06 * width)
    pooled = interquartile_interval([np.concatenate(strata)])
    assert pooled[1] - pooled[0] > 1.3 * width  # strata that differ are not resampled away


def test_intervals_reproduce_whatever_the_order() -> None:
    assert interquartile_interval([[3, 1, 2], [4, 9]]) == interquartile_interval(
        [[1, 2, 3], [9, 4]]
    )
    assert (
        interquartile_interval([[0.1] * 3, [0.7] * 3])
        == (interquartile_mean([[0.1] * 3, [0.7] * 3]),) * 2
    )
    assert interquartile_interval([[0.1] * 5]) == (0.1, 0.1)
    assert interquartile_interval([[1.0, 2.0, INF, INF, INF]])[1] == INF


@pytest.mark.parametrize(
    ("strata", "message"),
    [
        ([], "strata must be lists of at least one number"),
        ([[1.0], []], "lists of at least one number"),
        ([1.0, 2.0], r"got shapes .*: pass a list a condition, as in \[values\]"),
        ([[math.nan]], "strata must be numbers, got NaN: give a run that diverged infinity"),
    ],
)
def test_what_has_no_interquartile_mean(strata: Any, message: str) -> None:
    for function in (interquartile_mean, interquartile_interval):
        with pytest.raises(ValueError, match=message):
            function(strata)


@pytest.mark.parametrize(("successes", "runs"), [(5, 5), (10, 10), (0, 3), (2, 3), (7, 20)])
def test_wilsons_formula(successes: int, runs: int) -> None:
    z, share = scipy.stats.norm.ppf(0.975), successes / runs
    centre = (share + z**2 / (2 * runs)) / (1 + z**2 / runs)
    half = z / (1 + z**2 / runs) * math.sqrt(share * (1 - share) / runs + z**2 / (4 * runs**2))
    expected = (max(0, centre - half), min(1, centre + half))
    assert success_interval(successes, runs) == pytest.approx(expected, abs=1e-12)


def test_wilson_needs_runs() -> None:
    for wrong in ((0, 0), (4, 3), (-1, 3)):
        with pytest.raises(ValueError, match="solved must be a number of runs, 0 to runs"):
            success_interval(*wrong)


def test_outcomes_worked_by_hand(study: Any) -> None:
    metrics = pd.concat(
        [
            study({"b": [[0.5, 1.0], [1.0, 0.9]], "a": [[0.0, 0.0]]}, delay=20),
            study({"a": [[0.0, 1.0]]}, delay=3),
        ]
    )
    table = outcomes(metrics, solved=solved)
    assert table[["cell", "delay", "seeds", "solved"]].to_numpy().tolist() == [
        ["b", 20, 2, 2],
        ["a", 3, 1, 1],
        ["a", 20, 1, 0],
    ]
    assert table["iqm"].tolist() == [0.95, 1.0, 0.0]
    assert table["success_rate"].tolist() == [1.0, 1.0, 0.0]
    assert table["updates_to_solve"].tolist() == [150.0, 200.0, INF]
    assert list(table.loc[0, ["iqm_low", "iqm_high"]]) == [0.9, 1.0]
    assert set(table["diverged"]) == {0}


def test_no_run_gives_no_row(study: Any) -> None:
    empty = study({"a": last([1.0])}, delay=1).iloc[:0]
    assert "success_low" in outcomes(empty, solved=solved).columns
    assert len(outcomes(empty, solved=solved)) == len(overall(empty)) == 0


def test_overall_takes_the_conditions_that_all_cells_have(study: Any) -> None:
    metrics = pd.concat(
        [
            study({"a": last([0.2, 0.4]), "b": last([0.5, 0.5])}, delay=1),
            study({"a": last([0.6, 0.8]), "b": last([0.9])}, delay=2),
            study({"a": last([0.0])}, delay=3),
        ]
    )
    table = overall(metrics)
    assert table[["cell", "conditions", "runs"]].to_numpy().tolist() == [["a", 2, 4], ["b", 2, 3]]
    assert table["iqm"].tolist() == pytest.approx([0.5, 1.9 / 3])
    alone = [study({"a": last([1])}, delay=1), study({"b": last([1])}, delay=2)]
    assert overall(pd.concat(alone)).empty


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_the_best_learning_rate_of_each_cell_and_delay(study: Any, higher_is_better: bool) -> None:
    sign = 1 if higher_is_better else -1
    grid = {
        (10, 0.01): {"a": [0.9, 0.9], "b": [0.1, 0.5]},
        (10, 0.1): {"a": [0.8, 0.8], "b": [0.3, 0.5]},
        (20, 0.01): {"a": [0.1, 0.2], "b": [0.5, 0.5]},
        (20, 0.1): {"a": [0.9, 0.9], "b": [0.5, 0.5]},
    }
    metrics = pd.concat(
        [
            study(
                {cell: last([sign * value for value in runs]) for cell, runs in cells.items()},
                delay=delay,
                lr=lr,
            )
            for (delay, lr), cells in grid.items()
        ]
    )
    best = at_best(metrics, "lr", higher_is_better=higher_is_better)
    rates = best.groupby(["cell", "delay"])["lr"].unique().map(list).to_dict()
    assert rates == {
        ("a", 10): [0.01], ("a", 20): [0.1], ("b", 10): [0.1], ("b", 20): [0.01],
    }  # fmt: skip
    assert best.columns.tolist() == metrics.columns.tolist()


def test_of_equal_settings_the_lower_loss_wins_then_the_first_listed(study: Any) -> None:
    """Accuracies end at 1: the lowest rate was chosen, whatever the table listed first."""
    losses = {0.1: 0.5, 0.001: 0.2, 0.03: 0.2, 0.01: 0.4}
    metrics = pd.concat(
        study({"a": last([1.0, 1.0]), "b": last([0.5, 0.5])}, lr=lr).assign(loss=loss)
        for lr, loss in losses.items()
    )
    assert best_settings(metrics, "lr").to_numpy().tolist() == [["a", 0.001], ["b", 0.001]]
    broken = metrics.assign(
        loss=metrics["loss"].mask((metrics["lr"] == 0.001) & (metrics["seed"] == 1))
    )
    assert best_settings(broken, "lr")["lr"].tolist() == [0.03, 0.03]
    assert best_settings(metrics.drop(columns="loss"), "lr")["lr"].tolist() == [0.1, 0.1]
    better = metrics.assign(recall_accuracy=metrics["lr"].map(lambda lr: 1 - abs(lr - 0.01)))
    assert best_settings(better, "lr")["lr"].tolist() == [0.01, 0.01]


def test_a_setting_that_is_off_can_be_the_best(study: Any) -> None:
    """A gap in the column, as "none" is written in metrics.csv."""
    metrics = pd.concat(
        study({"a": last(runs)}, clip=clip)
        for clip, runs in {1.0: [0.5, 0.6], np.nan: [0.9, 0.8], 5.0: [0.1, 0.2]}.items()
    )
    best = at_best(metrics, "clip")
    assert best["clip"].isna().tolist() == [True, True]
    assert best["recall_accuracy"].tolist() == [0.9, 0.8]


def test_a_setting_to_choose_must_vary(study: Any) -> None:
    with pytest.raises(
        ValueError, match="over must be a setting that varies, one of delay, got 'l"
    ):
        at_best(study({"a": last([1])}, delay=1), "lr")
