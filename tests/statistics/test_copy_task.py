"""The summary of the copy task on tables small enough to work out by hand."""

from __future__ import annotations

import io
import math
from typing import Any

import pandas as pd
import pytest

from rnnlab.statistics import bootstrap_interval, summarise_copy_task

COLUMNS = [
    "cell",
    "delay",
    "seeds",
    "parameters",
    "recall_accuracy",
    "ci_low",
    "ci_high",
    "sequence_accuracy",
    "chance",
    "solved_share",
    "updates_to_solve",
]
INF = math.inf


def table(text: str) -> pd.DataFrame:
    """Read a table as it is printed."""
    return pd.read_csv(io.StringIO(text), sep=r"\s+")


def runs(*accuracies: list[float], cell: str = "gru", delay: int = 10) -> pd.DataFrame:
    """One run a list, evaluated every 100 updates; whole sequences are right half as often."""
    rows = [
        (cell, delay, seed, 100 * (number + 1), value, value / 2)
        for seed, run in enumerate(accuracies)
        for number, value in enumerate(run)
    ]
    names = ["cell", "delay", "seed", "update", "recall_accuracy", "sequence_accuracy"]
    return pd.DataFrame(rows, columns=names)


METRICS = table(
    """
    cell  delay  seed  update  loss  recall_accuracy  sequence_accuracy  status    seconds
    lstm     30     0     100   .9              .50                .10  ok              1
    lstm     30     0     200   .8              .75                .25  ok              1
    lstm     30     1     100   .7              .99                .90  ok              1
    lstm     30     1     200   .6              .95                .75  ok              1
    lstm     10     0     200   .1             1.00               1.00  ok              1
    lstm     10     0     100   .2              .995               .98  ok              1
    lstm     10     1     100   .4              .40                .00  ok              1
    lstm     10     1     137   nan             .00                .00  diverged        1
    gru      10     0     200   .1             1.00               1.00  ok              1
    """
)


def test_a_table_worked_by_hand() -> None:
    summary = summarise_copy_task(METRICS, {"lstm": 40, "gru": 30}, chance=0.125)

    assert summary.columns.tolist() == COLUMNS
    assert summary[["cell", "delay", "seeds", "parameters"]].to_numpy().tolist() == [
        ["lstm", 10, 2, 40],
        ["lstm", 30, 2, 40],
        ["gru", 10, 1, 30],
    ]
    # the diverged run counts as 0; the last evaluation counts, not the best one
    assert summary["recall_accuracy"].tolist() == [0.5, pytest.approx(0.85), 1.0]
    assert summary["sequence_accuracy"].tolist() == [0.5, 0.5, 1.0]
    assert summary["ci_low"].tolist() == [0.0, 0.75, 1.0]
    assert summary["ci_high"].tolist() == [1.0, 0.95, 1.0]
    assert summary["chance"].tolist() == [0.125] * 3
    # seed 1 of lstm at 30 was solved at update 100, though not at the end
    assert summary["solved_share"].tolist() == [0.5, 0.5, 1.0]
    assert summary["updates_to_solve"].tolist() == [INF, INF, 200.0]


def test_the_interval_is_the_bootstrap_of_the_last_accuracies() -> None:
    last = [0.2, 0.5, 0.9, 0.95, 0.4, 0.3]
    summary = summarise_copy_task(runs(*([1.0, value] for value in last)), {"gru": 1}, 0.1)
    assert (summary["ci_low"].item(), summary["ci_high"].item()) == bootstrap_interval(last)


@pytest.mark.parametrize(
    ("solved_at", "expected"),
    [
        ([1, 2, 3], 200.0),  # all
        ([4, None, 2], 400.0),  # the unsolved one is the latest
        ([1, 3, None, 5], 400.0),  # between 300 and 500
        ([1, None, None], INF),
        ([1, 2, None, None], INF),  # half of them: the upper middle is unsolved
        ([1, 2, 3, None, None], 300.0),
        ([None], INF),
    ],
)
def test_updates_to_solve_counts_the_unsolved_as_latest(
    solved_at: list[int | None], expected: float
) -> None:
    evaluations = 5
    accuracies = [
        [1.0 if when is not None and number + 1 >= when else 0.2 for number in range(evaluations)]
        for when in solved_at
    ]
    summary = summarise_copy_task(runs(*accuracies), {"gru": 1}, 0.125)
    assert summary["updates_to_solve"].item() == expected
    share = sum(when is not None for when in solved_at) / len(solved_at)
    assert summary["solved_share"].item() == share


def test_solved_means_ninety_nine_in_a_hundred() -> None:
    summary = summarise_copy_task(runs([0.99], [0.9899]), {"gru": 1}, 0.125)
    assert summary["solved_share"].item() == 0.5
    summary = summarise_copy_task(runs([0.99], [0.9899]), {"gru": 1}, 0.125, solved_at=0.5)
    assert summary["solved_share"].item() == 1.0


