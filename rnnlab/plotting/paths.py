"""Figures of the paths of gradients: norms along single paths, and their shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rnnlab.plotting._captions import caption
from rnnlab.plotting._lines import draw_band
from rnnlab.plotting._phases import (
    SERIES,
    decade_labels,
    extent,
    grid_of,
    in_order,
    label_edges,
    legend_beside,
    medians_of,
    phase_title,
    phases_of,
)
from rnnlab.plotting._tables import require_rows
from rnnlab.plotting.style import REFERENCE_COLOR, house_style

FLOOR = -20
_PATHS = {
    "exact": "exact: all paths",
    "cut": "h cut",
    "direct": "direct: no matrix",
    "keep": "product of the keep gate",
}
_SHARES = {
    "direct": "direct: no matrix",
    "around_h": "around, a matrix on h",
    "around_other": "around, other matrices",
}
_SHARE_LIMITS = (-0.5, 1.5)
_COLUMNS = ("cell", "phase", "state", "lag", "path", "median", "low", "high", "seeds")


def plot_gradient_paths(medians: pd.DataFrame) -> Figure:
    """Draw the exact ds_T/ds_{T-k}, and that of single paths, against the lag.

    Parameters
    ----------
    medians : DataFrame
        Table of `rnnlab.statistics.path_medians`: cell, phase, state, lag, path, median, low,
        high (log10), seeds.

    Returns
    -------
    Figure
        A row for each cell and state, a column for each phase. Norms below 1e-20 are drawn on the
        floor.
    """
    require_rows(
        medians, "medians", _COLUMNS, "the table that rnnlab.statistics.path_medians returns"
    )
    bottom, top, floored = extent(medians[["median", "low", "high"]].to_numpy(), FLOOR)
    with house_style():
        figure = _draw(medians, _PATHS, FLOOR)
        grid = figure.axes
        for ax in grid:
            ax.set_ylim(bottom - 0.03 * (top - bottom), top + 0.03 * (top - bottom))
        decade_labels(grid[0], bottom, top, floored=floored)
        caption(
            figure,
            r"Root mean square of the singular values of $\partial s_T/\partial s_{T-k}$ for the "
            "state that the panel names: the part of a gradient of random direction that is left "
            "after k steps.",
            medians_of(medians["seeds"]),
            f"▼ below $10^{{{FLOOR}}}$ from here on." if floored else "",
        )
    return figure


def plot_path_shares(medians: pd.DataFrame) -> Figure:
    """Draw the share of a loss's gradient that each path carries, against the lag.

    Parameters
    ----------
    medians : DataFrame
        Table of `rnnlab.statistics.share_medians`: cell, phase, state, lag, path, median, low,
        high, seeds.

    Returns
    -------
    Figure
        A row for each cell and state, a column for each phase; the axis ends at -0.5 and 1.5.
    """
    require_rows(
        medians, "medians", _COLUMNS, "the table that rnnlab.statistics.share_medians returns"
    )
    other = medians[medians["path"] == "around_other"]["median"].abs().max()
    drawn = {name: label for name, label in _SHARES.items() if name != "around_other" or other > 0}
    with house_style():
        figure = _draw(medians, drawn, None)
        for ax in figure.axes:
            ax.set_ylim(*_SHARE_LIMITS)
            for level in (0, 1):
                ax.axhline(level, color=REFERENCE_COLOR, linewidth=0.8, zorder=1, label="_level")
        for ax in figure.axes:
            if ax.get_ylabel():
                ax.set_ylabel("share of the gradient")
        caption(
            figure,
            r"Share of $\partial L/\partial s_{T-k}$ that arrives along a path: its projection on "
            "the whole gradient. Shares of one sequence add up to 1; one above 1 is cancelled by "
            "another below 0.",
            medians_of(medians["seeds"]),
        )
    return figure


def _draw(medians: pd.DataFrame, paths: dict[str, str], floor: float | None) -> Figure:
    """Draw a panel for each cell and state (rows) and phase (columns)."""
    phases = phases_of(medians)
    rows = in_order(zip(medians["cell"], medians["state"], strict=True))
    figure, grid = grid_of(len(rows), len(phases), height=1.8, extra=2.3)
    for row, (cell, state) in zip(grid, rows, strict=True):
        for ax, phase in zip(row, phases, strict=True):
            chosen = (medians["cell"] == cell) & (medians["state"] == state)
            panel = medians[chosen & (medians["phase"] == phase)].sort_values("lag", kind="stable")
            for number, (path, label) in enumerate(paths.items()):
                line = panel[panel["path"] == path]
                if len(line) and not np.isneginf(line["median"].to_numpy()[1:]).all():
                    x = line["lag"].to_numpy()
                    shift = 3 * number  # lines that coincide differ in the places of their markers
                    draw_band(ax, x, line, SERIES[number], label, floor=floor, shift=shift)
            ax.set_title(f"{cell} {state}, {phase_title(phase)}")
    label_edges(grid, "lag k (time steps before T)", "norm")
    handles: dict[str, Any] = {}
    for ax in figure.axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    ordered = [label for label in paths.values() if label in handles]
    legend_beside(grid[0, -1], handles=[handles[label] for label in ordered])
    return figure
