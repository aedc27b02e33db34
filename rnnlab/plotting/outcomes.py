"""Means of cells against a setting, such as the span of the task or the learning rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation, Transform

from rnnlab.plotting._conditions import (
    draw_panels,
    metric_label,
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
    merged,
    runs_of_rows,
)
from rnnlab.plotting._tables import count_of_seeds, require_rows
from rnnlab.plotting.names import setting_words
from rnnlab.plotting.style import REFERENCE_COLOR

_NEEDED = ("cell", "metric", "seeds", "mean", "mean_low", "mean_high")
_RESULTS = (
    *_NEEDED,
    *("diverged", "solved", "success_rate", "success_low", "success_high"),
    *("updates_to_solve", "updates_low", "updates_high", "chance"),
)
_SOURCE = "the table that rnnlab.statistics.outcomes returns"
# Settings of training: in a study that sweeps them, each cell is shown with its best ones.
_TUNED = ("optimizer", "lr", "clip", "clip_value", "batch")
# Cells that coincide are drawn side by side: the offset between two, and the largest one in all, in
# points.
_APART, _APART_IN_ALL = 3.6, 14.0


def plot_outcomes(
    table: pd.DataFrame,
    x: str | None = None,
    *,
    runs: pd.DataFrame | None = None,
    columns: int = 2,
) -> Figure:
    """Draw the mean of every cell against a setting, with intervals from 10 seeds on.

    Each task, and each combination of the settings that are not on the x axis, has a panel. Where
    no setting of numbers varies, a panel has a point for each cell.

    Parameters
    ----------
    table : DataFrame
        Table of `rnnlab.statistics.outcomes`; a column `chance` is drawn as a line, and a column
        `task` makes a panel for each task.
    x : str, optional
        The setting on the x axis; by default the first one of numbers that varies within a task,
        the learning rate last.
    runs : DataFrame, optional
        Table of `rnnlab.statistics.runs_of` for the same cells and settings: every run is drawn as
        a small point.
    columns : int
        Largest number of panels side by side.

    Raises
    ------
    ValueError
        If a column is missing, there is no row, or `x` is not a setting of numbers.

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
    settings = [name for name in settings_in(table, _RESULTS) if name != "task"]
    numbers = [name for name in settings if pd.api.types.is_numeric_dtype(table[name])]
    if x is not None and x not in numbers:
        raise ValueError(
            f"x must be a setting of numbers, one of {', '.join(numbers) or 'none'}, got {x!r}: "
            "vary one, or read the table"
        )
    return _plot(table, settings, x, runs, columns)


def plot_summary(
    summary: pd.DataFrame, *, runs: pd.DataFrame | None = None, columns: int = 2
) -> Figure:
    """Draw `plot_outcomes` from the table of summary.csv.

    Of a study that tunes a setting of training, the rows marked `best` are drawn.

    Parameters
    ----------
    summary : DataFrame
        The columns of summary.csv of a study of tasks.
    runs, columns
        As for `plot_outcomes`.

    Examples
    --------
    >>> summary = pd.DataFrame(
    ...     {
    ...         "cell": ["rnn", "gru"],
    ...         "task": "adding",
    ...         "length": 50,
    ...         "seeds": 3,
    ...         "mse": [0.16, 0.01],
    ...         "ci_low": float("nan"),
    ...         "ci_high": float("nan"),
    ...         "chance": 0.167,
    ...     }
    ... )
    >>> plot_summary(summary).axes[0].get_ylabel()
    'mean squared error'
    """
    needed = ("cell", "seeds", "ci_low", "ci_high", "chance")
    require_rows(summary, "summary", needed, "the table of summary.csv")
    names = list(map(str, summary.columns))
    value = names[names.index("ci_low") - 1]
    settings = [name for name in names[: names.index("seeds")] if name not in ("cell", "task")]
    table = summary.assign(
        metric=summary["metric"] if value == "value" else value,
        mean=summary[value],
        mean_low=summary["ci_low"],
        mean_high=summary["ci_high"],
    )
    note = ""
    if "best" in table:
        table = table[table["best"].astype(bool)]
        runs = None if runs is None else runs_of_rows(runs, table[["cell", *settings]])
        settings = [name for name in settings if name not in _TUNED]
        note = "each cell with its best settings of training"
    return _plot(table, settings, None, runs, columns, note)


def plot_learning_rates(table: pd.DataFrame, *, columns: int = 2) -> Figure:
    """Draw `plot_outcomes` against the learning rate.

    Raises
    ------
    ValueError
        As `plot_outcomes`; if the study did not sweep `lr`.
    """
    require_rows(table, "table", (*_NEEDED, "lr"), f"{_SOURCE} for a study that sweeps lr")
    return plot_outcomes(table, "lr", columns=columns)


