"""The figures of a study: what is drawn equals the table, and what the words say is true."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnlab.plotting import (
    cell_styles,
    plot_comparison,
    plot_learning_curves,
    plot_learning_rates,
    plot_outcomes,
    plot_survival,
)

CELLS = ["rnn", "lstm", "gru"]


def outcomes(**settings: list[Any]) -> pd.DataFrame:
    """Every cell at every combination of the settings."""
    rng = np.random.default_rng(5)
    grid = pd.MultiIndex.from_product([CELLS, *settings.values()], names=["cell", *settings])
    low, middle, high = np.sort(rng.random((3, len(grid))), axis=0)
    return grid.to_frame(index=False).assign(
        metric="recall_accuracy", seeds=10, mean=middle, mean_low=low, mean_high=high
    )


def curves(delays: tuple[int, ...] = (10, 20), metric: str = "recall_accuracy") -> pd.DataFrame:
    index = pd.MultiIndex.from_product(
        [CELLS, delays, range(0, 500, 50)], names=["cell", "delay", "update"]
    )
    low, middle, high = np.sort(np.random.default_rng(6).random((3, len(index))), axis=0)
    return index.to_frame(index=False).assign(
        metric=metric, median=middle, low=low, high=high, seeds=12
    )


def survival() -> pd.DataFrame:
    rows = [
        ("rnn", 10, 0, 1.0, 1.0, 1.0),
        ("rnn", 10, 500, 1.0, 0.3, 1.0),
        ("gru", 10, 0, 1.0, 1.0, 1.0),
        ("gru", 10, 100, 0.5, 0.1, 0.8),
        ("gru", 10, 400, 0.0, 0.0, 0.8),
    ]
    names = ["cell", "delay", "update", "unsolved", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=names).assign(seeds=2, at_risk=2)


def comparison() -> pd.DataFrame:
    rows = [
        ("rnn", "lstm", 0.4, 0.2, 0.6, 0.3),
        ("rnn", "gru", 0.1, 0.0, 0.2, 0.01),
        ("lstm", "gru", math.nan, math.nan, math.nan, math.nan),
    ]
    names = ["cell_a", "cell_b", "probability", "ci_low", "ci_high", "p_holm"]
    return pd.DataFrame(rows, columns=names)


def panels(figure: Figure) -> list[Axes]:
    return [ax for ax in figure.axes if ax.get_visible()]


def drawn(ax: Axes) -> dict[str, Any]:
    return {
        str(line.get_label()): line
        for line in ax.get_lines()
        if not str(line.get_label()).startswith("_")
    }


def caption(figure: Figure) -> str:
    text = figure.get_suptitle()
    return " ".join(text.split())


FIGURES = {
    "outcomes": lambda: plot_outcomes(outcomes(delay=[10, 20, 80])),
    "learning rates": lambda: plot_learning_rates(outcomes(delay=[10, 20], lr=[0.01, 0.1])),
    "learning curves": lambda: plot_learning_curves(curves()),
    "survival": lambda: plot_survival(survival()),
}


@pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES)
def test_cells_look_the_same_in_every_figure(make: Any) -> None:
    figure = make()
    for ax in panels(figure):
        styles = cell_styles(CELLS)
        for cell, line in drawn(ax).items():
            assert line.get_color() == styles[cell]["color"]
            assert line.get_marker() == styles[cell]["marker"]
    (legend,) = figure.legends
    names = {text.get_text() for text in legend.get_texts()}
    assert names == {cell for ax in panels(figure) for cell in drawn(ax)}


@pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES)
def test_axes_are_named_and_nothing_sticks_out(make: Any) -> None:
    figure = make()
    figure.draw_without_rendering()
    box, whole = figure.get_tightbbox(), figure.bbox_inches
    assert box.x0 >= -0.02
    assert box.x1 <= whole.x1 + 0.02
    assert panels(figure)[0].get_ylabel()
    assert any(ax.get_xlabel() for ax in panels(figure))
    assert "seeds" in caption(figure)


def test_outcomes_are_drawn_at_their_setting() -> None:
    table = outcomes(delay=[10, 20, 80]).assign(chance=0.125)
    (ax,) = panels(plot_outcomes(table))
    for cell, line in drawn(ax).items():
        rows = table[table["cell"] == cell]
        np.testing.assert_array_equal(line.get_xdata(), rows["delay"])
        np.testing.assert_array_equal(line.get_ydata(), rows["mean"])
    bars = {str(bar.get_label()): bar for bar in ax.collections}
    segments: Any = bars["_gru interval"]
    ends = [[tuple(end) for end in segment] for segment in segments.get_segments()]
    rows = table[table["cell"] == "gru"]
    assert ends == [
        [(row["delay"], row["mean_low"]), (row["delay"], row["mean_high"])]
        for row in rows.to_dict("records")
    ]
    assert ax.get_xscale() == "log"
    assert ax.get_ylabel() == "recall accuracy (share of symbols)"
    chance = [line for line in ax.get_lines() if line.get_label() == "_"]
    assert [line.get_ydata() for line in chance] == [[0.125, 0.125]]


def test_runs_are_points_in_their_panel() -> None:
    table = outcomes(delay=[10, 20], lr=[0.1, 0.2])
    grid = table[["cell", "delay", "lr"]].merge(pd.DataFrame({"seed": range(3)}), how="cross")
    runs = grid.assign(value=np.linspace(0, 1, len(grid)))
    figure = plot_outcomes(table.assign(seeds=3), runs=runs)
    for ax, lr in zip(panels(figure), (0.1, 0.2), strict=True):
        points = {str(line.get_label()): line for line in ax.get_lines()}["_gru runs"]
        own = runs[(runs["cell"] == "gru") & (runs["lr"] == lr)]
        np.testing.assert_array_equal(points.get_ydata(), own["value"])
        assert all(len(bar.get_paths()) == 0 for bar in ax.collections)
    assert caption(figure) == "mean of 3 seeds (small: every run)"


def test_other_settings_have_a_panel_each() -> None:
    table = outcomes(delay=[10, 20], lr=[0.001, 0.01, 0.1])
    figure = plot_outcomes(table)
    titles = [ax.get_title(loc="left") for ax in panels(figure)]
    assert titles == ["learning rate 0.001", "learning rate 0.01", "learning rate 0.1"]
    figure = plot_learning_rates(table, columns=1)
    assert [ax.get_title(loc="left") for ax in panels(figure)] == ["delay 10", "delay 20"]
    assert panels(figure)[-1].get_xlabel() == "learning rate"
    assert len({ax.get_position().x0 for ax in panels(figure)}) == 1


def test_what_is_infinite_is_not_drawn() -> None:
    table = outcomes(delay=[10, 20]).assign(metric="mse")
    table.loc[1, ["mean", "mean_high"]] = math.inf
    (ax,) = panels(plot_outcomes(table))
    assert np.isnan(drawn(ax)["rnn"].get_ydata()).tolist() == [False, True]


@pytest.mark.parametrize(
    ("lowest", "scale"),
    [(0.31, "linear"), (0.29, "log"), (0.0, "linear")],  # chance is 3: a decade above 0.3
)
def test_losses_are_drawn_within_their_axes(lowest: float, scale: str) -> None:
    ends = {"mean_low": [lowest, 0.4] * 3, "mean": [0.5, 0.6] * 3, "mean_high": [0.7, 0.8] * 3}
    table = outcomes(delay=[10, 20]).assign(metric="mse", chance=3.0, **ends)
    (ax,) = panels(plot_outcomes(table))
    assert ax.get_yscale() == scale
    low, high = ax.get_ylim()
    assert 0.9 * lowest - 0.5 < low < lowest
    assert 3.0 < high < 4.0


def test_learning_curves_have_their_band() -> None:
    table = curves()
    figure = plot_learning_curves(table)
    for ax, delay in zip(panels(figure), (10, 20), strict=True):
        assert ax.get_title(loc="left") == f"delay {delay}"
        for cell, line in drawn(ax).items():
            rows = table[(table["cell"] == cell) & (table["delay"] == delay)]
            np.testing.assert_array_equal(line.get_ydata(), rows["median"])
            (band,) = (c for c in ax.collections if c.get_label() == f"_{cell} band")
            heights = np.asarray(band.get_paths()[0].vertices)[:, 1]
            assert heights.min() == pytest.approx(rows["low"].min())
            assert heights.max() == pytest.approx(rows["high"].max())
    assert caption(figure) == "median of 12 seeds, band: 10th to 90th percentile of the seeds"
    few = plot_learning_curves(table.assign(seeds=9))
    assert caption(few) == "median of 9 seeds, band: all seeds"


def test_survival_curves_are_steps_to_the_end() -> None:
    (ax,) = panels(plot_survival(survival()))
    line = drawn(ax)["gru"]
    assert line.get_drawstyle() == "steps-post"
    np.testing.assert_array_equal(line.get_xdata(), [0, 100, 400, 500])
    np.testing.assert_array_equal(line.get_ydata(), [1, 0.5, 0, 0])  # no share is above 1
    # curves that coincide are all seen: the later ones are finer
    assert drawn(ax)["rnn"].get_linewidth() > line.get_linewidth() > 1


def test_pairs_that_differ_significantly_are_filled() -> None:
    figure = plot_comparison(comparison())
    (ax,) = panels(figure)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["rnn > lstm", "rnn > gru"]
    lines = drawn(ax)
    np.testing.assert_array_equal(lines["significant"].get_xdata(), [0.1])
    np.testing.assert_array_equal(lines["not significant"].get_xdata(), [0.4])
    assert lines["significant"].get_markerfacecolor() != "white"
    assert lines["not significant"].get_markerfacecolor() == "white"
    figure.draw_without_rendering()
    box = figure.get_tightbbox()
    assert box.x0 >= -0.02


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (
            lambda: plot_outcomes(outcomes(delay=[1]).drop(columns="mean")),
            "must have the column mean",
        ),
        (lambda: plot_outcomes(outcomes(delay=[1]).iloc[:0]), "table must have a row to draw"),
        (
            lambda: plot_outcomes(outcomes(delay=[1]), "lr"),
            "x must be .* delay, got 'lr'",
        ),
        (lambda: plot_outcomes(outcomes(init=["a"]), "init"), "one of none, got 'init': vary one"),
        (lambda: plot_learning_rates(outcomes(delay=[1])), "column lr, .* a study that sweeps lr"),
        (
            lambda: plot_learning_curves(pd.concat([curves(), curves(metric="mse")])),
            "one metric, got recall_accuracy, mse: draw the rows of one task at a time",
        ),
        (lambda: plot_survival(survival().drop(columns="seeds")), "must have the column seeds"),
        (lambda: plot_comparison(comparison().iloc[2:]), "a row to draw"),
    ],
)
def test_tables_that_cannot_be_drawn(draw: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
