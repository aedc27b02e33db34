"""Lines of figures: a median with its band, markers with a white edge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

MARKERS = 5  # approximate number on a line
MARKER_EDGE: dict[str, Any] = {"markeredgecolor": "white", "markeredgewidth": 0.5}


def draw_band(
    ax: Axes,
    x: NDArray[Any],
    rows: pd.DataFrame,
    style: Mapping[str, Any],
    label: str,
    *,
    floor: float | None = None,
    shift: int = 0,
    cells: int = 1,
) -> None:
    """Draw a median as a line with a few markers, and its band.

    Where a median falls below `floor` a triangle marks it, and the line continues on the floor,
    without markers. Values that are not finite leave a gap.
    """
    median, low, high = (rows[name].to_numpy(np.float64) for name in ("median", "low", "high"))
    every = max(len(x) // MARKERS, 1)
    marked = list(range(shift % every, len(x), every))
    if floor is not None:
        falls = (median < floor) & ~np.concatenate([[False], (median < floor)[:-1]])
        if falls.any():
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
        marked = [place for place in marked if not median[place] < floor]
        median, low, high = (np.maximum(values, floor) for values in (median, low, high))
    ax.plot(
        x,
        np.where(np.isfinite(median), median, np.nan),
        label=label,
        markevery=marked,
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
            alpha=0.16 * min(1.0, 6 / cells),  # many bands would hide the lines
            linewidth=0,
            label=f"_{label} band",
        )
