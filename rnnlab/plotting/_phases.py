"""Layout of figures of gradients: a panel for each cell and phase, axes and captions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rnnlab.plotting._tables import count_of_seeds

PHASES = {"init": "at initialisation", "midway": "midway", "trained": "after training"}

# Styles of lines that are not cells; they differ in colour, dashes and marker.
SERIES: tuple[dict[str, Any], ...] = (
    {"color": "#000000", "linestyle": "-", "marker": "o"},
    {"color": "#0072B2", "linestyle": (0, (5, 1.6)), "marker": "s"},
    {"color": "#D55E00", "linestyle": (0, (1, 1.3)), "marker": "D"},
    {"color": "#009E73", "linestyle": (0, (6, 1.5, 1.2, 1.5)), "marker": "^"},
    {"color": "#CC79A7", "linestyle": (0, (9, 2)), "marker": "P"},
    {"color": "#56B4E9", "linestyle": (0, (3, 1.2, 1, 1.2, 1, 1.2)), "marker": "X"},
    {"color": "#E69F00", "linestyle": (0, (2.2, 1.2)), "marker": "<"},
)


def phases_of(table: pd.DataFrame) -> list[str]:
    """Return the phases of a table, from the first to the last."""
    known = [phase for phase in PHASES if (table["phase"] == phase).any()]
    return known + [phase for phase in table["phase"].unique() if phase not in PHASES]


def in_order(values: Iterable[Any]) -> list[Any]:
    """Return the different values in the order of appearance."""
    return list(dict.fromkeys(values))


def grid_of(
    rows: int, columns: int, *, width: float = 2.4, height: float = 1.9, extra: float = 1.6
) -> tuple[Figure, NDArray[Any]]:
    """Return a new figure without a GUI, and its axes (rows, columns) with shared scales.

    `extra` is the width for a legend next to the panels, in inches.
    """
    size = width * columns + extra, height * rows + 1.0
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)


def by_cell_and_phase(
    table: pd.DataFrame, **sizes: float
) -> tuple[Figure, NDArray[Any], list[tuple[Axes, pd.DataFrame]]]:
    """Return a figure with a row for each cell and a column for each phase.

    `sizes` are those of `grid_of`.

    Returns
    -------
    figure : Figure
    grid : array of Axes (cells, phases)
    panels : list of (Axes, DataFrame)
        Each panel with its title, and its rows of `table`.
    """
    cells, phases = in_order(table["cell"]), phases_of(table)
    figure, grid = grid_of(len(cells), len(phases), **sizes)
    panels = []
    for row, cell in zip(grid, cells, strict=True):
        for ax, phase in zip(row, phases, strict=True):
            ax.set_title(f"{cell}, {phase_title(phase)}")
            panels.append((ax, table[(table["cell"] == cell) & (table["phase"] == phase)]))
    return figure, grid, panels


def label_edges(grid: NDArray[Any], x: str, y: str) -> None:
    """Label shared axes: x below the lowest panels, y left of the first."""
    for ax in grid[-1]:
        ax.set_xlabel(x)
    for ax in grid[:, 0]:
        ax.set_ylabel(y)


def phase_title(phase: str) -> str:
    """Return the name of a phase in titles."""
    return PHASES.get(phase, phase)


def legend_beside(ax: Axes, panels: Iterable[Axes] | None = None, **options: Any) -> None:
    """Draw a legend to the right of a panel, for its artists or those of `panels`."""
    if "handles" not in options:
        found: dict[str, Any] = {}
        for panel in [ax] if panels is None else panels:
            handles, labels = panel.get_legend_handles_labels()
            found |= dict(zip(labels, handles, strict=True))
        options |= {"handles": list(found.values()), "labels": list(found)}
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0, **options)


def medians_of(seeds: pd.Series[int]) -> str:
    """Return the sentence about lines and bands, with the number of seeds."""
    counted = seeds[seeds > 0]
    if counted.empty:
        return "No seed gave a number."
    if counted.max() == 1:
        return "1 seed, no band."
    span = "" if counted.max() >= 10 else " (with so few seeds, all of them)"
    return f"Median of {count_of_seeds(counted)}, band: 10th to 90th percentile{span}."


def decade_labels(ax: Axes, bottom: float, top: float, *, floored: bool = False) -> None:
    """Label an axis of log10 values as powers of ten."""
    ax.set_yticks(*decades(bottom, top, floored=floored))


def decades(bottom: float, top: float, *, floored: bool = False) -> tuple[list[int], list[str]]:
    """Return about seven exponents of 10 for the ticks of an axis, and their labels.

    `floored` is whether values below `bottom` are drawn there.
    """
    span = top - bottom
    step = next((step for step in (1, 2, 4, 5, 10, 20, 50, 100) if span / step <= 6), 200)
    ticks = [n for n in range(int(np.ceil(bottom)), int(np.floor(top)) + 1) if n % step == 0]
    labels = ["1" if n == 0 else f"$10^{{{n}}}$" for n in ticks]
    if floored and ticks and ticks[0] == bottom:
        labels[0] = f"≤ {labels[0]}"
    return ticks, labels


def extent(values: Sequence[float] | NDArray[Any], floor: float) -> tuple[float, float, bool]:
    """Return whole decades around log10 values, and whether some values are below `floor`."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if known.size == 0:
        return -1.0, 0.0, False
    floored = bool(known.min() < floor)
    return max(np.floor(known.min()), floor), max(np.ceil(known.max()), 0.0), floored
