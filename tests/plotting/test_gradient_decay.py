"""The gradient-decay figure: the artists' data and the axes' words, never pixels."""

from __future__ import annotations

import itertools
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from numpy.typing import NDArray

from rnnlab.plotting import cell_styles, plot_gradient_decay
from rnnlab.plotting.gradient_decay import FLOOR
from rnnlab.registry import figures
from rnnlab.statistics import decay_bands

STATES = {"rnn": "h", "lstm": "hc", "gru": "h"}
PANELS = {
    ("h", "init"): "hidden state h, at initialisation",
    ("h", "trained"): "hidden state h, after training",
    ("c", "init"): "cell state c, at initialisation",
    ("c", "trained"): "cell state c, after training",
}


def bands(rate: float = 0.05, lags: int = 41, seeds: int = 5) -> pd.DataFrame:
    """Straight lines on a log axis, a slope for each cell, phase and state."""
    parts = []
    for number, (cell, states) in enumerate(STATES.items()):
        for phase, factor in (("trained", 0.5), ("init", 1.0)):
            for state in states:
                lag = np.arange(lags)
                median = 10.0 ** (-rate * factor * (number + 1) * lag)
                part = pd.DataFrame({"cell": cell, "phase": phase, "state": state, "lag": lag})
                parts.append(
                    part.assign(median=median, low=median / 2, high=median * 1.5, seeds=seeds)
                )
    return pd.concat(parts, ignore_index=True).assign(reference_lag=0, status="ok")


def panels(figure: Figure) -> dict[str, Axes]:
    """The panels that can be seen, by the last line of their titles."""
    seen = [ax for ax in figure.axes if ax.get_visible()]
    return {ax.get_title(loc="left").splitlines()[-1]: ax for ax in seen}


def lines(ax: Axes) -> dict[str, Line2D]:
    named = {str(line.get_label()): line for line in ax.get_lines()}
    return {label: line for label, line in named.items() if not label.startswith("_")}


def marks(ax: Axes) -> dict[str, list[float]]:
    """Lags at which a cell falls below the floor."""
    found = {}
    for line in ax.get_lines():
        if line.get_marker() == "v":
            cell = str(line.get_label()).removeprefix("_").removesuffix(" below the floor")
            assert set(values(line)) == {FLOOR}
            found[cell] = np.asarray(line.get_xdata(), dtype=np.float64).tolist()
    return found


def caption(figure: Figure) -> str:
    return figure.get_suptitle()


def values(line: Line2D) -> NDArray[np.float64]:
    return np.asarray(line.get_ydata(), dtype=np.float64)


def test_a_panel_for_each_state_and_phase() -> None:
    figure = plot_gradient_decay(bands())
    seen = panels(figure)
    assert list(seen) == list(PANELS.values())  # rows h, c; columns init, trained
    for (state, phase), title in PANELS.items():
        table = bands()
        table = table[(table["state"] == state) & (table["phase"] == phase)]
        drawn = lines(seen[title])
        assert list(drawn) == table["cell"].unique().tolist()
        for cell, line in drawn.items():
            rows = table[table["cell"] == cell]
            np.testing.assert_array_equal(line.get_xdata(), rows["lag"])
            np.testing.assert_array_equal(line.get_ydata(), rows["median"])


def test_bands_go_from_low_to_high() -> None:
    ax = panels(plot_gradient_decay(bands()))[PANELS["h", "init"]]
    table = bands()
    for band in ax.collections:
        cell = str(band.get_label()).removeprefix("_").removesuffix(" band")
        rows = table[(table["cell"] == cell) & (table["state"] == "h") & (table["phase"] == "init")]
        corners = np.concatenate([path.vertices for path in band.get_paths()])
        drawn = {(x, y) for x, y in corners.tolist()}
        for column in ("low", "high"):
            assert set(zip(rows["lag"], rows[column], strict=True)) <= drawn
    assert len(ax.collections) == 3


