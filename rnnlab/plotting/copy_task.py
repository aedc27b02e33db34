"""Recall accuracy against delay, with the chance line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from matplotlib.transforms import ScaledTranslation, Transform
from numpy.typing import NDArray

from rnnlab.plotting._lines import MARKER_EDGE
from rnnlab.plotting._runs import (
    caption_of_means,
    draw_intervals,
    draw_runs,
    has_intervals,
    runs_of_rows,
)
from rnnlab.plotting._tables import count_of_seeds, require_rows
from rnnlab.plotting.style import REFERENCE_COLOR, cell_styles, house_style

_COLUMNS = ("cell", "delay", "seeds", "recall_accuracy", "ci_low", "ci_high", "chance")
_RESULTS = {
    *_COLUMNS,
    *("parameters", "learned", "sequence_accuracy", "solved_share", "updates_to_solve", "best"),
}
# Cells that coincide (at chance, or at 1) are drawn side by side, this many points apart, but no
# more than that in all: the shift is one of ink, the data stay at their delay.
_APART, _APART_IN_ALL = 3.6, 14.0
# Left free beyond the first and the last delay, as a share of what lies between them.
_ROOM = 0.08


def plot_copy_task(
    summary: pd.DataFrame, *, runs: pd.DataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw recall accuracy against delay, a line a cell, with intervals and the chance line.

    Cells are drawn a few points next to each other, so that those which coincide can be seen. The
    delays are on a logarithmic axis where they span a decade. Intervals are drawn from 10 seeds on.

    Parameters
    ----------
    summary : DataFrame
        The columns of copy-task/summary.csv, of which cell, delay, seeds, recall_accuracy, ci_low,
        ci_high and chance are drawn. Further columns are settings that vary: each combination of
        them is a line of its own.
    runs : DataFrame, optional
        What `rnnlab.statistics.runs_of` returns: every run is a small point.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure that no GUI knows.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If a column is missing or there is no row.

    Examples
    --------
    >>> summary = pd.DataFrame(
    ...     {
    ...         "cell": ["rnn", "gru"],
    ...         "delay": 30,
    ...         "seeds": 3,
    ...         "recall_accuracy": [0.13, 0.97],
    ...         "ci_low": [0.12, 0.95],
    ...         "ci_high": [0.14, 1.0],
    ...         "chance": 0.125,
    ...     }
    ... )
    >>> plot_copy_task(summary).get_xlabel()
    'delay (time steps)'
    """
    require_rows(summary, "summary", _COLUMNS, "the table of summary.csv")
    with house_style():
        lines = dict(_lines(summary))
        if ax is None:
            ax = Figure(figsize=_size(lines), layout="constrained").subplots()
        styles = cell_styles(lines)
        apart = min(_APART, _APART_IN_ALL / max(len(lines) - 1, 1))
        for place, (label, line) in enumerate(lines.items()):
            shift = apart * (place - (len(lines) - 1) / 2)
            beside = ax.transData + _points_to_the_right(ax, shift)
            _draw_line(ax, label, line, styles[label], beside)
            if runs is not None:
                own = runs_of_rows(runs, line.drop(columns="delay"))
                draw_runs(ax, own, "delay", styles[label]["color"], label, beside)
        _draw_chance(ax, summary["chance"], lowest=1 - 0.08 * len(lines))
        _set_axes(ax, summary, points=runs is not None)
    return ax


def _lines(summary: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the label and the rows, by delay, of every line."""
    settings = [column for column in summary.columns if column not in _RESULTS]
    for (cell, *values), rows in summary.groupby(["cell", *settings], sort=False, dropna=False):
        pairs = zip(settings, values, strict=True)
        # a setting that a cell does not have is no part of its name
        varied = (f"{name}={_written(value)}" for name, value in pairs if not _is_nan(value))
        yield ", ".join([str(cell), *varied]), rows.sort_values("delay")


def _written(value: Any) -> str:
    """Write a setting as one writes it in a spec: 0, not 0.0."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _size(labels: Iterable[str]) -> tuple[float, float]:
    """Width and height in inches, with room for the legend beside the axes."""
    labels = list(labels)
    return 5.3 + 0.07 * max(map(len, labels)), max(3.6, 1.2 + 0.2 * len(labels))


def _points_to_the_right(ax: Axes, points: float) -> Transform:
    return ScaledTranslation(points / 72, 0, ax.figure.dpi_scale_trans)


def _draw_line(
    ax: Axes, label: str, rows: pd.DataFrame, style: dict[str, Any], transform: Transform
) -> None:
    delays = rows["delay"].to_numpy()
    names = "delay", "ci_low", "ci_high"
    draw_intervals(ax, rows, names, style["color"], label, transform)
    ax.plot(
        delays,
        rows["recall_accuracy"].to_numpy(),
        label=label,
        transform=transform,
        clip_on=False,  # whole markers at 0 and 1
        zorder=3,
        **MARKER_EDGE,
        **style,
    )


def _draw_chance(ax: Axes, chance: pd.Series[float], lowest: float) -> None:
    """Draw the chance lines; where the legend, down to `lowest`, is beside one its label is not."""
    labels: list[list[float]] = []  # levels too close for two labels share one
    for level in sorted(chance.unique()):
        ax.axhline(
            level, color=REFERENCE_COLOR, linewidth=1.0, linestyle=(0, (3, 3)), zorder=1, label="_"
        )
        if labels and level - labels[-1][-1] < 0.05:
            labels[-1].append(level)
        else:
            labels.append([level])
    for levels in labels:
        outside = max(levels) < lowest
        ax.annotate(
            f"chance {', '.join(f'{level:.3g}' for level in levels)}",
            (1, sum(levels) / len(levels)),
            xycoords=ax.get_yaxis_transform(),
            xytext=(6, 0) if outside else (-2, 2),
            textcoords="offset points",
            ha="left" if outside else "right",
            va="center" if outside else "bottom",
            color=REFERENCE_COLOR,
            fontsize="small",
        )


def _set_axes(ax: Axes, summary: pd.DataFrame, *, points: bool) -> None:
    delays = np.unique(summary["delay"])
    log = bool(delays[-1] >= 10 * delays[0])
    if log:
        room = (delays[-1] / delays[0]) ** _ROOM
        ax.set_xscale("log")
        ax.set_xlim(delays[0] / room, delays[-1] * room)
    else:
        # a single delay stands in the middle
        space = _ROOM * (delays[-1] - delays[0]) or 0.5 * delays[0]
        ax.set_xlim(delays[0] - space, delays[-1] + space)
    ax.set_xticks(delays, _tick_labels(delays, log=log))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_ylim(0, 1)
    ax.set_yticks(np.arange(0, 1.01, 0.25))
    ax.set_xlabel("delay (time steps)")
    ax.set_ylabel("recall accuracy (share of symbols)")
    seeds = count_of_seeds(summary["seeds"])
    ax.set_title(caption_of_means(seeds, runs=points, intervals=has_intervals(summary, "ci_low")))
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0)


def _tick_labels(delays: NDArray[np.int64], *, log: bool) -> list[str]:
    """Label the delays, from the longest down, as long as the labels stay apart."""
    places = np.log(delays) if log else delays.astype(np.float64)
    places = (places - places[0]) / max(places[-1] - places[0], 1e-12)
    labels = [str(delay) for delay in delays]
    edge = np.inf  # where the label to the right begins
    for number in reversed(range(len(labels))):
        half = 0.01 * len(labels[number])  # of the axis: about the width of 8.5 point digits
        if places[number] + half + 0.01 > edge:
            labels[number] = ""
        else:
            edge = places[number] - half
    return labels
