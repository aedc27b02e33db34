"""What the loss curves draw, read from the artists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnlab.experiments import draw
from rnnlab.plotting import cell_styles, plot_loss_curves


def metrics(seeds: int = 2) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for cell in ("gru", "lstm"):
        for seed in range(seeds):
            for part, start in (("train", 1.0), ("validation", 2.0)):
                for epoch in range(1, 5):
                    loss = start + seed + abs(epoch - 3) / 10
                    rows.append(
                        {"cell": cell, "seed": seed, "part": part, "epoch": epoch, "loss": loss}
                    )
            rows.append({"cell": cell, "seed": seed, "part": "test", "epoch": 3, "loss": 99.0})
    return pd.DataFrame(rows)


def points(line: Any) -> list[tuple[float, float]]:
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def test_a_line_a_seed_on_each_part_and_the_lowest_marked() -> None:
    table = metrics()
    before = table.copy()
    left, right = plot_loss_curves(table).axes
    pd.testing.assert_frame_equal(table, before)
    styles = cell_styles(["gru", "lstm"])
    for ax, start in ((left, 1.0), (right, 2.0)):
        lines = [line for line in ax.lines if len(points(line)) > 1]
        assert len(lines) == 4
        for line, (cell, seed) in zip(
            lines, [("gru", 0), ("gru", 1), ("lstm", 0), ("lstm", 1)], strict=True
        ):
            assert line.get_color() == styles[cell]["color"]
            losses = start + seed + np.array([2, 1, 0, 1]) / 10
            expected = np.column_stack([[1, 2, 3, 4], losses])
            np.testing.assert_allclose(np.array(points(line)), expected)
        assert ax.get_xlabel() == "epoch"
    marks = [points(line)[0] for line in right.lines if len(points(line)) == 1]
    assert marks == [(3, 2.0), (3, 3.0)] * 2
    assert not [line for line in left.lines if len(points(line)) == 1]
    legend = right.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["gru", "lstm"]
    assert "2 seeds a cell" in legend.get_title().get_text()


@pytest.mark.parametrize(
    ("column", "unit"),
    [("accuracy", "loss (nats)"), ("rmse", "loss (squared error of the scaled target)")],
)
def test_the_axis_names_its_unit(column: str, unit: str) -> None:
    table = metrics(1)
    table[column] = 0.5
    assert plot_loss_curves(table).axes[0].get_ylabel() == unit


def test_a_wide_range_is_drawn_on_a_logarithmic_axis_and_what_diverged_is_a_gap() -> None:
    table = metrics()
    assert plot_loss_curves(table).axes[0].get_yscale() == "linear"
    table.loc[0, "loss"] = 1000.0
    table.loc[1, "loss"] = np.nan
    assert plot_loss_curves(table).axes[0].get_yscale() == "log"


def test_tables_that_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="metrics must have the column epoch"):
        plot_loss_curves(metrics().drop(columns="epoch"))
    with pytest.raises(ValueError, match="metrics must have a row to draw and is empty"):
        plot_loss_curves(metrics().iloc[:0])


def test_where_there_is_no_result_the_message_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must hold a fit result for loss-curves, got no result"):
        draw("loss-curves", tmp_path)
