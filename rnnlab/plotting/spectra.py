"""Figures of singular values of Jacobians and of Lyapunov exponents."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rnnlab.plotting._captions import caption
from rnnlab.plotting._lines import draw_band
from rnnlab.plotting._phases import (
    SERIES,
    by_cell_and_phase,
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
from rnnlab.plotting.style import REFERENCE_COLOR, cell_styles, house_style

FLOOR = -20  # log10: smaller values are below the rounding error of the larger ones
_LOWEST_EXPONENT = -8.0  # nats per step: a direction that loses more is lost at once


def plot_jacobian_spectrum(medians: pd.DataFrame) -> Figure:
    """Draw the singular values of ds_T/ds_{T-k}, the largest first.

    There is a row for each cell and a column for each phase.

    Parameters
    ----------
    medians : DataFrame
        Table of `rnnlab.statistics.spectrum_medians`: cell, phase, lag, index, median, low,
        high (log10), seeds.

    Returns
    -------
    Figure
        A line for each lag k. Values below 1e-20 are drawn on the floor, where a triangle marks the
        first.
    """
    columns = ("cell", "phase", "lag", "index", "median", "low", "high", "seeds")
    require_rows(
        medians, "medians", columns, "the table that rnnlab.statistics.spectrum_medians returns"
    )
    lags = in_order(medians["lag"])
    with house_style():
        figure, grid, panels = by_cell_and_phase(medians)
        bottom, top, floored = extent(medians[["median", "low", "high"]].to_numpy(), FLOOR)
        for ax, panel in panels:
            for number, lag in enumerate(lags):
                line = panel[panel["lag"] == lag]
                if len(line):
                    style = SERIES[number % len(SERIES)]
                    x = line["index"].to_numpy()
                    draw_band(ax, x, line, style, f"k = {lag}", floor=FLOOR, shift=number)
            ax.set_ylim(bottom - 0.02 * (top - bottom), top + 0.03 * (top - bottom))
            ax.axhline(0, color=REFERENCE_COLOR, linewidth=0.8, zorder=1, label="_one")
        decade_labels(grid[0, 0], bottom, top, floored=floored)
        label_edges(grid, "number of the singular value", "singular value")
        legend_beside(grid[0, -1], grid.flat, title="lag in steps")
        caption(
            figure,
            r"Singular values of $\partial s_T/\partial s_{T-k}$, all states together: above 1 a "
            "direction of the gradient grows over k steps, below it fades.",
            medians_of(medians["seeds"]),
            f"▼ below $10^{{{FLOOR}}}$ from here on." if floored else "",
        )
    return figure


def plot_lyapunov_spectrum(medians: pd.DataFrame) -> Figure:
    """Draw Lyapunov exponents, the largest first: a column for each phase, a line for each cell.

    Parameters
    ----------
    medians : DataFrame
        Table of `rnnlab.statistics.lyapunov_medians`: cell, phase, index, place, median, low,
        high (nats a step), seeds.

    Returns
    -------
    Figure
        The x axis is the share of all directions, for cells of different sizes.
        Exponents below -8 are drawn there, where a triangle marks the first.
    """
    columns = ("cell", "phase", "place", "median", "low", "high", "seeds")
    require_rows(
        medians, "medians", columns, "the table that rnnlab.statistics.lyapunov_medians returns"
    )
    phases, styles = phases_of(medians), cell_styles(medians["cell"])
    with house_style():
        figure, grid = grid_of(1, len(phases), width=2.6, height=2.7)
        for ax, phase in zip(grid[0], phases, strict=True):
            panel = medians[medians["phase"] == phase]
            for number, (cell, line) in enumerate(panel.groupby("cell", sort=False)):
                x, style = line["place"].to_numpy(), styles[str(cell)]
                draw_band(ax, x, line, style, str(cell), floor=_LOWEST_EXPONENT, shift=2 * number)
            ax.axhline(0, color=REFERENCE_COLOR, linewidth=1.0, zorder=1, label="_zero")
            ax.set_title(phase_title(phase))
            ax.set_xlim(0, 1)
        lowest = float(np.nanmin(np.where(np.isfinite(medians["low"]), medians["low"], np.nan)))
        floored = lowest < _LOWEST_EXPONENT
        label_edges(grid, "directions (share of all)", "Lyapunov exponent (nats a step)")
        legend_beside(grid[0, -1], grid.flat)
        caption(
            figure,
            "Lyapunov exponents, the largest first. Above 0 a change of that direction grows in "
            "the long run, below it fades: exp(exponent) is its factor a step.",
            medians_of(medians["seeds"]),
            f"▼ below {_LOWEST_EXPONENT:g} from here on." if floored else "",
        )
    return figure
