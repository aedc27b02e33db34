"""Results of a study of any tasks: a panel for each task, a line or a point for each cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from rnnlab.plotting._conditions import (
    draw_panels,
    metric_label,
    set_metric_limits,
    set_ticks,
    setting_label,
)
from rnnlab.plotting._lines import MARKER_EDGE
from rnnlab.plotting._runs import caption_of_means, draw_intervals, has_intervals
from rnnlab.plotting._tables import count_of_seeds, require_rows
from rnnlab.plotting.names import setting_words
from rnnlab.plotting.style import REFERENCE_COLOR

_NEEDED = ("cell", "task", "seeds", "ci_low", "ci_high", "chance")
# Settings of training: of a study that sweeps them, each cell is shown at its best ones.
_TUNED = ("optimizer", "lr", "clip", "clip_value", "batch")
# Cells that coincide are drawn side by side, this many points apart, but no more than that in all.
_APART, _APART_IN_ALL = 3.0, 12.0


def plot_task_study(summary: pd.DataFrame, *, columns: int = 2) -> Figure:
    """Draw the headline metric of every task: against a setting that varies, or cell by cell.

    Parameters
    ----------
    summary : DataFrame
        The columns of summary.csv of a task study. The first setting of numbers that varies within
        a task is its x axis; every combination of the others has a panel. Of a study that tunes a
        setting, the rows marked `best` are drawn.
    columns : int
        Panels side by side, at most.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If a column is missing or there is no row.

    Examples
    --------
    >>> summary = pd.DataFrame(
    ...     {
    ...         "cell": ["rnn", "gru"],
    ...         "task": "adding",
    ...         "length": 50,
    ...         "seeds": 3,
    ...         "mse": [0.16, 0.01],
    ...         "ci_low": [0.15, 0.01],
    ...         "ci_high": [0.17, 0.02],
    ...         "chance": 0.167,
    ...     }
    ... )
    >>> plot_task_study(summary).axes[0].get_ylabel()
    'mean squared error'
    """
    require_rows(summary, "summary", _NEEDED, "the table of summary.csv")
    names = list(map(str, summary.columns))
    value = names[names.index("ci_low") - 1]
    metric = summary["metric"] if value == "value" else value
    table = summary.assign(metric=metric, value=summary[value])
    settings = names[names.index("task") + 1 : names.index("seeds")]
    if "best" in table:
        table = table[table["best"].astype(bool)]
        settings = [name for name in settings if name not in _TUNED]
    panels = pd.concat(list(_panels(table, settings)), ignore_index=True)
    seeds = count_of_seeds(summary["seeds"])
    caption = caption_of_means(seeds, runs=False, intervals=has_intervals(panels, "ci_low"))
    if panels["chance"].notna().any():
        caption += "; dashed grey: without memory"
    if "best" in summary:
        caption += "; each cell with its best settings of training"
    return draw_panels(panels, ["task"], _draw_panel, columns=columns, labels=None, caption=caption)


def _panels(table: pd.DataFrame, settings: list[str]) -> Iterator[pd.DataFrame]:
    """Yield the rows of each panel with its title as `task`, its x axis as `setting` and `x`."""
    for task, rows in table.groupby("task", sort=False):
        varied = [name for name in settings if rows[name].nunique() > 1]
        numbers = [name for name in varied if pd.api.types.is_numeric_dtype(rows[name])]
        x = numbers[0] if numbers else None
        others = [name for name in varied if name != x]
        groups = rows.groupby(others, sort=False, dropna=False) if others else [((), rows)]
        for values, own in groups:
            pairs = zip(others, values, strict=True)
            title = ", ".join([str(task), *(setting_words(*pair) for pair in pairs)])
            yield own.assign(
                task=title, setting=x or "", x=own[x].astype(float) if x is not None else np.nan
            )


def _draw_panel(ax: Axes, rows: pd.DataFrame, styles: Mapping[str, Mapping[str, Any]]) -> None:
    setting, metric = str(rows["setting"].iloc[0]), str(rows["metric"].iloc[0])
    apart = min(_APART, _APART_IN_ALL / max(len(styles) - 1, 1)) if setting else 0.0
    for place, (cell, style) in enumerate(styles.items()):
        own = rows[rows["cell"] == cell].sort_values("x")
        if len(own):
            x = own["x"].to_numpy() if setting else np.full(len(own), float(place))
            _draw_cell(ax, cell, own, x, style, apart * (place - (len(styles) - 1) / 2))
    for level in rows["chance"].dropna().unique():
        ax.axhline(level, color=REFERENCE_COLOR, lw=1, ls=(0, (3, 3)), zorder=1, label="_")
    shown = rows[["value", "ci_low", "ci_high", "chance"]].to_numpy(np.float64)
    set_metric_limits(ax, metric, shown.ravel())
    ax.set_ylabel(metric_label(metric))
    if setting:
        ax.set_xlabel(setting_label(setting))
        set_ticks(ax, np.unique(rows["x"].dropna()))
    else:  # a point a cell, which the legend names
        ax.set_xticks([])
        ax.set_xlim(-0.8, len(styles) - 0.2)


def _draw_cell(
    ax: Axes,
    cell: str,
    rows: pd.DataFrame,
    x: np.ndarray[Any, Any],
    style: Mapping[str, Any],
    shift: float,
) -> None:
    beside = ax.transData + ScaledTranslation(shift / 72, 0, ax.figure.dpi_scale_trans)
    placed = rows.assign(x=x)
    draw_intervals(ax, placed, ("x", "ci_low", "ci_high"), style["color"], cell, beside)
    value = rows["value"].where(np.isfinite(rows["value"]))
    ax.plot(x, value, label=cell, transform=beside, zorder=3, **MARKER_EDGE, **style)
