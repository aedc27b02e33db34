"""The figure of the copy task's summary.csv: the data of the artists and the texts of the axes."""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnlab.plotting import cell_styles, plot_summary
from rnnlab.registry import figures

CELLS = ["rnn", "lstm", "peephole-lstm", "gru"]


def summary(
    cells: list[str] = CELLS, delays: tuple[int, ...] = (10, 30, 100), seeds: int = 10
) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    rows = []
    for cell in cells:
        for delay in delays:
            low, mean, high = np.sort(rng.uniform(0.1, 1.0, size=3))
            rows.append((cell, delay, seeds, 100, mean, low, high, mean / 2, 0.125, 0.0, np.inf))
    columns = [
        "cell", "delay", "seeds", "parameters", "recall_accuracy", "ci_low", "ci_high",
        "sequence_accuracy", "chance", "solved_share", "updates_to_solve",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def only(figure: Figure) -> Axes:
    """The only panel."""
    (ax,) = (ax for ax in figure.axes if ax.get_visible())
    return ax


def panels(figure: Figure) -> dict[str, Axes]:
    return {ax.get_title(loc="left"): ax for ax in figure.axes if ax.get_visible()}


def lines(ax: Axes) -> dict[str, Line2D]:
    """The lines with a name."""
    named = {str(line.get_label()): line for line in ax.get_lines()}
    return {label: line for label, line in named.items() if not label.startswith("_")}


def caption(figure: Figure) -> str:
    return " ".join(figure.get_suptitle().split())


def test_a_line_a_cell_through_its_accuracies() -> None:
    table = summary()
    shuffled = table.sample(frac=1.0, random_state=1).sort_values("cell", kind="stable")
    drawn = lines(only(plot_summary(shuffled)))
    assert set(drawn) == set(CELLS)
    for cell, line in drawn.items():
        rows = table[table["cell"] == cell]
        # the offset moves the ink, not the data
        np.testing.assert_array_equal(line.get_xdata(), rows["delay"])
        np.testing.assert_array_equal(line.get_ydata(), rows["recall_accuracy"])


def test_intervals_go_from_low_to_high() -> None:
    table = summary()
    bars = {str(bar.get_label()): bar for bar in only(plot_summary(table)).collections}
    for cell in CELLS:
        rows = table[table["cell"] == cell]
        bar = bars[f"_{cell} interval"]
        assert isinstance(bar, LineCollection)
        for segment, (_, row) in zip(bar.get_segments(), rows.iterrows(), strict=True):
            expected = [[row["delay"], row["ci_low"]], [row["delay"], row["ci_high"]]]
            np.testing.assert_array_equal(segment, expected)


def test_few_seeds_are_points_without_intervals() -> None:
    """The picture of three seeds had bars from the smallest to the largest, called 95 %."""
    grid = pd.MultiIndex.from_product([CELLS, (10, 30, 100), range(9)])
    runs = grid.set_names(["cell", "delay", "seed"]).to_frame(index=False)
    runs["value"] = np.random.default_rng(1).random(len(runs))
    figure = plot_summary(summary(seeds=9), runs=runs)
    ax = only(figure)
    assert all(len(bar.get_paths()) == 0 for bar in ax.collections)
    assert caption(figure) == ("mean of 9 seeds (small: every run); dashed: chance 0.125")
    points = {str(line.get_label()): line for line in ax.get_lines()}["_gru runs"]
    own = runs[runs["cell"] == "gru"]
    np.testing.assert_array_equal(points.get_xdata(), own["delay"])
    np.testing.assert_array_equal(points.get_ydata(), own["value"])
    enough = caption(plot_summary(summary(seeds=10), runs=runs))
    assert enough.startswith("mean of 10 seeds (small: every run), bars: 95 % interval")


def test_cells_that_coincide_are_drawn_side_by_side() -> None:
    ax = only(plot_summary(summary().assign(recall_accuracy=0.125, ci_low=0.125, ci_high=0.125)))
    places = [line.get_transform().transform((30.0, 0.125))[0] for line in lines(ax).values()]
    apart = np.diff(places) * 72 / ax.figure.dpi  # points
    assert (apart > 2).all()
    # and are centred on their delay
    assert np.mean(places) == pytest.approx(ax.transData.transform((30.0, 0.125))[0])


@pytest.mark.parametrize("count", [2, 7, 20])
def test_the_offset_stays_small_however_many_cells(count: int) -> None:
    ax = only(plot_summary(summary([f"cell {number}" for number in range(count)])))
    places = [line.get_transform().transform((30.0, 0.5))[0] for line in lines(ax).values()]
    assert (max(places) - min(places)) * 72 / ax.figure.dpi < 15


def test_the_axes_say_what_they_show() -> None:
    figure = plot_summary(summary())
    ax = only(figure)
    assert ax.get_xlabel() == "delay (time steps)"
    assert ax.get_ylabel() == "recall accuracy (share of symbols)"
    assert ax.get_ylim() == (-0.02, 1.02)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == CELLS


def test_the_number_of_seeds_is_told_as_it_is() -> None:
    table = summary()
    table.loc[3, "seeds"] = 2
    assert caption(plot_summary(table)).startswith("mean of 2 to 10 seeds, bars")
    assert caption(plot_summary(summary(seeds=1))).startswith("mean of 1 seed;")


@pytest.mark.parametrize(
    ("delays", "scale"), [((10, 30, 100), "log"), ((1, 10), "log"), ((10, 30, 70), "linear")]
)
def test_ticks_are_the_delays_on_a_scale_that_fits(delays: tuple[int, ...], scale: str) -> None:
    ax = only(plot_summary(summary(delays=delays)))
    assert ax.get_xscale() == scale
    assert ax.get_xticks().tolist() == list(delays)
    assert [label.get_text() for label in ax.get_xticklabels()] == [str(d) for d in delays]
    assert ax.get_xticks(minor=True).size == 0
    left, right = ax.get_xlim()
    assert left < min(delays) <= max(delays) < right


def test_a_single_delay_is_a_point_for_each_cell() -> None:
    (title, ax), *none = panels(plot_summary(summary(delays=(20,)))).items()
    assert not none
    assert title == "delay 20"
    assert ax.get_xticks().size == 0
    assert [line.get_xdata() for line in lines(ax).values()] == [[0.0], [1.0], [2.0], [3.0]]


def test_tick_labels_do_not_overlap() -> None:
    figure = plot_summary(summary(delays=tuple(range(10, 201, 10))))
    figure.draw_without_rendering()
    ticks = only(figure).get_xticklabels()
    boxes = [tick.get_window_extent() for tick in ticks if tick.get_text()]
    assert len(boxes) >= 5
    for left, right in itertools.pairwise(boxes):
        assert left.x1 < right.x0


def test_chance_is_a_line_from_edge_to_edge() -> None:
    figure = plot_summary(summary())
    ends = [np.asarray(line.get_xydata()).tolist() for line in only(figure).get_lines()]
    assert [[0, 0.125], [1, 0.125]] in ends
    assert "dashed: chance 0.125" in caption(figure)


def test_a_setting_that_varies_makes_a_panel_of_its_own() -> None:
    sizes = [summary(["gru"]), summary(["gru"]).assign(recall_accuracy=1.0)]
    for table, hidden in zip(sizes, (16, 64), strict=True):
        table.insert(2, "hidden", hidden)
    drawn = panels(plot_summary(pd.concat(sizes, ignore_index=True)))
    assert list(drawn) == ["hidden 16", "hidden 64"]
    np.testing.assert_array_equal(lines(drawn["hidden 64"])["gru"].get_ydata(), [1.0, 1.0, 1.0])


def test_a_setting_that_a_cell_does_not_have_is_not_in_its_title() -> None:
    swept = [summary(["lstm"]) for _ in range(3)]
    for table, bias in zip(swept, (0.0, 2.5, np.nan), strict=True):
        table.insert(2, "forget_bias", bias)
    drawn = panels(plot_summary(pd.concat(swept, ignore_index=True)))
    assert list(drawn) == ["forget bias 0", "forget bias 2.5", ""]


def test_only_the_best_settings_of_training_are_drawn_with_their_runs() -> None:
    swept = [summary(["gru"]).assign(best=best) for best in (True, False)]
    for table, lr in zip(swept, (0.01, 0.1), strict=True):
        table.insert(2, "lr", lr)
    table = pd.concat(swept, ignore_index=True)
    runs = table[["cell", "delay", "lr"]].assign(seed=0, value=table["lr"])
    figure = plot_summary(table, runs=runs)
    ax = only(figure)
    rows = table[table["best"]]
    np.testing.assert_array_equal(lines(ax)["gru"].get_ydata(), rows["recall_accuracy"])
    points = {str(line.get_label()): line for line in ax.get_lines()}["_gru runs"]
    assert np.unique(points.get_ydata()).tolist() == [0.01]
    assert caption(figure).endswith("each cell with its best settings of training")


def test_lines_have_the_style_of_their_cell() -> None:
    cells = ["lstm", "lstm,forget_bias=chrono", "gru"]
    styles = cell_styles(cells)
    for cell, line in lines(only(plot_summary(summary(cells)))).items():
        assert line.get_color() == styles[cell]["color"]
        assert line.get_marker() == styles[cell]["marker"]


def test_table_and_settings_of_the_caller_are_left_alone() -> None:
    table, before, settings = summary(), summary(), dict(matplotlib.rcParams)
    plot_summary(table)
    pd.testing.assert_frame_equal(table, before)
    assert dict(matplotlib.rcParams) == settings


def test_no_figure_is_left_with_pyplot() -> None:
    code = (
        "import sys, rnnlab.plotting, pandas as pd\n"
        "table = pd.DataFrame({'cell': ['a'], 'delay': 3, 'seeds': 1, 'recall_accuracy': 1.0,"
        " 'ci_low': 1.0, 'ci_high': 1.0, 'chance': 0.5})\n"
        "rnnlab.plotting.plot_summary(table).draw_without_rendering()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t.drop(columns=["ci_low", "chance"]),
            "summary must have the columns ci_low, ch",
        ),
        (lambda t: t.iloc[:0], "summary must have a row to draw and is empty: finish"),
    ],
)
def test_tables_that_cannot_be_drawn_are_refused(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plot_summary(change(summary()))


def test_the_registered_figure_draws_the_summary() -> None:
    spec = figures["copy-task"]
    assert (spec.experiments, spec.table, spec.filename, spec.aggregate) == (
        ("copy-task",), "summary.csv", "copy-task.png", None,
    )  # fmt: skip
    assert set(lines(only(spec.figure(summary())))) == set(CELLS)
