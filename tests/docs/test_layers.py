"""docs/layers.md does what it says: every example is run, in order, in an empty folder."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "layers.md"


def test_every_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert failed == 0
    assert tried > 30
    assert len(list(tmp_path.iterdir())) == 3  # what it saves, and nothing half written


@pytest.mark.parametrize(
    "point",
    [
        "num_layers=",
        "bidirectional=True",
        "layer.step(",
        "learn_initial_state=True",
        "rnnlab.load(",
    ],
)
def test_every_point_has_an_example(point: str) -> None:
    examples = doctest.DocTestParser().get_examples(PAGE.read_text(encoding="utf-8"))
    assert any(point in example.source for example in examples)
