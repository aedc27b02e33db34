"""The figures of the gradient lab: the artists' data and the words on the page, never pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnlab.plotting import (
    NothingToDrawError,
    cell_styles,
    plot_clip_rate,
    plot_forget_bias,
    plot_gate_distribution,
    plot_gate_map,
    plot_gate_saturation,
    plot_gradient_paths,
    plot_gradient_training,
    plot_half_life_solving,
    plot_jacobian_spectrum,
    plot_lyapunov_spectrum,
    plot_memory_times,
    plot_path_shares,
)
from rnnlab.registry import figures

CELLS = ("rnn", "lstm")
PHASES = ("init", "trained")


def product(**columns: Any) -> pd.DataFrame:
    index = pd.MultiIndex.from_product(list(columns.values()), names=list(columns))
    return pd.DataFrame(index=index).reset_index()


def banded(table: pd.DataFrame, median: Any, **more: Any) -> pd.DataFrame:
    return table.assign(median=median, low=median - 0.5, high=median + 0.5, seeds=5, **more)


def lines(ax: Axes) -> dict[str, Any]:
    named = {str(line.get_label()): line for line in ax.get_lines()}
    return {label: line for label, line in named.items() if not label.startswith("_")}


def named(ax: Axes, label: str) -> Any:
    return next(line for line in ax.get_lines() if line.get_label() == label)


def words(figure: Figure) -> str:
    return " ".join(figure.get_suptitle().split())


def spectrum() -> pd.DataFrame:
    table = product(cell=CELLS, phase=PHASES, lag=[1, 10], index=range(1, 6))
    return banded(table, -table["index"] * table["lag"] / 2.0)


def paths() -> pd.DataFrame:
    names = ["exact", "cut", "direct", "keep"]
    table = product(cell=CELLS, phase=PHASES, state=["c"], lag=range(8), path=names)
    return banded(table, -table["lag"] * (1.0 + table["path"].map(names.index)))


def shares() -> pd.DataFrame:
    names = ["direct", "around_h", "around_other"]
    table = product(cell=CELLS, phase=PHASES, state=["c"], lag=range(8), path=names)
    return banded(table, table["path"].map({"direct": 0.25, "around_h": 0.75, "around_other": 0.0}))


def lyapunov() -> pd.DataFrame:
    table = product(cell=CELLS, phase=PHASES, index=range(1, 6))
    return banded(table, 1.0 - 2.5 * table["index"], place=(table["index"] - 0.5) / 5)


def gate_map() -> pd.DataFrame:
    table = product(cell=CELLS, phase=PHASES, gate=["f", "x"], unit=range(3), step=range(1, 7))
    return table.assign(seed=0, value=(table["unit"] + table["step"]) / 10)


def histogram() -> pd.DataFrame:
    table = product(cell=CELLS, phase=PHASES, gate=["i", "f"], left=[0.0, 0.25, 0.5, 0.75])
    return table.assign(right=table["left"] + 0.25, share=table["left"] / 1.5, seeds=5)


def gates() -> pd.DataFrame:
    table = product(cell=CELLS, phase=PHASES, gate=["i", "f"], seed=range(2), unit=range(4))
    return table.assign(shut=table["unit"] / 10, open=0.5, memory_time=3.0)


def times() -> pd.DataFrame:
    table = product(cell=CELLS, phase=PHASES, gate=["f"], left=[1.0, 10.0, 100.0])
    right = table["left"].map({1.0: 10.0, 10.0: 100.0, 100.0: math.inf})
    share = table["left"].map({1.0: 0.5, 10.0: 0.3, 100.0: 0.2})
    return table.assign(right=right, share=share, seeds=5)


def training() -> pd.DataFrame:
    table = product(cell=CELLS, state=["h"], update=[0, 50, 100], lag=range(5))
    ratio = np.where(table["lag"] == 0, math.nan, (table["update"] - 60) / 500)
    return table.assign(relative=-1.0 * table["lag"], ratio=ratio, seeds=5)


def clipping() -> pd.DataFrame:
    table = product(cell=CELLS, update=[50, 100, 150])
    return banded(table, table["update"] / 200, grad_norm=2.0)


def biases() -> pd.DataFrame:
    ways = ["exact", "keep", "direct"]
    kinds = ["crossing", "decay"]
    table = product(cell=CELLS, state=["c"], path=ways, forget_bias=[0.0, 4.0], kind=kinds)
    half = table["forget_bias"].map({0.0: 1.0, 4.0: 40.0})
    return banded(table, half + 2 * (table["kind"] == "decay"), closed_form=half)


def solving() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cell": ["rnn", "lstm", "lstm"],
            "seed": [0, 0, 1],
            "state": "h",
            "half_life": [5.0, math.inf, 2.0],
            "decay_half_life": [6.0, 8.0, 3.0],
            "updates_to_solve": [math.inf, 300.0, 400.0],
            "updates": 500,
        }
    )


EVERY = {
    "jacobian-spectrum": (plot_jacobian_spectrum, spectrum),
    "lyapunov-spectrum": (plot_lyapunov_spectrum, lyapunov),
    "gradient-paths": (plot_gradient_paths, paths),
    "path-shares": (plot_path_shares, shares),
    "gate-map": (plot_gate_map, gate_map),
    "gate-distribution": (plot_gate_distribution, histogram),
    "gate-saturation": (plot_gate_saturation, gates),
    "memory-times": (plot_memory_times, times),
    "gradient-training": (plot_gradient_training, training),
    "clip-rate": (plot_clip_rate, clipping),
    "half-life-bias": (plot_forget_bias, biases),
    "half-life-solving": (plot_half_life_solving, solving),
}


@pytest.mark.parametrize("name", EVERY)
class TestEvery:
    def test_it_is_registered_and_says_what_it_shows(self, name: str) -> None:
        draw, _ = EVERY[name]
        assert figures[name].draw is draw
        assert figures[name].title
        assert figures[name].reading.endswith(".")

    def test_its_axes_have_units_or_say_what_is_counted(self, name: str) -> None:
        draw, table = EVERY[name]
        given = table()
        before = given.copy()
        figure = draw(given)
        pd.testing.assert_frame_equal(given, before)
        labels = {ax.get_xlabel() for ax in figure.axes} | {ax.get_ylabel() for ax in figure.axes}
        assert len(labels - {""}) >= 2
        text = words(figure)
        assert "seed" in text
        assert text.endswith((".", "1."))

    def test_its_panels_have_room(self, name: str) -> None:
        """A line without points that was not clipped once made the layout collapse."""
        draw, table = EVERY[name]
        figure = draw(table())
        figure.draw_without_rendering()  # warns, which is an error here, if it did not fit
        for ax in figure.axes:
            if ax.get_label() != "<colorbar>" and ax.get_visible():
                assert ax.get_window_extent().width / figure.dpi > 1.2
            assert all(np.size(line.get_xdata()) or line.get_clip_on() for line in ax.get_lines())

    def test_lines_differ_in_black_and_white(self, name: str) -> None:
        draw, table = EVERY[name]
        for ax in draw(table()).axes:
            looks = [
                (line.get_marker(), line.get_fillstyle(), str(line.get_linestyle()))
                for line in lines(ax).values()
                if line.get_marker() not in ("None", "", None)
            ]
            assert len(set(looks)) == len(looks)

    def test_what_it_lacks_is_said(self, name: str) -> None:
        draw, table = EVERY[name]
        column = {"gate-map": "value", "half-life-solving": "half_life"}.get(name, "cell")
        with pytest.raises(ValueError, match=rf"must have the column.* {column}, got .*: pass"):
            draw(table().drop(columns=column))
        with pytest.raises(NothingToDrawError, match="must have a row to draw"):
            draw(table().iloc[:0])


def panel(figure: Figure, title: str) -> Axes:
    return next(ax for ax in figure.axes if ax.get_title(loc="left") == title)


def test_spectra_show_the_values_down_to_the_floor() -> None:
    table = spectrum()
    figure = plot_jacobian_spectrum(table)
    ax = panel(figure, "lstm, after training")
    assert list(lines(ax)) == ["k = 1", "k = 10"]
    found = lines(ax)["k = 10"].get_ydata()
    np.testing.assert_allclose(found, [-5, -10, -15, -20, -20])
    assert list(named(ax, "_k = 10 below the floor").get_xdata()) == [5]
    assert "below" in words(figure)


def test_lyapunov_exponents_share_an_axis_over_cells_of_any_size() -> None:
    figure = plot_lyapunov_spectrum(lyapunov())
    ax = panel(figure, "at initialisation")
    line = lines(ax)["lstm"]
    np.testing.assert_allclose(line.get_xdata(), [0.1, 0.3, 0.5, 0.7, 0.9])
    np.testing.assert_allclose(line.get_ydata(), [-1.5, -4, -6.5, -8, -8])
    assert line.get_color() == cell_styles(["lstm"])["lstm"]["color"]
    assert "nats a step" in figure.axes[0].get_ylabel()


def test_paths_are_lines_and_the_panel_names_cell_and_state() -> None:
    figure = plot_gradient_paths(paths())
    ax = panel(figure, "lstm c, after training")
    found = lines(ax)
    assert len(found) == 4
    np.testing.assert_allclose(found["exact: all paths"].get_ydata(), -np.arange(8.0))
    np.testing.assert_allclose(found["h cut"].get_ydata(), -2 * np.arange(8.0))
    legend = figure.axes[1].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == list(found)


def test_a_path_that_is_none_has_no_line() -> None:
    table = paths()
    gone = (table["path"] == "direct") & (table["lag"] > 0)
    table.loc[gone, ["median", "low", "high"]] = -math.inf
    assert "direct: no matrix" not in lines(
        panel(plot_gradient_paths(table), "rnn c, after training")
    )


def test_other_matrices_are_drawn_where_there_are_some() -> None:
    names = set(lines(plot_path_shares(shares()).axes[0]))
    assert names == {"direct: no matrix", "around, a matrix on h"}
    table = shares()
    table.loc[table["path"] == "around_other", "median"] = 0.1
    assert "around, other matrices" in lines(plot_path_shares(table).axes[0])


def test_a_map_shows_the_numbers_and_the_input_below() -> None:
    figure = plot_gate_map(gate_map())
    above = panel(figure, "lstm f, at initialisation")
    image: Any = above.images[0]
    expected = (np.arange(3)[:, None] + np.arange(1, 7)) / 10
    np.testing.assert_allclose(image.get_array(), expected)
    assert image.get_clim() == (0, 1)
    table = gate_map()
    table.loc[table["gate"] == "f", "value"] -= 0.5  # a state, not a gate
    image = panel(plot_gate_map(table), "lstm f, at initialisation").images[0]
    assert image.get_clim() == (-1, 1)
    table.loc[(table["phase"] == PHASES[-1]) & (table["gate"] == "f"), "value"] = 5.5  # rectified
    figure = plot_gate_map(table)
    for ax in figure.axes:
        if ax.get_title().startswith("lstm f"):
            assert ax.images[0].get_clim() == (-5.5, 5.5)  # those of the one colour bar


def test_memory_times_are_shares_that_hold_longer() -> None:
    ax = panel(plot_memory_times(times()), "after training")
    line = lines(ax)["lstm"]
    np.testing.assert_allclose(line.get_xdata(), [10, 100])
    np.testing.assert_allclose(line.get_ydata(), [0.5, 0.2])
    assert ax.get_xscale() == "log"


def test_training_is_a_map_of_lag_over_updates() -> None:
    figure = plot_gradient_training(training())
    norm: Any = panel(figure, "lstm h: relative norm").collections[0]
    np.testing.assert_allclose(norm.get_array(), np.tile(-np.arange(5.0)[:, None], (1, 3)))
    ratio: Any = panel(figure, "lstm h: one-step ratio").collections[0]
    np.testing.assert_allclose(ratio.get_array()[0], [-0.12, -0.02, 0.08])
    assert ratio.get_array().shape == (4, 3)  # lag 0 has no step before


def test_half_lives_stand_on_the_closed_form() -> None:
    table = biases()
    figure = plot_forget_bias(table)
    ax = figure.axes[0]
    found = lines(ax)
    form = found[r"$\ln\,½\,/\,\ln\,\sigma(b)$"]
    assert form.get_ydata().tolist() == [1.0, 40.0]
    assert set(found) - {form.get_label()} == {
        f"{cell}, {way}" for cell in CELLS for way in ("all paths", "product of the keep gate")
    }
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "first lag at which half is left",
        "from the slope of the decay",
    ]
    assert found["lstm, all paths"].get_ydata().tolist() == [1.0, 40.0]
    assert lines(figure.axes[1])["lstm, all paths"].get_ydata().tolist() == [3.0, 42.0]
    table.loc[(table["forget_bias"] == 4) & (table["path"] == "exact"), "median"] = math.inf
    figure = plot_forget_bias(table)
    assert lines(figure.axes[0])["lstm, all paths"].get_ydata().tolist() == [1.0, 126.0]
    assert "not within the sequence" in words(figure)


def test_a_state_without_a_gradient_is_named_and_has_no_panel() -> None:
    table = pd.concat([solving(), solving().assign(state="m", half_life=math.nan)])
    table.loc[table["state"] == "m", "decay_half_life"] = math.nan
    figure = plot_half_life_solving(table)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["state h"] * 2
    assert "No gradient: rnn m in 1 runs; lstm m in 2 runs." in words(figure)
    silent = training().assign(state="m", relative=math.nan, ratio=math.nan)
    figure = plot_gradient_training(pd.concat([training(), silent]))
    assert "rnn h: relative norm" in {ax.get_title(loc="left") for ax in figure.axes}
    assert "rnn m: relative norm" not in {ax.get_title(loc="left") for ax in figure.axes}
    assert "No gradient at any lag: rnn m, lstm m" in words(figure)
    plot_gradient_training(silent).draw_without_rendering()


def test_runs_that_were_not_solved_stand_above_the_line() -> None:
    figure = plot_half_life_solving(solving())
    ax = figure.axes[0]
    assert lines(ax)["lstm"].get_ydata().tolist() == [300, 400]
    assert lines(ax)["lstm"].get_xdata().tolist() == [16, 2]  # inf is at the edge
    assert lines(figure.axes[1])["lstm"].get_xdata().tolist() == [8, 3]
    assert named(ax, "_rnn unsolved").get_ydata()[0] > 500
    assert "2 of 3 solved the task" in words(figure)
    assert "1 to 2 seeds a cell" in words(figure)
    assert "not within the sequence" in words(figure)
