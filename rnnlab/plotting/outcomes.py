"""Means of cells against a setting: the span of the task, or the learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation, Transform

from rnnlab.plotting._conditions import (
    draw_panels,
    metric_label,
    only_metric,
    set_metric_limits,
    set_ticks,
    setting_label,
    settings_in,
)
from rnnlab.plotting._lines import MARKER_EDGE
from rnnlab.plotting._runs import (
    caption_of_means,
    draw_intervals,
    draw_runs,
    has_intervals,
    runs_of_rows,
)
from rnnlab.plotting._tables import count_of_seeds, require_rows
from rnnlab.plotting.style import REFERENCE_COLOR

_NEEDED = ("cell", "metric", "seeds", "mean", "mean_low", "mean_high")
_RESULTS = (
    *_NEEDED,
    *("diverged", "solved", "success_rate", "success_low", "success_high"),
    *("updates_to_solve", "updates_low", "updates_high", "chance"),
)
_SOURCE = "what rnnlab.statistics.outcomes returns"
# Cells that coincide are drawn side by side, this many points apart, but no more than that in all.
_APART, _APART_IN_ALL = 3.0, 12.0


def plot_outcomes(
    table: pd.DataFrame,
    x: str | None = None,
    *,
    runs: pd.DataFrame | None = None,
    columns: int = 2,
) -> Figure:
    """Draw the mean of every cell against a setting, with intervals from 10 seeds on.

    Parameters
    ----------
    table : DataFrame
        What `rnnlab.statistics.outcomes` returns; a column `chance` is drawn as a line.
    x : str, optional
        A setting of numbers: the first one that is not the learning rate unless given. The others
        have a panel for each of their values.
    runs : DataFrame, optional
        What `rnnlab.statistics.runs_of` returns for the same cells and settings: every run is a
        small point.
    columns : int
        Panels side by side, at most.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If a column is missing, there is no row, or no setting is a number.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {
    ...         "cell": "gru",
    ...         "delay": [10, 20],
    ...         "metric": "recall_accuracy",
    ...         "seeds": 10,
    ...         "mean": [1.0, 0.9],
    ...         "mean_low": [0.7, 0.6],
    ...         "mean_high": [1.0, 0.99],
    ...     }
    ... )
    >>> plot_outcomes(table).axes[0].get_xlabel()
    'delay (time steps)'
    """
    require_rows(table, "table", _NEEDED, _SOURCE)
    settings = settings_in(table, _RESULTS)
    x = _numeric(table, settings, x)
    others = [name for name in settings if name != x]
    metric = only_metric(table)
    ticks = np.unique(table[x].dropna().to_numpy(np.float64))

    def draw(ax: Axes, rows: pd.DataFrame, styles: Mapping[str, Mapping[str, Any]]) -> None:
        apart = min(_APART, _APART_IN_ALL / max(len(styles) - 1, 1))
        for place, (cell, style) in enumerate(styles.items()):
            own = rows[rows["cell"] == cell].sort_values(x)
            if not own.empty:
                shift = apart * (place - (len(styles) - 1) / 2)
                beside = ax.transData + ScaledTranslation(shift / 72, 0, ax.figure.dpi_scale_trans)
                _draw_cell(ax, cell, own, x, style, beside)
                if runs is not None:
                    draw_runs(
                        ax, runs_of_rows(runs, own.drop(columns=x)), x, style["color"], cell, beside
                    )
        if "chance" in rows:
            for level in rows["chance"].dropna().unique():
                ax.axhline(level, color=REFERENCE_COLOR, lw=1, ls=(0, (3, 3)), zorder=1, label="_")
        shown = [name for name in ("mean", "mean_low", "mean_high", "chance") if name in table]
        values = [table[shown].to_numpy(np.float64).ravel()]
        if runs is not None:
            values.append(runs["value"].to_numpy(np.float64))
        set_metric_limits(ax, metric, np.concatenate(values))
        set_ticks(ax, ticks)

    seeds = count_of_seeds(table["seeds"])
    intervals = has_intervals(table, "mean_low")
    caption = caption_of_means(seeds, runs=runs is not None, intervals=intervals)
    if "chance" in table and table["chance"].notna().any():
        caption += "\ndashed grey: without memory"
    return draw_panels(
        table,
        others,
        draw,
        columns=columns,
        labels=(setting_label(x), metric_label(metric)),
        caption=caption,
    )


def plot_learning_rates(table: pd.DataFrame, *, columns: int = 2) -> Figure:
    """Draw `plot_outcomes` against the learning rate.

    Raises
    ------
    ValueError
        As `plot_outcomes`; if the study did not sweep `lr`.
    """
    require_rows(table, "table", (*_NEEDED, "lr"), f"{_SOURCE} for a study that sweeps lr")
    return plot_outcomes(table, "lr", columns=columns)


def _numeric(table: pd.DataFrame, settings: list[str], x: str | None) -> str:
    numbers = [name for name in settings if pd.api.types.is_numeric_dtype(table[name])]
    if x is None and numbers:
        return next((name for name in numbers if name != "lr"), numbers[0])
    if x not in numbers:
        raise ValueError(
            f"x must be a setting of numbers, one of {', '.join(numbers) or 'none'}, got {x!r}: "
            "vary one, or read the table"
        )
    return x


def _draw_cell(
    ax: Axes,
    cell: str,
    rows: pd.DataFrame,
    x: str,
    style: Mapping[str, Any],
    transform: Transform,
) -> None:
    draw_intervals(ax, rows, (x, "mean_low", "mean_high"), style["color"], cell, transform)
    ax.plot(
        rows[x],
        rows["mean"].where(np.isfinite(rows["mean"])),
        label=cell,
        transform=transform,
        zorder=3,
        **MARKER_EDGE,
        **style,
    )
