"""docs/results.md and the table of the README follow from the published results."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "results.md"
COLUMNS = [
    *(f"lstm,forget_bias={bias}" for bias in ("0", "1", "chrono")),
    *("peephole-lstm", "gru", "rnn"),
]


def test_every_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    # pandas ends some lines with spaces, which the page does not have
    with pd.option_context("display.width", 200, "display.max_columns", 20):
        failed, tried = doctest.testfile(
            str(PAGE),
            module_relative=False,
            encoding="utf-8",
            optionflags=doctest.NORMALIZE_WHITESPACE,
        )
    assert failed == 0
    assert tried > 20


def test_every_published_study_has_its_command_and_report() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for report in (ROOT / "results" / "published").glob("*/report.html"):
        assert f"rnnlab run experiments/{report.parent.name}.toml" in text
        assert f"(../{report.relative_to(ROOT)})" in text


def test_the_table_of_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+)(?: steps)? \|(.*)\|$", text, re.MULTILINE)
    summary = pd.read_csv(ROOT / "results/published/copy-task-reduced/summary.csv")
    means = summary.pivot(index="delay", columns="cell", values="recall_accuracy")
    assert [int(delay) for delay, _ in rows] == list(means.index)
    for delay, values in rows:
        expected = [f"{mean:.2f}"[1:] for mean in means.loc[int(delay), COLUMNS]]
        assert [value.strip() for value in values.split("|")] == expected


def test_the_speed_of_the_readme_is_that_of_the_performance_page() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"is\s+(\S+) \(LSTM, H = 512\) to (\S+) times \(GRU, H = 64\)", text)
    assert found is not None
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    table = page.partition("**AVX-512**")[2].partition("**AVX2**")[0]
    rows = re.findall(r"^\| (\d+, \d+, \d+, \d+) \|(.*)", table, re.MULTILINE)
    ratios = {
        (cell, *map(int, shape.split(", "))): float(value.split("/")[0])
        for shape, values in rows
        for cell, value in zip(("rnn", "lstm", "gru"), values.split("|"), strict=False)
    }
    batches = {key: ratio for key, ratio in ratios.items() if key[2] > 1}
    assert float(found[1]) == batches["lstm", 100, 64, 512, 512] == min(batches.values())
    assert float(found[2]) == batches["gru", 100, 32, 10, 64] == max(batches.values())
