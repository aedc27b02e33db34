"""A statistic of one's own in the report: one class and one registration."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import rnnlab
from rnnlab import registry
from rnnlab.reports.statistics import Statistic, TaskResults, register
from rnnlab.reports.statistics.base import Row
from rnnlab.reports.tables import Columns, text_of
from rnnlab.statistics import letter_groups


class Seconds(Statistic):
    """Mean time of a run."""

    name = "seconds"
    title = "How long a run takes"
    caption = "Mean time of a run"

    def compute(self, results: TaskResults) -> pd.DataFrame:
        runs = results.chosen.groupby(["cell", "seed"], sort=False)["seconds"].max()
        return runs.groupby("cell", sort=False).mean().reset_index()

    def sentence(self, row: Row, results: TaskResults) -> str:
        return f"{row['cell']} takes {row['seconds']:.1f} seconds."

    def columns(self, results: TaskResults, table: pd.DataFrame) -> Columns:
        return {"cell": text_of("cell"), "seconds": text_of("seconds")}

    def findings(self, results: TaskResults, table: pd.DataFrame) -> list[str]:
        return ["Time is money."]


@pytest.fixture
def seconds() -> Iterator[None]:
    assert "seconds" not in registry.statistics
    one = registry.statistics
    before = {key: copy.copy(value) for key, value in vars(one).items()}
    register(Seconds())
    yield
    vars(one).update(before)


@pytest.mark.usefixtures("seconds")
def test_one_registration_is_enough(folder: Any, study: Any) -> None:
    path = folder(study({"rnn": 0.5, "gru": 1.0}, {"delay": [10]}, seeds=3))
    made = rnnlab.report(path)
    assert made.tables["seconds"]["cell"].tolist() == ["rnn", "gru"]
    assert pd.read_csv(path / "seconds.csv").equals(made.tables["seconds"])
    page = made.path.read_text(encoding="utf-8")
    for text in (
        *("How long a run takes", "rnn takes 0.1 seconds.", "Mean time of a run"),
        *("Time is money.", "seconds.csv"),
    ):
        assert text in page


def test_letters_are_shared_by_cells_that_do_not_differ() -> None:
    """Every pair of a table of 7 cells: significant if and only if no letter is shared."""
    cells = list("ABCDEFG")
    values = {cell: number for number, cell in enumerate(cells)}
    pairs = [(a, b) for a in cells for b in cells if a < b]
    p = [0.01 if abs(values[a] - values[b]) > 2 and (a, b) != ("B", "F") else 0.3 for a, b in pairs]
    table = pd.DataFrame(pairs, columns=["cell_a", "cell_b"]).assign(p_holm=p)
    letters = letter_groups(table, cells)
    assert letters["A"] == "a"
    for (a, b), level in zip(pairs, p, strict=True):
        assert bool(set(letters[a]) & set(letters[b])) == (level >= 0.05), (a, b)


def test_letters_of_pairs_without_a_number() -> None:
    table = pd.DataFrame({"cell_a": ["a"], "cell_b": ["b"], "p_holm": [float("nan")]})
    assert letter_groups(table, ["b", "a"]) == {"b": "a", "a": "a"}
