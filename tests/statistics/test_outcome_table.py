"""Means, success rates and the choice of a setting, worked by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnlab.statistics import (
    at_best,
    best_settings,
    mean_interval,
    outcomes,
    overall,
    success_interval,
)

INF = math.inf


def solved(accuracy: float) -> bool:
    return accuracy >= 0.99


def last(values: list[float]) -> list[list[float]]:
    return [[value] for value in values]


def test_a_failure_is_not_left_out(study: Any) -> None:
    """An interquartile mean of 10 runs drops the worst two: 8 of 10 looked like 10 of 10."""
    runs = [1.0] * 8 + [0.125, 0.125]
    row = outcomes(study({"a": last(runs)}, delay=1), "recall_accuracy", solved=solved).iloc[0]
    assert row["mean"] == pytest.approx(0.825)
    assert (row["mean_low"], row["mean_high"]) == mean_interval(runs)
    assert row["solved"] == 8


def test_a_loss_has_no_interval_and_a_run_without_one_counts_as_undefined(study: Any) -> None:
    metrics = study({"a": last([0.1, 0.2, math.nan])}, metric="mse")
    metrics["status"] = ["ok", "ok", "diverged"]
    measure: dict[str, Any] = {"metric": "mse", "higher_is_better": False, "solved": solved}
    row = outcomes(metrics, **measure).iloc[0]
    assert row["mean"] == INF
    row = outcomes(metrics, undefined=0.3, **measure).iloc[0]
    assert row["mean"] == pytest.approx(0.2)
    assert math.isnan(row["mean_low"])
    assert math.isnan(row["mean_high"])


def test_a_success_rate_needs_runs() -> None:
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
    table = outcomes(metrics, "recall_accuracy", solved=solved)
    assert table[["cell", "delay", "seeds", "solved"]].to_numpy().tolist() == [
        ["b", 20, 2, 2],
        ["a", 3, 1, 1],
        ["a", 20, 1, 0],
    ]
    assert table["mean"].tolist() == [0.95, 1.0, 0.0]
    assert table["success_rate"].tolist() == [1.0, 1.0, 0.0]
    assert table["updates_to_solve"].tolist() == [150.0, 200.0, INF]
    assert tuple(table.loc[0, ["mean_low", "mean_high"]]) == mean_interval([0.9, 1.0])
    assert table.loc[1:, ["mean_low", "mean_high"]].isna().all(axis=None)  # one seed each
    assert set(table["diverged"]) == {0}


def test_no_run_gives_no_row(study: Any) -> None:
    empty = study({"a": last([1.0])}, delay=1).iloc[:0]
    table = outcomes(empty, "recall_accuracy", solved=solved)
    assert "success_low" in table.columns
    assert len(table) == len(overall(table, ["delay"])) == 0


def test_overall_takes_the_conditions_that_all_cells_have(study: Any) -> None:
    metrics = pd.concat(
        [
            study({"a": last([0.2, 0.4]), "b": last([0.5, 0.5])}, delay=1),
            study({"a": last([0.6, 0.8]), "b": last([0.9])}, delay=2),
            study({"a": last([0.0])}, delay=3),
        ]
    )
    table = overall(
        outcomes(metrics, "recall_accuracy", solved=lambda value: value >= 0.5), ["delay"]
    )
    assert table[["cell", "conditions", "runs"]].to_numpy().tolist() == [["a", 2, 4], ["b", 2, 3]]
    assert table["mean"].tolist() == pytest.approx([0.5, 0.7])  # each condition counts alike
    assert table["solved"].tolist() == [2, 3]
    alone = [study({"a": last([1])}, delay=1), study({"b": last([1])}, delay=2)]
    assert overall(outcomes(pd.concat(alone), "recall_accuracy", solved=solved), ["delay"]).empty


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
    best = at_best(metrics, "lr", higher_is_better=higher_is_better, metric="recall_accuracy")
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
    assert best_settings(metrics, "lr", metric="recall_accuracy").to_numpy().tolist() == [
        ["a", 0.001],
        ["b", 0.001],
    ]
    broken = metrics.assign(
        loss=metrics["loss"].mask((metrics["lr"] == 0.001) & (metrics["seed"] == 1))
    )
    assert best_settings(broken, "lr", metric="recall_accuracy")["lr"].tolist() == [0.03, 0.03]
    assert best_settings(metrics.drop(columns="loss"), "lr", metric="recall_accuracy")[
        "lr"
    ].tolist() == [0.1, 0.1]
    better = metrics.assign(recall_accuracy=metrics["lr"].map(lambda lr: 1 - abs(lr - 0.01)))
    assert best_settings(better, "lr", metric="recall_accuracy")["lr"].tolist() == [0.01, 0.01]


def test_a_setting_that_is_off_can_be_the_best(study: Any) -> None:
    """A gap in the column, as "none" is written in metrics.csv."""
    metrics = pd.concat(
        study({"a": last(runs)}, clip=clip)
        for clip, runs in {1.0: [0.5, 0.6], np.nan: [0.9, 0.8], 5.0: [0.1, 0.2]}.items()
    )
    best = at_best(metrics, "clip", metric="recall_accuracy")
    assert best["clip"].isna().tolist() == [True, True]
    assert best["recall_accuracy"].tolist() == [0.9, 0.8]


def test_a_setting_to_choose_must_vary(study: Any) -> None:
    with pytest.raises(
        ValueError, match="over must be a setting that varies, one of delay, got 'l"
    ):
        at_best(study({"a": last([1])}, delay=1), "lr", metric="recall_accuracy")