def test_cells_keep_their_order_and_delays_are_sorted() -> None:
    parts = [
        runs([0.5], cell=cell, delay=delay)
        for cell, delay in [("rnn", 100), ("a", 30), ("rnn", 9), ("lstm", 9), ("a", 100)]
    ]
    summary = summarise_copy_task(pd.concat(parts), dict.fromkeys(["rnn", "a", "lstm"], 1), 0.125)
    pairs = list(zip(summary["cell"], summary["delay"], strict=True))
    assert pairs == [("rnn", 9), ("rnn", 100), ("a", 30), ("a", 100), ("lstm", 9)]
    assert summary.index.tolist() == [0, 1, 2, 3, 4]


def test_the_order_of_the_rows_of_a_run_does_not_matter() -> None:
    shuffled = METRICS.sample(frac=1.0, random_state=3)
    expected = summarise_copy_task(METRICS, {"lstm": 40, "gru": 30}, 0.125)
    summary = summarise_copy_task(shuffled, {"lstm": 40, "gru": 30}, 0.125)
    keys = ["cell", "delay"]
    pd.testing.assert_frame_equal(
        summary.sort_values(keys, ignore_index=True), expected.sort_values(keys, ignore_index=True)
    )


def test_a_setting_that_varies_is_a_column_after_the_delay() -> None:
    metrics = pd.concat(
        [
            runs([0.5], [0.7]).assign(hidden=64),
            runs([0.2], [0.4]).assign(hidden=16),
            runs([0.1], [0.3], delay=5).assign(hidden=16),
        ]
    )
    parameters = {("gru", 64): 16_000, ("gru", 16): 1_200}
    summary = summarise_copy_task(metrics, parameters, 0.125, by=["hidden"])

    assert summary.columns.tolist() == ["cell", "delay", "hidden", *COLUMNS[2:]]
    assert summary["delay"].tolist() == [5, 10, 10]
    assert summary["hidden"].tolist() == [16, 64, 16]
    assert summary["parameters"].tolist() == [1_200, 16_000, 1_200]
    assert summary["recall_accuracy"].tolist() == pytest.approx([0.2, 0.6, 0.3])


def test_a_setting_may_change_chance() -> None:
    metrics = pd.concat([runs([0.5]).assign(alphabet=4), runs([0.5]).assign(alphabet=8)])
    chance = {("gru", 4): 0.25, ("gru", 8): 0.125}
    summary = summarise_copy_task(metrics, {"gru": 7}, chance, by=["alphabet"])
    assert summary["chance"].tolist() == [0.25, 0.125]
    assert summary["parameters"].tolist() == [7, 7]


def test_a_setting_of_mixed_kinds_keeps_its_order() -> None:
    # "chrono" and None cannot be compared with numbers
    metrics = pd.concat(
        [runs([0.5]).assign(forget_bias=value) for value in ("chrono", 1.0, None)],
        ignore_index=True,
    )
    summary = summarise_copy_task(metrics, {"gru": 7}, 0.125, by=["forget_bias"])
    assert summary["forget_bias"].tolist()[:2] == ["chrono", 1.0]
    assert summary["forget_bias"].isna().tolist() == [False, False, True]


def test_no_run_gives_no_row() -> None:
    summary = summarise_copy_task(METRICS.iloc[:0], {}, 0.125)
    assert summary.empty
    assert summary.columns.tolist() == COLUMNS


def test_the_metrics_are_not_modified() -> None:
    before = METRICS.copy()
    summarise_copy_task(METRICS, {"lstm": 40, "gru": 30}, 0.125)
    pd.testing.assert_frame_equal(METRICS, before)


def test_the_summary_survives_a_csv() -> None:
    summary = summarise_copy_task(METRICS, {"lstm": 40, "gru": 30}, 0.125)
    text = summary.to_csv(index=False)
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(text)), summary)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.drop(columns=["seed", "update"]), "metrics must have the columns seed, upda"),
        (lambda m: pd.concat([m, m.tail(1)]), "one row for each cell, .*, got several for cell gr"),
        (lambda m: m.assign(recall_accuracy=1.5), "recall_accuracy must lie within 0 and 1, got 1"),
        (lambda m: m.assign(sequence_accuracy=math.nan), "sequence_accuracy must .*, got nan: a"),
        (lambda m: m.replace({"cell": {"gru": "mgu"}}), "entry for every cell, got none for mgu"),
    ],
)
def test_tables_that_cannot_be_summarised_are_refused(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        summarise_copy_task(change(METRICS), {"lstm": 40, "gru": 30}, 0.125)


def test_a_setting_that_is_not_named_in_by_is_not_pooled() -> None:
    metrics = pd.concat([runs([0.5]).assign(hidden=64), runs([0.2]).assign(hidden=16)])
    with pytest.raises(ValueError, match=r"got several for .*name the setting that varies in `by`"):
        summarise_copy_task(metrics, {"gru": 7}, 0.125)
