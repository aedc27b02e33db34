"""Figures that are drawn of a study's tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rnnlab.plotting
from rnnlab.experiments import draw

PUBLISHED = Path(__file__).parents[2] / "results" / "published"


def test_values_of_a_setting_of_the_model_are_lines_of_one_panel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    drawn: list[Any] = []

    def keep(figure: Any, path: Path) -> Path:
        drawn.append(figure)
        return path

    monkeypatch.setattr(rnnlab.plotting, "save_figure", keep)
    draw("copy-task", PUBLISHED / "forget-bias", tmp_path / "picture.png")
    (ax,) = drawn[0].axes
    values = ("0", "1", "3", "5", "chrono")
    labels = [line.get_label() for line in ax.get_lines()]
    assert [label for label in labels if not label.startswith("_")] == [
        f"lstm,forget_bias={value}" for value in values
    ]
    for value in values:  # and the runs of each are next to it
        (points,) = (
            x for x in ax.get_lines() if x.get_label() == f"_lstm,forget_bias={value} runs"
        )
        assert len(points.get_xdata()) == 4 * 10
