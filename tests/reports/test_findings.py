"""The sentences at the top of a report, on results whose winner is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import rnnlab
from rnnlab.reports.findings import findings
from rnnlab.statistics import compare, outcomes


def said(
    cells: dict[str, dict[int, list[float]]], reference: str | None = None, **options: Any
) -> list[str]:
    """Return the findings about runs whose accuracies are given by cell and delay."""
    rows = [
        {"cell": cell, "delay": delay, "seed": seed, "update": 100, "accuracy": value}
        for cell, delays in cells.items()
        for delay, values in delays.items()
        for seed, value in enumerate(values)
    ]
    metrics = pd.DataFrame(rows)
    table = outcomes(metrics, metric="accuracy", solved=lambda value: value >= 0.99)
    pairs = compare(metrics, metric="accuracy", reference=reference)
    settings = {"higher_is_better": True, "has_criterion": True, **options}
    return findings(table, pairs, ["delay"], reference, **settings)


def test_the_published_winner_is_not_the_one_that_fails(published: Any) -> None:
    """Bias 1 was called highest: chrono has the same interquartile mean, and solves 30 of 30."""
    page = rnnlab.report(published("temporal-order"), force=True).path.read_text()
    first = (
        "gru,forget_bias=chrono has the highest mean accuracy over the 3 conditions, 1.00, 30 of "
        "30 runs solved, but no significant difference to lstm,forget_bias=chrono (1.00, 30 of 30 "
        "runs solved; p = 1.000) or lstm,forget_bias=1 (0.85, 24 of 30 runs solved; p = 0.101)"
    )
    assert first in page
    solved = "at length 110: lstm,forget_bias=chrono 10 of 10, gru,forget_bias=chrono 10 of 10, "
    assert f"{solved}lstm,forget_bias=1 4 of 10" in page


def test_failures_are_not_pooled_away() -> None:
    sentences = said(
        {
            "a": {10: [1.0] * 10, 20: [1.0] * 8 + [0.1, 0.1]},
            "b": {10: [1.0] * 10, 20: [1.0] * 10},
        }
    )
    assert sentences == [
        "b has the highest mean accuracy over the 2 conditions, 1.00, 20 of 20 runs solved, but no "
        "significant difference to a (0.91, 18 of 20 runs solved; p = 0.474).",
        "Solved at delay 20: b 10 of 10, a 8 of 10.",
        "Every run of every cell solves the task at delay 10: nothing separates the cells there.",
        "0 of 1 pair of cells differs significantly.",
    ]


def test_a_ceiling_and_a_floor_come_first() -> None:
    top = said({"a": {10: [1.0] * 5}, "b": {10: [0.995] * 5}})
    assert top[0] == (
        "Every run of every cell solves the task: it does not separate the cells. Take a longer "
        "one."
    )
    assert top[1:] == ["1 of 1 pair of cells differs significantly: a better than b."]
    floor = said({"a": {10: [0.1, 0.2, 0.3]}, "b": {10: [0.1, 0.2, 0.2]}})
    assert floor[0].startswith("No run of any cell solves the task within the updates")
    assert "solved" not in floor[1]


def test_a_winner_that_is_one() -> None:
    cells = {
        "a": {10: np.linspace(0.9, 1.0, 10).tolist()},
        "b": {10: np.linspace(0.1, 0.2, 10).tolist()},
    }
    first = said(cells)[0]
    assert first.endswith("1 of 10 runs solved; the difference to b is significant.")
    third = said(cells | {"c": {10: np.linspace(0.3, 0.4, 10).tolist()}})[0]
    assert third.endswith("; the difference to every other cell is significant.")


def test_a_reference_is_what_others_are_compared_with() -> None:
    cells = {cell: {10: [level] * 6} for cell, level in {"a": 0.5, "b": 1.0, "c": 0.5}.items()}
    sentences = said(cells, reference="a")
    assert sentences == [
        "a, the reference, has a mean accuracy of 0.50, 0 of 6 runs solved.",
        "Solved at delay 10: b 6 of 6, a 0 of 6, c 0 of 6.",
        "1 of 2 cells differ from a significantly: b better than a.",
    ]


def test_a_study_with_a_reference_makes_the_comparisons_it_asks(folder: Any, study: Any) -> None:
    """The ablation was corrected for 36 pairs where 8 against the full cell were meant."""
    metrics = study({"rnn": 0.5, "lstm": 0.7, "gru": 1.0}, {"delay": [10]})
    made = rnnlab.report(folder(metrics, reference="lstm"))
    pairs = made.tables["comparison"][["cell_a", "cell_b"]].to_numpy().tolist()
    assert pairs == [["rnn", "lstm"], ["gru", "lstm"]]
    assert "Every cell against lstm" in made.path.read_text()


def test_values_of_a_swept_setting_are_compared(folder: Any, study: Any) -> None:
    """A study that sweeps the forget bias of one cell had an empty comparison."""
    metrics = study({"lstm": 1.0}, {"delay": [10, 20], "forget_bias": [0.0, 1.0, "chrono"]})
    made = rnnlab.report(folder(metrics))
    labels = ["lstm,forget_bias=0", "lstm,forget_bias=1", "lstm,forget_bias=chrono"]
    assert made.tables["outcomes"]["cell"].unique().tolist() == labels
    assert made.tables["comparison"]["conditions"].tolist() == [2, 2, 2]
    assert set(made.tables["comparison"]["cell_b"]) <= set(labels)


def test_many_cells_are_counted(study: Any) -> None:
    cells = {f"cell {number}": {10: [1.0] * number + [0.2] * (12 - number)} for number in range(12)}
    sentences = said(cells)
    (solved,) = (one for one in sentences if one.startswith("Solved at"))
    assert solved.count(" of 12") <= 10


@pytest.mark.parametrize("has_criterion", [True, False])
def test_one_cell_has_no_rivals(has_criterion: bool) -> None:
    assert said({"a": {10: [0.5, 1.0]}}, has_criterion=has_criterion) == []