def test_a_legend_names_only_the_cells_that_have_the_state() -> None:
    seen = panels(plot_gradient_decay(bands()))
    for (state, phase), title in PANELS.items():
        legend = seen[title].get_legend()
        if phase == "init":
            assert legend is None
        else:
            assert legend is not None
            cells = [text.get_text() for text in legend.get_texts()]
            assert cells == [cell for cell, states in STATES.items() if state in states]


def test_the_axes_say_what_they_show() -> None:
    figure = plot_gradient_decay(bands())
    seen = panels(figure)
    for (state, phase), title in PANELS.items():
        ax = seen[title]
        assert ax.get_yscale() == "log"
        if state == "c":
            assert ax.get_xlabel() == "lag k (time steps before T)"
        if phase == "init":
            assert ax.get_ylabel().startswith("relative gradient norm\n")
            assert rf"\partial L/\partial {state}_{{T-k}}" in ax.get_ylabel()
    assert caption(figure) == "median of 5 seeds, band: 10th to 90th percentile"


def test_one_seed_has_no_band() -> None:
    figure = plot_gradient_decay(bands(seeds=1))
    assert caption(figure) == "1 seed"
    assert not any(ax.collections for ax in figure.axes)


def test_seeds_are_counted_as_they_are() -> None:
    table = bands()
    table.loc[3, "seeds"] = 4
    assert caption(plot_gradient_decay(table)).startswith("median of 4 to 5 seeds, band")


def test_the_axis_fits_the_data_as_long_as_it_is_above_the_floor() -> None:
    figure = plot_gradient_decay(bands(rate=0.05))  # down to 10 ** -6 / 2
    low, high = panels(figure)[PANELS["h", "init"]].get_ylim()
    assert 1e-8 < low < 10.0**-6.3
    assert 1 < high < 10
    assert "below" not in caption(figure)
    assert not any(marks(ax) for ax in figure.axes)


def test_what_falls_below_the_floor_is_drawn_on_it_with_a_mark() -> None:
    table = bands(rate=0.25)  # gru at the start: 10 ** (-.75 lag), below 1e-20 from lag 27 on
    figure = plot_gradient_decay(table)
    ax = panels(figure)[PANELS["h", "init"]]
    gru = values(lines(ax)["gru"])

    assert gru[26] == pytest.approx(10.0**-19.5)
    assert (gru[27:] == FLOOR).all()
    assert marks(ax) == {"gru": [27.0]}
    assert ax.get_ylim()[0] < FLOOR  # the floor is inside the frame
    ticks = dict(zip(ax.get_yticks(), (t.get_text() for t in ax.get_yticklabels()), strict=True))
    assert ticks[min(ticks)] == "\u2264 $10^{-20}$"
    assert min(ticks) == pytest.approx(FLOOR)
    assert "below $10^{-20}$ from here on, drawn on the floor" in caption(figure)
    # markers do not pretend to be measurements on the floor
    marked = lines(ax)["gru"].get_markevery()
    assert isinstance(marked, list)
    assert marked
    assert max(marked) < 27


def test_zeros_are_on_the_floor_and_not_lost() -> None:
    table = bands()
    table.loc[(table["cell"] == "rnn") & (table["lag"] > 30), ["median", "low", "high"]] = 0.0
    figure = plot_gradient_decay(table)
    for phase in ("init", "trained"):
        ax = panels(figure)[PANELS["h", phase]]
        assert np.isfinite(values(lines(ax)["rnn"])).all()
        assert marks(ax) == {"rnn": [31.0]}


