"""Kaplan-Meier curves against published numbers, a loop written out and known medians."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnlab.statistics import kaplan_meier, median_updates, success_interval, survival_curves

INF = math.inf
# Weeks of remission under 6-MP, 21 patients (Freireich et al. 1963), the textbooks' example.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def test_the_textbook_example() -> None:
    curve = kaplan_meier(WEEKS, RELAPSED).set_index("update")
    # S(t) and its log-log interval as R's survfit(..., conf.type = "log-log") prints them
    published = {
        6: (0.857, 0.620, 0.952, 21),
        7: (0.807, 0.563, 0.923, 17),
        10: (0.753, 0.503, 0.889, 15),
        13: (0.690, 0.432, 0.849, 12),
        16: (0.627, 0.368, 0.805, 11),
        22: (0.538, 0.268, 0.747, 7),
        23: (0.448, 0.188, 0.680, 6),
    }
    for week, numbers in published.items():
        row = curve.loc[week, ["unsolved", "ci_low", "ci_high", "at_risk"]]
        assert list(row) == pytest.approx(numbers, abs=6e-4)
    assert median_updates(kaplan_meier(WEEKS, RELAPSED)) == (23, 13, INF)


def test_the_product_written_out(rng: np.random.Generator) -> None:
    when, solved = rng.integers(1, 12, size=30), rng.random(30) < 0.6
    curve = kaplan_meier(when, solved)
    share, shares = 1.0, [1.0]
    for time in sorted(set(when.tolist())):
        at_risk = sum(1 for end in when if end >= time)
        events = sum(1 for end, done in zip(when, solved, strict=True) if done and end == time)
        share *= 1 - events / at_risk
        shares.append(share)
    np.testing.assert_allclose(curve["unsolved"], shares, rtol=1e-12)


@pytest.mark.parametrize(
    "solved_at",
    [
        *([1, 2, 3], [4, None, 2], [1, 3, None, 5], [2, 2, None]),
        *([1, None, None], [1, 2, None, None], [None], [3], [1, 1]),
    ],
)
def test_equally_long_runs_have_the_usual_median(solved_at: Any) -> None:
    when = [5 if update is None else update for update in solved_at]
    curve = kaplan_meier(when, [update is not None for update in solved_at])
    usual = float(np.median([INF if update is None else update for update in solved_at]))
    assert median_updates(curve)[0] == usual


def test_a_run_that_was_stopped_early_does_not_count_as_never() -> None:
    # a median that took the stopped runs for the latest would be infinite
    assert median_updates(kaplan_meier([10, 10, 20, 30], [False, False, True, True]))[0] == 25


def test_three_solved_runs_say_nothing_about_the_latest_median() -> None:
    # Wilson's interval of 3 in 3 starts at .44: half of all runs might be unsolved
    assert median_updates(kaplan_meier([5, 6, 7], [True] * 3)) == (6.0, 5.0, INF)


def test_the_median_lies_within_its_interval_as_often_as_it_says(
    rng: np.random.Generator,
) -> None:
    truth, hits, rounds = math.log(2), 0, 300
    for _ in range(rounds):
        when, until = rng.exponential(size=20), 1.5
        scaled = (1_000 * np.minimum(when, until)).astype(int) + 1
        _, low, high = median_updates(kaplan_meier(scaled, when < until))
        hits += low <= 1_000 * truth + 1 <= high
    assert 0.91 <= hits / rounds <= 0.99


def test_nothing_solved_and_everything_solved() -> None:
    # all runs watched for as long: a share of runs, whose interval is exact
    none = kaplan_meier([7] * 6, [False] * 6)
    assert none["unsolved"].tolist() == [1.0, 1.0]
    assert tuple(none[["ci_low", "ci_high"]].iloc[1]) == success_interval(6, 6)
    assert median_updates(none) == (INF, INF, INF)
    everything = kaplan_meier([3] * 6, [True] * 6)
    assert tuple(everything[["ci_low", "ci_high"]].iloc[1]) == success_interval(0, 6)
    assert median_updates(everything) == (3.0, 3.0, 3.0)
    # of two runs nothing is known
    assert median_updates(kaplan_meier([7, 7], [False, False])) == (INF, 7.0, INF)
    assert median_updates(kaplan_meier([7, 7], [True, True])) == (7.0, 7.0, INF)


def test_an_end_at_nought_that_not_all_runs_were_watched_to_keeps_its_upper_limit() -> None:
    curve = kaplan_meier([3, 5, 7, 8], [True, False, True, True])
    assert curve["unsolved"].iloc[-1] == 0.0
    assert curve["ci_high"].iloc[-1] == curve["ci_high"].iloc[-2]


def test_curves_of_a_study(study: Any) -> None:
    metrics = pd.concat(
        [
            study({"gru": [[0, 1, 1], [0, 0, 1]], "rnn": [[0, 0, 0], [0, 0]]}, delay=10),
            study({"gru": [[0.5, 0.5, 0.5]]}, delay=20),
        ],
        ignore_index=True,
    )
    metrics["status"] = "ok"
    metrics.loc[(metrics["cell"] == "rnn") & (metrics["seed"] == 1), "status"] = "diverged"
    curves = survival_curves(metrics, "recall_accuracy", solved=lambda accuracy: accuracy >= 0.99)
    assert curves.columns.tolist() == [
        "cell", "delay", "seeds", "update", "unsolved", "ci_low", "ci_high", "at_risk",
    ]  # fmt: skip
    assert curves[["cell", "delay", "seeds", "update", "unsolved"]].to_numpy().tolist() == [
        ["gru", 10, 2, 0, 1.0],
        ["gru", 10, 2, 200, 0.5],
        ["gru", 10, 2, 300, 0.0],
        ["gru", 20, 1, 0, 1.0],
        ["gru", 20, 1, 300, 1.0],
        ["rnn", 10, 2, 0, 1.0],  # the one that diverged at 200 is unsolved to the end
        ["rnn", 10, 2, 300, 1.0],
    ]


@pytest.mark.parametrize(
    ("updates", "solved", "message"),
    [
        ([], [], "lists of the same length, one entry for each run, got shapes"),
        ([1, 2], [True], r"same length, one entry for each run, got shapes \(2,\) and \(1,\)"),
    ],
)
def test_runs_that_have_no_curve(updates: Any, solved: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kaplan_meier(updates, solved)