def _plot(
    table: pd.DataFrame,
    settings: Sequence[str],
    x: str | None,
    runs: pd.DataFrame | None,
    columns: int,
    note: str = "",
) -> Figure:
    panels = pd.concat(list(_panels(table, settings, x)), ignore_index=True)
    kinds = panels[["_setting", "metric"]].drop_duplicates()
    several = "task" in table and table["task"].nunique() > 1
    shared = len(kinds) == 1 and not several

    def draw(ax: Axes, rows: pd.DataFrame, styles: Mapping[str, Mapping[str, Any]]) -> None:
        setting, metric = str(rows["_setting"].iloc[0]), str(rows["metric"].iloc[0])
        apart = min(_APART, _APART_IN_ALL / max(len(styles) - 1, 1)) if setting else 0.0
        for place, (cell, style) in enumerate(styles.items()):
            own = rows[rows["cell"] == cell].sort_values("_x")
            if own.empty:
                continue
            shift = apart * (place - (len(styles) - 1) / 2)
            offset = ax.transData + ScaledTranslation(shift / 72, 0, ax.figure.dpi_scale_trans)
            if not setting:
                own = own.assign(_x=float(place))
            _draw_cell(ax, cell, own, style, offset)
            if runs is not None:
                _draw_cell_runs(ax, cell, own, runs, settings, style, offset)
        for level in rows["chance"].dropna().unique() if "chance" in rows else ():
            ax.axhline(level, color=REFERENCE_COLOR, lw=1, ls=(0, (3, 3)), zorder=1, label="_")
        drawn = panels if shared else rows
        shown = [name for name in ("mean", "mean_low", "mean_high", "chance") if name in drawn]
        values = [drawn[shown].to_numpy(np.float64).ravel()]
        if runs is not None:
            values.append(runs["value"].to_numpy(np.float64))
        set_metric_limits(ax, metric, np.concatenate(values))
        if setting:
            set_ticks(ax, np.unique(drawn["_x"].dropna().to_numpy(np.float64)))
        else:  # a point for each cell, which the legend names
            ax.set_xticks([])
            ax.set_xlim(-0.8, len(styles) - 0.2)
        if not shared:
            ax.set_ylabel(metric_label(metric))
            ax.set_xlabel(setting_label(setting) if setting else "")

    captions = [
        caption_of_means(
            count_of_seeds(table["seeds"]),
            runs=runs is not None,
            intervals=has_intervals(panels, "mean_low"),
        )
    ]
    if "chance" in panels and panels["chance"].notna().any():
        levels = panels["chance"].dropna().unique()
        value = f" {levels[0]:.3g}" if len(levels) == 1 else ""
        captions.append(f"dashed: chance{value}")
    captions += [note] if note else []
    setting, metric = map(str, kinds.iloc[0])
    return draw_panels(
        panels,
        ["task"],
        draw,
        columns=columns,
        labels=(setting_label(setting) if setting else "", metric_label(metric))
        if shared
        else None,
        caption="; ".join(captions),
    )


def _panels(table: pd.DataFrame, settings: Sequence[str], x: str | None) -> Iterator[pd.DataFrame]:
    """Yield the rows of each panel with its title as `task`, its x axis as `_setting` and `_x`."""
    tasks = table.groupby("task", sort=False) if "task" in table else [("", table)]
    for task, rows in tasks:
        own = x if x is not None else _x_axis(rows, settings)
        others = [name for name in settings if name != own]
        groups = rows.groupby(others, sort=False, dropna=False) if others else [((), rows)]
        for values, panel in groups:
            pairs = zip(others, values, strict=True)
            known = [pair for pair in pairs if pair[1] == pair[1]]  # not NaN
            title = ", ".join([*filter(None, [str(task)]), *(setting_words(*one) for one in known)])
            at = panel[own].astype(float) if own else np.nan
            yield panel.assign(task=title, _setting=own or "", _x=at)


def _x_axis(rows: pd.DataFrame, settings: Sequence[str]) -> str | None:
    """Return the setting on the x axis: the first one of numbers that varies, `lr` last."""
    numbers = [
        name
        for name in settings
        if pd.api.types.is_numeric_dtype(rows[name]) and rows[name].nunique() > 1
    ]
    return min(numbers, key=lambda name: name == "lr", default=None)


def _draw_cell(
    ax: Axes, cell: str, rows: pd.DataFrame, style: Mapping[str, Any], transform: Transform
) -> None:
    draw_intervals(ax, rows, ("_x", "mean_low", "mean_high"), style["color"], cell, transform)
    mean = rows["mean"].where(np.isfinite(rows["mean"]))
    ax.plot(rows["_x"], mean, label=cell, transform=transform, zorder=3, **MARKER_EDGE, **style)


def _draw_cell_runs(
    ax: Axes,
    cell: str,
    rows: pd.DataFrame,
    runs: pd.DataFrame,
    settings: Sequence[str],
    style: Mapping[str, Any],
    transform: Transform,
) -> None:
    keys = ["cell", *(name for name in settings if name in runs)]
    own = merged(runs, rows[[*keys, "_x"]], keys)
    draw_runs(ax, own, "_x", style["color"], cell, transform)