def test_every_fall_below_the_floor_is_marked() -> None:
    table = bands()
    here = (table["cell"] == "lstm") & (table["state"] == "c") & (table["phase"] == "init")
    table.loc[here & table["lag"].isin([0, 1, 8, 20, 21]), "median"] = 1e-40
    assert marks(panels(plot_gradient_decay(table))[PANELS["c", "init"]]) == {"lstm": [0, 8, 20]}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_leaves_a_gap_and_is_said(value: float) -> None:
    table = bands()
    here = (table["cell"] == "lstm") & (table["phase"] == "trained") & (table["lag"] > 12)
    table.loc[here, ["median", "low", "high"]] = value
    figure = plot_gradient_decay(table)
    drawn = values(lines(panels(figure)[PANELS["h", "trained"]])["lstm"])

    assert np.isfinite(drawn[:13]).all()
    assert np.isnan(drawn[13:]).all()
    note = " ".join(caption(figure).splitlines()[1:])
    assert note == ("not finite, not drawn: lstm trained h from lag 13; lstm trained c from lag 13")


def test_no_number_at_all_is_said_too() -> None:
    table = bands().assign(median=np.nan, low=np.nan, high=np.nan, seeds=0)
    said = caption(plot_gradient_decay(table))
    assert "not finite, not drawn: rnn trained, init h from lag 0" in said


@pytest.mark.parametrize("largest", [1e3, 1e30, 1e300, 1.7e308])
def test_gradients_that_explode_fit_the_axis(largest: float) -> None:
    table = bands()
    table.loc[5, ["median", "high"]] = largest
    figure = plot_gradient_decay(table)
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_ylim()
    assert low < 1e-6
    assert high >= min(largest, 1e308)
    assert len(figure.axes[0].get_yticks()) <= 8


@pytest.mark.parametrize(
    ("keep", "shape"),
    [
        (lambda t: t[t["phase"] == "init"], {("h", "init"), ("c", "init")}),
        (lambda t: t[t["cell"] != "lstm"], {("h", "init"), ("h", "trained")}),
        (
            lambda t: t[(t["state"] == "h") | (t["phase"] == "init")],
            {("h", "init"), ("h", "trained"), ("c", "init")},
        ),
    ],
)
def test_absent_panels_are_left_out(keep: Any, shape: set[tuple[str, str]]) -> None:
    figure = plot_gradient_decay(keep(bands()))
    figure.draw_without_rendering()
    seen = panels(figure)
    assert set(seen) == {PANELS[key] for key in shape}
    for phase in {phase for _, phase in shape}:
        states = [state for state in "hc" if (state, phase) in shape]
        lowest = seen[PANELS[states[-1], phase]]
        assert lowest.get_xlabel() == "lag k (time steps before T)"
        assert any(label.get_visible() for label in lowest.get_xticklabels())


def test_other_phases_and_states_have_a_place() -> None:
    table = bands()
    table = pd.concat([table, table[table["phase"] == "init"].assign(phase="midway")])
    table = pd.concat([table, table[table["state"] == "c"].assign(state="slow_cell")])
    figure = plot_gradient_decay(table)
    figure.draw_without_rendering()  # the name of the state is set as mathematics
    titles = list(panels(figure))
    assert titles[:3] == [PANELS["h", "init"], "hidden state h, midway", PANELS["h", "trained"]]
    assert titles[-1] == "slow_cell, after training"


def test_lines_have_the_style_of_their_cell_in_every_panel() -> None:
    styles = cell_styles(STATES)
    for ax in plot_gradient_decay(bands()).axes:
        for cell, line in lines(ax).items():
            assert line.get_color() == styles[cell]["color"]
            assert line.get_marker() == styles[cell]["marker"]


@pytest.mark.parametrize("phases", [["init"], ["init", "trained"]])
def test_no_words_overlap_and_legends_stand_beside_the_axes(phases: list[str]) -> None:
    table = bands(rate=0.25)  # with the note on the floor
    table.loc[(table["cell"] == "lstm") & (table["lag"] > 12), ["median", "low", "high"]] = np.nan
    figure = plot_gradient_decay(table[table["phase"].isin(phases)])
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    assert len(texts) > 20
    boxes = {text.get_text(): text.get_window_extent() for text in texts}
    for (word, box), (other_word, other) in itertools.combinations(boxes.items(), 2):
        assert not box.overlaps(other), (word, other_word)
    assert caption(figure).count("\n") >= 2
    for word in (caption(figure), *panels(figure)):
        assert boxes[word].x0 >= 0
        assert boxes[word].x1 <= figure.bbox.x1
    for ax in figure.axes:
        legend = ax.get_legend()
        if legend is not None:
            assert legend.get_window_extent().x0 >= ax.get_window_extent().x1


