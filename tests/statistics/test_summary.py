"""What the runs of a cell came to, on tables small enough to work out by hand."""

from __future__ import annotations

import io
import math
from typing import Any

import pandas as pd
import pytest

from rnnlab.statistics import mean_interval, summarise_condition

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


def summarise(metrics: pd.DataFrame, cell: str = "gru", delay: int = 10) -> Any:
    rows = metrics[(metrics["cell"] == cell) & (metrics["delay"] == delay)]
    return summarise_condition(
        rows, "recall_accuracy", solved=lambda v: v >= 0.99, others=["sequence_accuracy"]
    )


def test_the_order_of_rows_does_not_reach_the_resampling() -> None:
    accuracies = [[0.1, 0.1 + seed**2 / 900] for seed in range(30)]  # all end at one update
    in_order = runs(*accuracies)
    found = summarise(in_order)
    values = [run[-1] for run in accuracies]  # by seed
    assert (found["ci_low"], found["ci_high"]) == mean_interval(values)
    for state in range(3):
        assert summarise(in_order.sample(frac=1, random_state=state)) == found


def test_a_table_worked_by_hand() -> None:
    found = pd.DataFrame(
        [summarise(METRICS, "lstm", 10), summarise(METRICS, "lstm", 30), summarise(METRICS)]
    )
    assert found.columns.tolist() == [
        "seeds",
        "recall_accuracy",
        "ci_low",
        "ci_high",
        "sequence_accuracy",
        "solved_share",
        "updates_to_solve",
    ]
    assert found["seeds"].tolist() == [2, 2, 1]
    # the diverged run counts as 0; the last evaluation counts, not the best one
    assert found["recall_accuracy"].tolist() == [0.5, pytest.approx(0.85), 1.0]
    assert found["sequence_accuracy"].tolist() == [0.5, 0.5, 1.0]
    for row, values in ((0, [0.0, 1.0]), (1, [0.75, 0.95])):
        assert tuple(found.loc[row, ["ci_low", "ci_high"]]) == mean_interval(values)
    assert found.loc[2, ["ci_low", "ci_high"]].isna().all()  # one seed
    # seed 1 of lstm at 30 was solved at update 100, though not at the end
    assert found["solved_share"].tolist() == [0.5, 0.5, 1.0]
    assert found["updates_to_solve"].tolist() == [INF, INF, 200.0]


def test_the_interval_is_that_of_the_last_accuracies() -> None:
    last = [0.2, 0.5, 0.9, 0.95, 0.4, 0.3]
    found = summarise(runs(*([1.0, value] for value in last)))
    assert (found["ci_low"], found["ci_high"]) == mean_interval(last)


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
    found = summarise(runs(*accuracies))
    assert found["updates_to_solve"] == expected
    share = sum(when is not None for when in solved_at) / len(solved_at)
    assert found["solved_share"] == share


def test_the_task_says_what_solved_means() -> None:
    rows = runs([0.99], [0.9899])
    assert summarise(rows)["solved_share"] == 0.5
    easier = summarise_condition(rows, "recall_accuracy", solved=lambda v: v >= 0.5)
    assert easier["solved_share"] == 1.0
    # a loss is solved from above, and has no value where a run diverged
    losses = runs([0.5, 0.01], [0.4, math.nan]).assign(status=["ok", "ok", "ok", "diverged"])
    found = summarise_condition(
        losses,
        "recall_accuracy",
        solved=lambda v: v < 0.1,
        higher_is_better=False,
        undefined=1 / 6,
    )
    assert found["recall_accuracy"] == pytest.approx((0.01 + 1 / 6) / 2)
    assert (found["solved_share"], found["updates_to_solve"]) == (0.5, INF)


def test_a_last_row_without_a_number_is_the_last_all_the_same() -> None:
    """A run that diverged must not count with the evaluation before."""
    rows = runs([0.9, math.nan]).assign(status=["ok", "diverged"])
    found = summarise_condition(
        rows, "recall_accuracy", solved=bool, others=["sequence_accuracy"], undefined=0.125
    )
    assert found["recall_accuracy"] == 0.125
    assert math.isnan(found["sequence_accuracy"])


def test_the_order_of_the_rows_of_a_run_does_not_matter() -> None:
    shuffled = METRICS.sample(frac=1.0, random_state=3)
    for cell, delay in (("lstm", 10), ("lstm", 30), ("gru", 10)):
        assert summarise(shuffled, cell, delay) == summarise(METRICS, cell, delay)


def test_the_metrics_are_not_modified() -> None:
    before = METRICS.copy()
    summarise(METRICS)
    pd.testing.assert_frame_equal(METRICS, before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.drop(columns=["seed", "update"]), "metrics must have the columns seed, upda"),
        (lambda m: pd.concat([m, m.tail(1)]), "one row for each cell, .*, got several for cell gr"),
        (lambda m: m.assign(recall_accuracy=math.nan), "must be a number unless a run diverged"),
        (lambda m: m.assign(recall_accuracy="x"), "must be a column of numbers, got str"),
    ],
)
def test_tables_that_cannot_be_summarised_are_refused(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        summarise(change(METRICS))


def test_a_setting_that_varies_is_not_pooled() -> None:
    metrics = pd.concat([runs([0.5]).assign(hidden=64), runs([0.2]).assign(hidden=16)])
    with pytest.raises(ValueError, match=r"got several for .*name the setting that varies in `by`"):
        summarise(metrics)
