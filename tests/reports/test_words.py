"""Sentences that claim no more than their numbers."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from rnnlab.reports.cautions import cautions, size_caution
from rnnlab.reports.statistics.comparison import pair_words
from rnnlab.reports.statistics.outcomes import success_words, updates_words
from rnnlab.statistics import success_interval


def success(solved: int, seeds: int) -> str:
    low, high = success_interval(solved, seeds)
    row = {"solved": solved, "seeds": seeds, "success_low": low, "success_high": high}
    return success_words(row)


def test_all_of_some_is_not_always_and_none_of_some_is_not_never() -> None:
    assert "at least 0.48 with 95 % confidence, so not 'always'" in success(5, 5)
    assert "at least 0.69 with 95 % confidence, so not 'always'" in success(10, 10)
    assert "0 of 3 solved: the success rate is at most 0.71" in success(0, 3)
    assert "2 of 3 solved: the success rate is between 0.09 and 0.99" in success(2, 3)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (
            (0.9, 0.7, 1.0, 0.01),
            "gru did better than rnn in 90 % of the pairs of runs (interval 0.70 to 1.00): a "
            "significant difference (p = 0.010).",
        ),
        (
            (0.1, 0.0, 0.3, 0.0001),
            "rnn did better than gru in 90 % of the pairs of runs (interval 0.70 to 1.00): a "
            "significant difference (p < 0.001).",
        ),
        (
            (0.75, 0.45, 1.0, 0.01),
            "gru did better than rnn in 75 % of the pairs of runs (interval 0.45 to 1.00): a "
            "significant difference (p = 0.010).",
        ),
        (
            (0.6, 0.4, 0.8, 0.4),
            "gru did better than rnn in 60 % of the pairs of runs (interval 0.40 to 0.80): no "
            "significant difference (p = 0.400).",
        ),
        (
            (0.7, 0.55, 0.8, 0.12),
            "gru did better than rnn in 70 % of the pairs of runs (interval 0.55 to 0.80): no "
            "significant difference after Holm's correction for the number of pairs (p = "
            "0.120).",
        ),
        (
            (0.5, 0.3, 0.7, 1.0),
            "neither of gru and rnn did better more often than the other (interval 0.30 to "
            "0.70): no significant difference (p = 1.000).",
        ),
        (
            (math.nan,) * 4,
            "gru and rnn have no condition in common: nothing is compared.",
        ),
    ],
)
def test_pairs(numbers: tuple[float, ...], expected: str) -> None:
    names = ("probability", "ci_low", "ci_high", "p_holm")
    row: dict[str, Any] = dict(zip(names, numbers, strict=True))
    assert pair_words({"cell_a": "gru", "cell_b": "rnn", **row}) == expected


def test_medians_that_were_not_seen() -> None:
    row = {"updates_to_solve": math.inf, "updates_low": 100.0, "updates_high": math.inf}
    half = "no more than half of the runs were solved within the updates that were run"
    assert updates_words(row) == half
    row = {"updates_to_solve": 300.0, "updates_low": 100.0, "updates_high": 500.0}
    assert updates_words(row).endswith("after 300 updates (100 to 500)")


def test_what_is_to_be_read_with_care() -> None:
    table = pd.DataFrame({"cell": ["rnn", "gru"], "seeds": [9, 10], "diverged": [2, 0]})
    said = cautions(table, {"lr": 0.005}, ["delay"], {"git_changed": True})
    assert said[0].startswith("9 seeds for each cell and condition are few")
    assert said[1].startswith("All cells were trained at one learning rate of 0.005.")
    assert said[2] == (
        "2 of 19 runs diverged (rnn). They count as worst at the end, and as unsolved unless they "
        "had solved the task before; none was left out."
    )
    assert said[3].startswith("The code differed from the commit")
    clean = table.assign(seeds=10, diverged=0, lr=0.1)
    assert cautions(clean, {}, ["delay", "lr"], {}) == []


def test_a_learning_rate_of_its_own() -> None:
    """All cells were said to be trained at the study's."""
    table = pd.DataFrame({"cell": ["rnn", "gru"], "seeds": 10, "diverged": 0})
    entries = [{"label": "rnn", "lr": 0.001}, {"label": "gru"}, {"label": "lstm", "lr": None}]
    rest = (
        " The best rate differs from cell to cell and often matters more than the cell: another "
        "rate may change the order."
    )
    (said,) = cautions(table, {"lr": 0.01, "cells": entries}, ["delay"], {})
    assert said == (
        "Each cell was trained at one learning rate: rnn at 0.001; gru, lstm at 0.01." + rest
    )
    same = [{"label": "rnn", "lr": 0.001}, {"label": "gru", "lr": 0.001}]
    (said,) = cautions(table, {"lr": 0.01, "cells": same}, ["delay"], {})
    assert said == "All cells were trained at one learning rate of 0.001." + rest
    (said,) = cautions(table, {"cells": entries}, ["delay"], {})
    assert "rnn at 0.001; gru, lstm at a rate that is not known." in said
    (said,) = cautions(table, {}, ["delay"], {})
    assert said == "All cells were trained at one learning rate." + rest


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        (
            {"rnn": [0.01, 0.1, 1.0], "gru": [0.01]},
            "Cells had different numbers of learning rates to choose from (rnn 0.01, 0.1, 1; gru "
            "0.01): the best of many looks better than the best of few, whatever the cell.",
        ),
        (
            {"rnn": [0.01, 0.1], "gru": [0.1, 1.0]},
            "Cells had different learning rates to choose from (rnn 0.01, 0.1; gru 0.1, 1): what "
            "is compared is cells with their rates.",
        ),
        ({"rnn": [0.01, 0.1], "gru": [0.1, 0.01]}, None),
    ],
)
def test_unequal_choices_of_learning_rates(rates: dict[str, list[float]], said: str | None) -> None:
    pairs = [(cell, rate) for cell, own in rates.items() for rate in own]
    table = pd.DataFrame(pairs, columns=["cell", "lr"]).assign(seeds=10, diverged=0)
    assert cautions(table, {}, ["lr"], {}) == ([] if said is None else [said])


def test_models_of_different_size() -> None:
    said = size_caution({"rnn": 5385, "gru": 15049, "lstm": 19785})
    assert said is not None
    assert "from 5385 learned numbers (rnn) to 19785 (lstm)" in said
    assert size_caution({"lstm": 1000, "gru": 1050}) is None
    assert size_caution({"lstm": 1000}) is None
