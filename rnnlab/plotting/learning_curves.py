"""Figure of learning curves: the headline metric against updates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnlab.plotting._conditions import (
    draw_panels,
    metric_label,
    only_metric,
    set_metric_limits,
    settings_in,
)
from rnnlab.plotting._lines import MARKERS, draw_band
from rnnlab.plotting._tables import count_of_seeds, require_rows

_NEEDED = ("cell", "update", "metric", "median", "low", "high", "seeds")


def plot_learning_curves(table: pd.DataFrame, *, columns: int = 2) -> Figure:
    """Draw the median of every cell against updates, and the band of its seeds.

    Parameters
    ----------
    table : DataFrame
        Table of `rnnlab.statistics.learning_curves`. Every combination of the settings that
        vary has a panel. A value that is infinite, of runs that diverged, is not drawn.
    columns : int
        Largest number of panels side by side.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {
    ...         "cell": "gru",
    ...         "delay": 10,
    ...         "update": [100, 200],
    ...         "metric": "recall_accuracy",
    ...         "median": [0.5, 1.0],
    ...         "low": [0.25, 0.5],
    ...         "high": [0.75, 1.0],
    ...         "seeds": 3,
    ...     }
    ... )
    >>> plot_learning_curves(table).axes[0].get_title(loc="left")
    'delay 10'
    """
    require_rows(
        table, "table", _NEEDED, "the table that rnnlab.statistics.learning_curves returns"
    )
    metric = only_metric(table)

    def draw(ax: Axes, rows: pd.DataFrame, styles: Mapping[str, Mapping[str, Any]]) -> None:
        for cell, style in styles.items():
            own = rows[rows["cell"] == cell].sort_values("update")
            if own.empty:
                continue
            # markers of different cells at different updates
            shift = list(styles).index(cell) * max(len(own) // MARKERS, 1) // len(styles)
            draw_band(
                ax, own["update"].to_numpy(), own, style, cell, shift=shift, cells=len(styles)
            )
        set_metric_limits(ax, metric, table[["median", "low", "high"]].to_numpy(np.float64).ravel())
        ax.margins(x=0.02)

    seeds = count_of_seeds(table["seeds"])
    many = bool(table["seeds"].max() >= 10)
    band = "10th to 90th percentile of the seeds" if many else "all seeds"
    caption = f"median of {seeds}, band: {band}" if table["seeds"].max() > 1 else seeds
    return draw_panels(
        table,
        settings_in(table, _NEEDED),
        draw,
        columns=columns,
        labels=("updates", metric_label(metric)),
        caption=caption,
    )
