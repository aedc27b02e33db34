"""What the figures with several panels share: their grid, titles, axes and captions."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rnnlab.plotting._tables import count_of_seeds

PHASES = {"init": "at initialisation", "midway": "midway", "trained": "after training"}
_CHARACTERS_PER_INCH = 14  # of the caption, at 9 points

# Lines that are no cells differ in colour, dashes and marker alike.
SERIES: tuple[dict[str, Any], ...] = (
    {"color": "#000000", "linestyle": "-", "marker": "o"},
    {"color": "#0072B2", "linestyle": (0, (5, 1.6)), "marker": "s"},
    {"color": "#D55E00", "linestyle": (0, (1, 1.3)), "marker": "D"},
    {"color": "#009E73", "linestyle": (0, (6, 1.5, 1.2, 1.5)), "marker": "^"},
    {"color": "#CC79A7", "linestyle": (0, (9, 2)), "marker": "P"},
    {"color": "#56B4E9", "linestyle": (0, (3, 1.2, 1, 1.2, 1, 1.2)), "marker": "X"},
    {"color": "#E69F00", "linestyle": (0, (2.2, 1.2)), "marker": "<"},
)
MARKER_EDGE: dict[str, Any] = {"markeredgecolor": "white", "markeredgewidth": 0.5}


def phases_of(table: pd.DataFrame) -> list[str]:
    """List the phases that occur, from the first to the last."""
    known = [phase for phase in PHASES if (table["phase"] == phase).any()]
    return known + [phase for phase in table["phase"].unique() if phase not in PHASES]


def in_order(values: Iterable[Any]) -> list[Any]:
    """List what occurs, in the order of appearance."""
    return list(dict.fromkeys(values))


def grid_of(
    rows: int, columns: int, *, width: float = 2.4, height: float = 1.9, extra: float = 1.6
) -> tuple[Figure, NDArray[Any]]:
    """Return a new figure that no GUI knows, and its axes (rows, columns) with shared scales.

    `extra` are inches beside the panels, for a legend.
    """
    size = width * columns + extra, height * rows + 1.0
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)


def label_edges(grid: NDArray[Any], x: str, y: str) -> None:
    """Name the axes where they are shared: x below the lowest panels, y left of the first."""
    for ax in grid[-1]:
        ax.set_xlabel(x)
    for ax in grid[:, 0]:
        ax.set_ylabel(y)


def phase_title(phase: str) -> str:
    """Say a phase in words."""
    return PHASES.get(phase, phase)


def legend_beside(ax: Axes, **options: Any) -> None:
    """Put the legend to the right of a panel."""
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0, **options)


def caption(figure: Figure, *sentences: str) -> None:
    """Put words above the panels, wrapped to the figure's width."""
    width = int(_CHARACTERS_PER_INCH * figure.get_figwidth())
    text = " ".join(sentence for sentence in sentences if sentence)
    figure.suptitle(
        "\n".join(textwrap.wrap(text, width, break_on_hyphens=False)), x=0.01, ha="left"
    )


def medians_of(seeds: pd.Series[int]) -> str:
    """Say in a sentence what lines and bands are, and of how many seeds."""
    counted = seeds[seeds > 0]
    if counted.empty:
        return "No seed gave a number."
    if counted.max() == 1:
        return "1 seed, no band."
    span = "" if counted.max() >= 10 else " (with so few seeds, all of them)"
    return f"Median of {count_of_seeds(counted)}, band: 10th to 90th percentile{span}."


def draw_band(
    ax: Axes,
    x: NDArray[Any],
    rows: pd.DataFrame,
    style: dict[str, Any],
    label: str,
    *,
    floor: float | None = None,
    markers: int = 5,
    shift: int = 0,
) -> None:
    """Draw a median as a line with a few markers, and its band.

    Where a median falls below `floor` a triangle marks it, and the line goes on along the floor.
    What is not a number leaves a gap.
    """
    median, low, high = (rows[name].to_numpy(np.float64) for name in ("median", "low", "high"))
    if floor is not None:
        falls = (median < floor) & ~np.concatenate([[False], (median < floor)[:-1]])
        ax.plot(
            x[falls],
            np.full(int(falls.sum()), floor),
            linestyle="none",
            marker="v",
            markersize=6,
            color=style["color"],
            label=f"_{label} below the floor",
            zorder=4,
            **MARKER_EDGE,
        )
        median, low, high = (np.maximum(values, floor) for values in (median, low, high))
    every = max(len(x) // markers, 1)
    ax.plot(
        x,
        np.where(np.isfinite(median), median, np.nan),
        label=label,
        markevery=(shift % every, every),
        zorder=3,
        **MARKER_EDGE,
        **style,
    )
    if rows["seeds"].max() > 1:
        ax.fill_between(
            x,
            np.where(np.isfinite(low), low, np.nan),
            np.where(np.isfinite(high), high, np.nan),
            color=style["color"],
            alpha=0.16,
            linewidth=0,
            label=f"_{label} band",
        )


def decade_labels(ax: Axes, bottom: float, top: float, *, floored: bool = False) -> None:
    """Label an axis of log10 values as powers of ten."""
    span = top - bottom
    step = next((step for step in (1, 2, 4, 5, 10, 20, 50, 100) if span / step <= 6), 200)
    ticks = [n for n in range(int(np.ceil(bottom)), int(np.floor(top)) + 1) if n % step == 0]
    labels = ["1" if n == 0 else f"$10^{{{n}}}$" for n in ticks]
    if floored and ticks and ticks[0] == bottom:
        labels[0] = f"≤ {labels[0]}"
    ax.set_yticks(ticks, labels)


def extent(values: Sequence[float] | NDArray[Any], floor: float) -> tuple[float, float, bool]:
    """Return whole decades around log10 values, not below `floor`, and whether it was needed."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if known.size == 0:
        return -1.0, 0.0, False
    floored = bool(known.min() < floor)
    return max(np.floor(known.min()), floor), max(np.ceil(known.max()), 0.0), floored
