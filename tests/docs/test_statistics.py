"""docs/statistics.md does what it says: every example is run, in order, on published results."""

from __future__ import annotations

import doctest
from pathlib import Path

import pandas as pd
import pytest

from rnnlab import statistics

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "statistics.md"


def test_every_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pd.option_context("display.width", 200, "display.max_columns", 20):
        failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert failed == 0
    assert tried > 12


@pytest.mark.parametrize(
    "name", ["runs_of", "overall", "outcomes", "success_interval", "compare", "at_best"]
)
def test_every_function_has_an_example(name: str) -> None:
    examples = doctest.DocTestParser().get_examples(PAGE.read_text(encoding="utf-8"))
    assert name in statistics.__all__
    assert any(f"st.{name}(" in example.source for example in examples)
