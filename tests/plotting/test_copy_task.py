"""The copy-task figure: the artists' data and the axes' words, never pixels."""

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

from rnnlab.plotting import cell_styles, plot_copy_task
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


def lines(ax: Axes) -> dict[str, Line2D]:
    """The lines with a name."""
    named = {str(line.get_label()): line for line in ax.get_lines()}
    return {label: line for label, line in named.items() if not label.startswith("_")}


def legend_labels(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_a_line_a_cell_through_its_accuracies() -> None:
    table = summary()
    ax = plot_copy_task(table.sample(frac=1.0, random_state=1).sort_values("cell", kind="stable"))
    drawn = lines(ax)
    assert set(drawn) == set(CELLS)
    for cell, line in drawn.items():
        rows = table[table["cell"] == cell]
        # dodging moves the ink, not the data
        np.testing.assert_array_equal(line.get_xdata(), rows["delay"])
        np.testing.assert_array_equal(line.get_ydata(), rows["recall_accuracy"])


def test_intervals_go_from_low_to_high() -> None:
    table = summary()
    ax = plot_copy_task(table)
    bars = {str(bar.get_label()): bar for bar in ax.collections}
    for cell in CELLS:
        rows = table[table["cell"] == cell]
        bar = bars[f"_{cell} interval"]
        assert isinstance(bar, LineCollection)
        for segment, (_, row) in zip(bar.get_segments(), rows.iterrows(), strict=True):
            expected = [[row["delay"], row["ci_low"]], [row["delay"], row["ci_high"]]]
            np.testing.assert_array_equal(segment, expected)


def test_few_seeds_are_points_without_intervals() -> None:
    """The picture of three seeds had bars from the smallest to the largest, called 95 %."""
    table = summary(seeds=9)
    grid = pd.MultiIndex.from_product([CELLS, (10, 30, 100), range(9)])
    runs = grid.set_names(["cell", "delay", "seed"]).to_frame(index=False)
    runs["value"] = np.random.default_rng(1).random(len(runs))
    ax = plot_copy_task(table, runs=runs)
    assert all(len(bar.get_paths()) == 0 for bar in ax.collections)
    assert ax.get_title(loc="left") == "mean of 9 seeds (small: every run)"
    points = {str(line.get_label()): line for line in ax.get_lines()}["_gru runs"]
    own = runs[runs["cell"] == "gru"]
    np.testing.assert_array_equal(points.get_xdata(), own["delay"])
    np.testing.assert_array_equal(points.get_ydata(), own["value"])
    enough = plot_copy_task(summary(seeds=10), runs=runs)
    assert enough.get_title(loc="left").endswith("(small: every run), bars: 95 % interval")


def test_cells_that_coincide_are_drawn_beside_each_other() -> None:
    table = summary().assign(recall_accuracy=0.125, ci_low=0.125, ci_high=0.125)
    ax = plot_copy_task(table)
    places = []
    for line in lines(ax).values():
        x, _ = line.get_transform().transform((30.0, 0.125))
        places.append(x)
    apart = np.diff(places) * 72 / ax.figure.dpi  # points
    assert (apart > 2).all()
    # and are centred on their delay
    assert np.mean(places) == pytest.approx(ax.transData.transform((30.0, 0.125))[0])


@pytest.mark.parametrize("count", [2, 7, 20])
def test_the_dodge_stays_small_however_many_cells(count: int) -> None:
    ax = plot_copy_task(summary([f"cell {number}" for number in range(count)]))
    places = [line.get_transform().transform((30.0, 0.5))[0] for line in lines(ax).values()]
    assert (max(places) - min(places)) * 72 / ax.figure.dpi < 15


def test_the_axes_say_what_they_show() -> None:
    ax = plot_copy_task(summary())
    assert ax.get_xlabel() == "delay (time steps)"
    assert ax.get_ylabel() == "recall accuracy (share of symbols)"
    assert ax.get_title(loc="left") == "mean of 10 seeds, bars: 95 % interval"
    assert ax.get_ylim() == (0, 1)
    assert legend_labels(ax) == CELLS


def test_the_number_of_seeds_is_told_as_it_is() -> None:
    table = summary()
    table.loc[3, "seeds"] = 2
    assert plot_copy_task(table).get_title(loc="left").startswith("mean of 2 to 10 seeds, bars")
    assert plot_copy_task(summary(seeds=1)).get_title(loc="left") == "mean of 1 seed"


@pytest.mark.parametrize(
    ("delays", "scale"),
    [((10, 30, 100), "log"), ((1, 10), "log"), ((10, 30, 99), "linear"), ((20,), "linear")],
)
def test_ticks_are_the_delays_on_a_scale_that_fits(delays: tuple[int, ...], scale: str) -> None:
    ax = plot_copy_task(summary(delays=delays))
    assert ax.get_xscale() == scale
    assert ax.get_xticks().tolist() == list(delays)
    assert [label.get_text() for label in ax.get_xticklabels()] == [str(d) for d in delays]
    assert ax.get_xticks(minor=True).size == 0
    left, right = ax.get_xlim()
    assert 0 < left < min(delays) <= max(delays) < right


def test_tick_labels_do_not_overlap() -> None:
    ax = plot_copy_task(summary(delays=tuple(range(10, 201, 10))))
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    assert ax.get_xticks().size == 20  # the ticks are all there
    boxes = [tick.get_window_extent() for tick in ax.get_xticklabels() if tick.get_text()]
    assert len(boxes) >= 8
    for left, right in itertools.pairwise(boxes):
        assert left.x1 < right.x0


def test_chance_is_a_line_with_its_name() -> None:
    ax = plot_copy_task(summary())
    ends = [np.asarray(line.get_xydata()).tolist() for line in ax.get_lines()]
    assert [[0, 0.125], [1, 0.125]] in ends  # from edge to edge
    assert words(ax) == ["chance 0.125"]


def test_several_chances_are_all_named() -> None:
    table = pd.concat(
        [summary().assign(alphabet=n, chance=1 / n) for n in (2, 8, 9)], ignore_index=True
    )
    assert words(plot_copy_task(table)) == ["chance 0.111, 0.125", "chance 0.5"]


def test_a_setting_that_varies_makes_a_line_of_its_own() -> None:
    table = pd.concat(
        [summary(["gru"]).assign(hidden=16), summary(["gru"]).assign(hidden=64)], ignore_index=True
    )
    table.loc[table["hidden"] == 64, "recall_accuracy"] = 1.0
    drawn = lines(plot_copy_task(table))
    assert list(drawn) == ["gru, hidden=16", "gru, hidden=64"]
    np.testing.assert_array_equal(drawn["gru, hidden=64"].get_ydata(), [1.0, 1.0, 1.0])


def test_a_number_in_a_label_is_written_as_in_a_spec() -> None:
    swept = [summary(["lstm"]).assign(forget_bias=bias) for bias in (0.0, 2.5, np.nan)]
    drawn = lines(plot_copy_task(pd.concat(swept, ignore_index=True)))
    assert list(drawn) == ["lstm, forget_bias=0", "lstm, forget_bias=2.5", "lstm"]


def test_lines_have_the_style_of_their_cell() -> None:
    cells = ["lstm", "lstm,forget_bias=chrono", "gru"]
    styles = cell_styles(cells)
    for cell, line in lines(plot_copy_task(summary(cells))).items():
        assert line.get_color() == styles[cell]["color"]
        assert line.get_marker() == styles[cell]["marker"]


def test_the_legend_and_the_chance_label_stand_beside_the_axes() -> None:
    ax = plot_copy_task(summary(["lstm,forget_bias=chrono", *CELLS]))
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    inside = ax.get_window_extent()
    legend = ax.get_legend()
    assert legend is not None
    boxes = [legend.get_window_extent(), ax.texts[0].get_window_extent()]
    for box in boxes:
        assert box.x0 >= inside.x1
        assert box.x1 <= figure.bbox.x1 + 1
    assert not boxes[0].overlaps(boxes[1])


def test_it_draws_into_axes_that_are_given() -> None:
    figure = Figure()
    ax = figure.subplots()
    assert plot_copy_task(summary(), ax=ax) is ax
    assert set(lines(ax)) == set(CELLS)


def test_table_and_settings_of_the_caller_are_left_alone() -> None:
    table, before, settings = summary(), summary(), dict(matplotlib.rcParams)
    plot_copy_task(table)
    pd.testing.assert_frame_equal(table, before)
    assert dict(matplotlib.rcParams) == settings


def test_no_figure_is_left_with_pyplot() -> None:
    code = (
        "import sys, rnnlab.plotting, pandas as pd\n"
        "table = pd.DataFrame({'cell': ['a'], 'delay': 3, 'seeds': 1, 'recall_accuracy': 1.0,"
        " 'ci_low': 1.0, 'ci_high': 1.0, 'chance': 0.5})\n"
        "rnnlab.plotting.plot_copy_task(table).figure.draw_without_rendering()\n"
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
        (lambda t: t.iloc[:0], "summary must have a row to draw, got none: let at least one run"),
    ],
)
def test_tables_that_cannot_be_drawn_are_refused(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plot_copy_task(change(summary()))


def test_the_registered_figure_draws_the_summary() -> None:
    spec = figures["copy-task"]
    assert (spec.experiment, spec.table, spec.filename, spec.aggregate) == (
        "copy-task", "summary.csv", "copy-task.png", None,
    )  # fmt: skip
    figure = spec.draw(summary())
    assert isinstance(figure, Figure)
    assert set(lines(figure.axes[0])) == set(CELLS)
