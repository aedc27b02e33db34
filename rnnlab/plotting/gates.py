"""Figures of gates: over time and units, distribution, saturation and memory times."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnlab.plotting._captions import caption
from rnnlab.plotting._lines import MARKER_EDGE
from rnnlab.plotting._phases import (
    SERIES,
    by_cell_and_phase,
    grid_of,
    in_order,
    label_edges,
    legend_beside,
    phase_title,
    phases_of,
)
from rnnlab.plotting._tables import count_of_seeds, require_rows
from rnnlab.plotting.style import REFERENCE_COLOR, cell_styles, house_style

# Uniform in lightness, for prints in black and white.
_MAP = "cividis"


def plot_gate_map(table: pd.DataFrame) -> Figure:
    """Draw the gate that holds the memory over time and units, with the input below.

    Parameters
    ----------
    table : DataFrame
        gate-map.csv: cell, seed, phase, gate, unit, step, value; the input is the gate "x".

    Returns
    -------
    Figure
        Two rows for each cell, a column for each phase; a cell without a gate shows its output.
    """
    columns = ("cell", "phase", "gate", "unit", "step", "value")
    require_rows(table, "table", columns, "the table of gate-map.csv")
    cells, phases = in_order(table["cell"]), phases_of(table)
    with house_style():
        size = 2.4 * len(phases) + 1.4, 2.3 * len(cells) + 0.9
        figure = Figure(figsize=size, layout="constrained")
        ratios = [4, 1.2] * len(cells)
        grid = figure.subplots(
            2 * len(cells), len(phases), sharex=True, squeeze=False, height_ratios=ratios
        )
        for number, cell in enumerate(cells):
            upper, lower = grid[2 * number], grid[2 * number + 1]
            limits = _limits(table[(table["cell"] == cell) & (table["gate"] != "x")]["value"])
            for above, below, phase in zip(upper, lower, phases, strict=True):
                panel = table[(table["cell"] == cell) & (table["phase"] == phase)]
                shown = panel[panel["gate"] != "x"]
                if shown.empty:
                    above.set_visible(False)
                    below.set_visible(False)
                    continue
                name = str(shown["gate"].iloc[0])
                image = _image(above, shown, limits)
                _image(below, panel[panel["gate"] == "x"], None)
                above.set_title(f"{cell} {name}, {phase_title(phase)}")
            upper[0].set_ylabel("unit")
            lower[0].set_ylabel("input")
            figure.colorbar(image, ax=list(upper), label="value", fraction=0.05, pad=0.02)
        for ax in grid[-1]:
            ax.set_xlabel("time step")
        caption(
            figure,
            "One sequence, seed 0: the gate that holds the memory for every unit, and below it the "
            "input channels, light where one is 1. A cell without such a gate shows its output.",
        )
    return figure


def _limits(values: pd.Series) -> tuple[float, float]:
    """Return the ends of the colour scale of a cell: 0 and 1 for a gate, symmetric for a state."""
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    furthest = max(-low, high, 1.0)
    return -furthest, furthest


def _image(ax: Axes, rows: pd.DataFrame, limits: tuple[float, float] | None) -> Any:
    wide = rows.pivot(index="unit", columns="step", values="value")
    low, high = limits or (None, None)
    last, units = float(np.max(wide.columns)), len(wide)
    image = ax.imshow(
        wide.to_numpy(),
        aspect="auto",
        cmap=_MAP,
        vmin=low,
        vmax=high,
        interpolation="nearest",
        extent=(0.5, last + 0.5, units - 0.5, -0.5),
    )
    ax.grid(visible=False)
    return image


def plot_gate_distribution(means: pd.DataFrame) -> Figure:
    """Draw the distribution of the values of each gate.

    There is a row for each cell and a column for each phase.

    Parameters
    ----------
    means : DataFrame
        Table of `rnnlab.statistics.histogram_means`: cell, phase, gate, left, right, share,
        seeds.
    """
    columns = ("cell", "phase", "gate", "left", "right", "share", "seeds")
    require_rows(
        means, "means", columns, "the table that rnnlab.statistics.histogram_means returns"
    )
    gates = in_order(means["gate"])
    with house_style():
        figure, grid, panels = by_cell_and_phase(means, height=1.7, extra=1.3)
        for ax, panel in panels:
            for gate, bars in panel.groupby("gate", sort=False):
                number = gates.index(gate)
                style = SERIES[number % len(SERIES)]
                middle = (bars["left"] + bars["right"]) / 2
                ax.plot(
                    middle, bars["share"], label=str(gate), markevery=(number % 4, 4),
                    **style, **MARKER_EDGE,
                )  # fmt: skip
            ax.set_xlim(0, 1)
            ax.set_ylim(0, 1.05 * float(means["share"].max()))
        for row in grid:
            legend_beside(row[-1], row, title="gate")
        label_edges(grid, "value of the gate", "share of values")
        width = float((means["right"] - means["left"]).iloc[0])
        caption(
            figure,
            f"Values of each gate over units, steps and sequences, in bins of {width:.2g}: the "
            f"mean over {count_of_seeds(means['seeds'])}.",
        )
    return figure


def plot_gate_saturation(gates: pd.DataFrame) -> Figure:
    """Draw how often the gates of each unit are shut and open.

    There is a row for each cell and a column for each phase.

    Parameters
    ----------
    gates : DataFrame
        gates.csv: cell, seed, phase, gate, unit, shut, open.

    Returns
    -------
    Figure
        A point for each unit, as in figure 3 of Karpathy, Johnson & Fei-Fei (2015).
    """
    columns = ("cell", "seed", "phase", "gate", "unit", "shut", "open")
    require_rows(gates, "gates", columns, "the table of gates.csv")
    names = in_order(gates["gate"])
    with house_style():
        figure, grid, panels = by_cell_and_phase(gates, width=2.1, height=2.0, extra=1.3)
        for ax, panel in panels:
            ax.plot([0, 1], [1, 0], color=REFERENCE_COLOR, linewidth=0.8, label="_all of time")
            for gate, units in panel.groupby("gate", sort=False):
                style = SERIES[names.index(gate) % len(SERIES)]
                ax.plot(
                    units["open"], units["shut"], linestyle="none", marker=style["marker"],
                    markersize=4, markerfacecolor="none", color=style["color"], alpha=0.7,
                    label=str(gate), clip_on=False,
                )  # fmt: skip
            ax.set_xlim(0, 1)
            ax.set_ylim(0, 1)
        for row in grid:
            legend_beside(row[-1], row, title="gate")
        label_edges(grid, "share of time above .9", "share of time below .1")
        seeds = gates.groupby("cell")["seed"].nunique()
        caption(
            figure,
            f"A point a unit, of {count_of_seeds(seeds)}: how much of the time its gate is open "
            "and how much it is shut. On the line it never is in between; in the corner at the "
            "left it never saturates.",
        )
    return figure


def plot_memory_times(shares: pd.DataFrame) -> Figure:
    """Draw effective memory times: a column for each phase, a line for each cell.

    Parameters
    ----------
    shares : DataFrame
        Table of `rnnlab.statistics.memory_time_shares`: cell, phase, gate, left, right, share,
        seeds.

    Returns
    -------
    Figure
        Times beyond the last edge are in the last bin.
    """
    columns = ("cell", "phase", "gate", "left", "right", "share", "seeds")
    require_rows(
        shares, "shares", columns, "the table that rnnlab.statistics.memory_time_shares returns"
    )
    phases, styles = phases_of(shares), cell_styles(shares["cell"])
    several = shares.groupby("cell")["gate"].nunique() > 1
    held = shares[(shares["share"] > 0) & np.isfinite(shares["right"])]["right"]
    last = 2 * float(held.max()) if len(held) else 10.0
    with house_style():
        figure, grid = grid_of(1, len(phases), width=2.6, height=2.4)
        for ax, phase in zip(grid[0], phases, strict=True):
            panel = shares[shares["phase"] == phase]
            for number, ((cell, gate), bars) in enumerate(
                panel.groupby(["cell", "gate"], sort=False)
            ):
                left = bars["left"].to_numpy(np.float64)
                share = np.cumsum(bars["share"].to_numpy(np.float64))
                ax.plot(
                    left[1:], 1 - share[:-1], drawstyle="steps-mid",
                    label=f"{cell} {gate}" if several[str(cell)] else str(cell),
                    markevery=(number, 6), **styles[str(cell)], **MARKER_EDGE,
                )  # fmt: skip
            ax.set_xscale("log")
            ax.set_xlim(1, last)
            ax.set_ylim(0, 1)
            ax.set_title(phase_title(phase))
        label_edges(grid, "memory time (steps)", "share of units that hold longer")
        legend_beside(grid[0, -1], grid.flat)
        caption(
            figure,
            "Effective memory time of a unit, 1 / (1 - mean of the gate that keeps): the share of "
            f"the units of {count_of_seeds(shares['seeds'])} whose memory is longer.",
        )
    return figure