@pytest.mark.parametrize("squeezed", [False, True])
def test_it_draws_into_axes_that_are_given(squeezed: bool) -> None:
    figure = Figure()
    axes = figure.subplots(1, 2, squeeze=squeezed)
    table = bands()
    table = table[table["state"] == "h"]
    assert plot_gradient_decay(table, axes=axes) is figure
    assert list(panels(figure)) == [PANELS["h", "init"], PANELS["h", "trained"]]
    assert figure.axes[0].get_title(loc="left").startswith("median of 5 seeds, band: 10th to 90th")
    assert figure.get_suptitle() == ""


def test_axes_of_another_shape_are_refused() -> None:
    axes = Figure().subplots(1, 2)
    with pytest.raises(ValueError, match=r"axes must have shape \(states, phases\) = \(2, 2\) for"):
        plot_gradient_decay(bands(), axes=axes)


def test_table_and_settings_of_the_caller_are_left_alone() -> None:
    table, settings = bands(), dict(matplotlib.rcParams)
    plot_gradient_decay(table)
    pd.testing.assert_frame_equal(table, bands())
    assert dict(matplotlib.rcParams) == settings


def test_raw_gradients_are_refused_with_the_remedy() -> None:
    raw = bands().drop(columns=["median", "low", "high", "seeds"]).assign(norm=1.0)
    with pytest.raises(ValueError, match=r"columns median, low, high, seeds, got .*decay_bands"):
        plot_gradient_decay(raw)
    with pytest.raises(ValueError, match="bands must have a row to draw"):
        plot_gradient_decay(bands().iloc[:0])


def test_the_registered_figure_draws_the_bands() -> None:
    spec = figures["gradient-decay"]
    assert (spec.experiments, spec.table, spec.filename, spec.aggregate) == (
        ("gradient-flow",), "gradients.csv", "gradient-decay.png", decay_bands,
    )  # fmt: skip
    assert list(panels(spec.draw(bands()))) == list(PANELS.values())


def test_a_state_that_is_read_later_begins_there_and_is_named() -> None:
    table = bands()
    later = (table["cell"] == "lstm") & (table["state"] == "c")
    table.loc[later, "reference_lag"] = 1
    table.loc[later & (table["lag"] == 0), ["median", "low", "high"]] = np.nan
    figure = plot_gradient_decay(table)
    drawn = lines(panels(figure)[PANELS["c", "init"]])["lstm"]
    assert np.isfinite(np.asarray(drawn.get_ydata(), float)).all()
    assert np.asarray(drawn.get_xdata()).tolist()[0] == 1
    said = caption(figure).replace("\n", " ")
    assert "relative to the first gradient: lstm trained, init c to lag 1" in said
    assert "not finite" not in caption(figure)


def test_a_state_without_a_gradient_is_named_and_has_no_panel() -> None:
    silent = bands().query("cell == 'lstm' and state == 'c'").assign(state="m")
    silent = silent.assign(median=np.nan, low=np.nan, high=np.nan, seeds=0, status="no gradient")
    silent["reference_lag"] = np.nan
    figure = plot_gradient_decay(pd.concat([bands(), silent]))
    assert set(panels(figure)) == set(PANELS.values())
    assert "no gradient at any lag: lstm trained, init m" in caption(figure)
    assert "not finite" not in caption(figure)
    plot_gradient_decay(silent).draw_without_rendering()
