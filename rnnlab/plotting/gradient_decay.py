"""Figure of the relative gradient norm against the lag."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from rnnlab.plotting._captions import put_caption, wrapped
from rnnlab.plotting._lines import MARKERS, draw_band
from rnnlab.plotting._phases import decades, legend_beside, phase_title, phases_of
from rnnlab.plotting._tables import count_of_seeds, require_rows
from rnnlab.plotting.style import cell_styles, house_style

_COLUMNS = (
    *("cell", "phase", "state", "lag", "median", "low", "high", "seeds"),
    *("reference_lag", "status"),
)
_STATES = {"h": "hidden state h", "c": "cell state c"}
# A smaller median is drawn here, with a mark: it has no effect on training, and an axis down to
# 1e-300 would compress the relevant range.
FLOOR_EXPONENT = -20
FLOOR = 10.0**FLOOR_EXPONENT
# Margin at both ends of the axis, as a share of its decades.
_ROOM = 0.03
_LARGEST = 308  # exponent of 10 in float64


def plot_gradient_decay(
    bands: pd.DataFrame, *, axes: Sequence[Sequence[Axes]] | NDArray[Any] | None = None
) -> Figure:
    """Draw relative gradient norms against the lag: a row for each state, a column for each phase.

    The median over seeds is a line, the 10th to 90th percentile a band. Where a median falls below
    1e-20 a triangle marks it, and the line continues on the floor of the axis. Values that are not
    finite leave a gap, which the caption names. A state that the output does not read in the same
    step begins at the first lag that has a gradient; the caption names such states, and those
    without any.

    Parameters
    ----------
    bands : DataFrame
        Table of `rnnlab.statistics.decay_bands`: cell, phase, state, lag, median, low, high,
        seeds, reference_lag, status.
    axes : Axes (states, phases), optional
        Where to draw, states from h on in rows and phases from init on in columns, as many as
        `bands` has with a gradient; by default in a new figure. Panels without
        data are hidden.

    Raises
    ------
    ValueError
        If a column is missing, there is no row, or `axes` has another shape.

    Examples
    --------
    >>> bands = pd.DataFrame(
    ...     {
    ...         "cell": "rnn",
    ...         "phase": "init",
    ...         "state": "h",
    ...         "lag": [0, 1, 2],
    ...         "median": [1.0, 0.1, 0.01],
    ...         "low": [1.0, 0.09, 0.005],
    ...         "high": [1.0, 0.2, 0.05],
    ...         "seeds": 5,
    ...         "reference_lag": 0,
    ...         "status": "ok",
    ...     }
    ... )
    >>> len(plot_gradient_decay(bands).axes)
    1
    """
    require_rows(bands, "bands", _COLUMNS, "the table that rnnlab.statistics.decay_bands returns")
    styles = cell_styles(bands["cell"])
    there = bands[bands["status"] != "no gradient"]  # of the others there is nothing to draw
    drawn = bands if there.empty else there
    states = sorted(drawn["state"].unique(), key=lambda state: state != "h")
    phases = phases_of(drawn)
    with house_style():
        grid = _grid(axes, states, phases)
        for row, state in enumerate(states):
            for column, phase in enumerate(phases):
                panel = drawn[(drawn["state"] == state) & (drawn["phase"] == phase)]
                ax: Axes = grid[row, column]
                if panel.empty:
                    ax.set_visible(False)
                    continue
                _draw_panel(ax, panel, styles)
                ax.set_title(f"{_STATES.get(state, state)}, {phase_title(phase)}")
        _set_axes(grid, drawn, states)
        _draw_legends(grid, drawn, states, styles)
        _draw_caption(grid, bands, own_figure=axes is None)
    return _figure(grid)


def _grid(axes: Any, states: list[str], phases: list[str]) -> NDArray[Any]:
    shape = (len(states), len(phases))
    if axes is None:
        width, height = 2.5 * shape[1] + 1.9, 2.2 * shape[0] + 0.8  # inches
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure.subplots(*shape, sharex=True, sharey=True, squeeze=False)
    grid = np.asarray(axes, dtype=object)
    if grid.ndim < 2 and grid.size == shape[0] * shape[1]:
        grid = grid.reshape(shape)  # as pyplot squeezes a single row or column
    if grid.shape != shape:
        raise ValueError(
            f"axes must have shape (states, phases) = {shape} for {', '.join(states)} and "
            f"{', '.join(phases)}, got {grid.shape}: use figure.subplots{shape}"
        )
    return grid


def _figure(grid: NDArray[Any]) -> Figure:
    figure: Figure = grid[0, 0].get_figure(root=True)
    return figure


def _draw_panel(ax: Axes, panel: pd.DataFrame, styles: dict[str, dict[str, Any]]) -> None:
    known = panel[panel["lag"] >= panel["reference_lag"]]
    for cell, rows in known.sort_values("lag", kind="stable").groupby("cell", sort=False):
        lag = rows["lag"].to_numpy()
        # markers of different cells at different lags
        place = 2 * list(styles).index(str(cell)) + 1
        shift = place * max(len(lag) // MARKERS, 1) // (2 * len(styles))
        draw_band(ax, lag, rows, styles[str(cell)], str(cell), floor=FLOOR, shift=shift)


def _set_axes(grid: NDArray[Any], bands: pd.DataFrame, states: list[str]) -> None:
    bottom, top, floored = _exponents(bands)
    ticks, labels = decades(bottom, top, floored=floored)
    room = _ROOM * (top - bottom)
    for ax in _visible(grid.ravel()):
        # the limits first: autoscaling a logarithmic axis overflows near 1e308
        ax.set_ylim(10.0 ** (bottom - room), 10.0 ** min(top + room, _LARGEST))
        ax.set_yscale("log")
        ax.set_yticks([10.0**exponent for exponent in ticks], labels)
        ax.yaxis.set_minor_locator(NullLocator())
        ax.margins(x=0.02)
    for row, state in zip(grid, states, strict=True):
        left = _visible(row)[0]
        name = rf"\mathrm{{{state.replace('_', chr(92) + '_')}}}" if len(state) > 1 else state
        left.set_ylabel(
            "relative gradient norm\n"
            rf"$\|\partial L/\partial {name}_{{T-k}}\| \,/\, \|\partial L/\partial {name}_T\|$"
        )
        left.tick_params(labelleft=True)
    for column in grid.T:
        lowest = _visible(column)[-1]
        lowest.set_xlabel("lag k (time steps before T)")
        lowest.tick_params(labelbottom=True)


def _visible(axes: NDArray[Any]) -> list[Axes]:
    return [ax for ax in axes if ax.get_visible()]


def _exponents(bands: pd.DataFrame) -> tuple[int, int, bool]:
    """Exponents of 10 at both ends of the axis, and whether the lower end is the floor."""
    values = bands[["median", "low", "high"]].to_numpy(np.float64)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return -1, 0, False
    floored = bool(values.min() < FLOOR)
    bottom = FLOOR_EXPONENT if floored else min(math.floor(math.log10(values.min())), -1)
    # a value slightly above 1 needs no further decade: the margin is enough
    top = math.ceil(math.log10(max(values.max(), FLOOR)) + _ROOM * bottom)
    return bottom, min(max(top, 0), _LARGEST), floored


def _draw_legends(
    grid: NDArray[Any],
    bands: pd.DataFrame,
    states: list[str],
    styles: dict[str, dict[str, Any]],
) -> None:
    """Draw the legend of each row, with the cells that have its state."""
    for row, state in zip(grid, states, strict=True):
        cells = bands.loc[bands["state"] == state, "cell"].unique()
        handles = [Line2D([], [], label=cell, **styles[cell]) for cell in cells]
        legend_beside(_visible(row)[-1], handles=handles)


def _draw_caption(grid: NDArray[Any], bands: pd.DataFrame, *, own_figure: bool) -> None:
    counted = bands["seeds"][bands["seeds"] > 0]
    seeds = count_of_seeds(counted if len(counted) else bands["seeds"])
    if bands["seeds"].max() > 1:
        lines = [f"median of {seeds}, band: 10th to 90th percentile"]
    else:
        lines = [seeds]
    if (bands["median"] < FLOOR).any():
        lines.append(f"\u25bc below $10^{{{FLOOR_EXPONENT}}}$ from here on, drawn on the floor")
    width = _figure(grid).get_figwidth()
    later, silent = bands[bands["reference_lag"] > 0], bands[bands["status"] == "no gradient"]
    if len(later):
        where = _listed(later, lambda rows: f" to lag {rows['reference_lag'].iloc[0]:.0f}")
        note = f"not read by the output in the same step, relative to the first gradient: {where}"
        lines += wrapped(note, width)
    if len(silent):
        lines += wrapped(f"no gradient at any lag: {_listed(silent)}", width)
    measured = (bands["lag"] >= bands["reference_lag"]) | (bands["status"] == "diverged")
    gaps = bands[measured & ~np.isfinite(bands["median"])]
    if len(gaps):
        where = _listed(gaps, lambda rows: f" from lag {rows['lag'].min()}")
        lines += wrapped(f"not finite, not drawn: {where}", width)
    if own_figure:
        put_caption(_figure(grid), lines)
    else:
        first = _visible(grid.ravel())[0]
        first.set_title("\n".join([*lines, first.get_title(loc="left")]), loc="left")


def _listed(rows: pd.DataFrame, ending: Callable[[pd.DataFrame], str] = lambda _: "") -> str:
    """Return curves in words, with the phases of one state together."""
    said: dict[tuple[str, str, str], list[str]] = {}
    for (cell, phase, state), own in rows.groupby(["cell", "phase", "state"], sort=False):
        said.setdefault((str(cell), str(state), ending(own)), []).append(str(phase))
    return "; ".join(
        f"{cell} {', '.join(phases)} {state}{more}" for (cell, state, more), phases in said.items()
    )
