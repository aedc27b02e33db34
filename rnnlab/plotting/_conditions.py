"""Layout of the figures of a study: a panel for each condition, one legend, one caption."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from rnnlab.diverged import is_accuracy
from rnnlab.plotting._captions import put_caption, wrapped
from rnnlab.plotting.names import setting_words, words
from rnnlab.plotting.style import cell_styles, house_style

# Axis labels of metrics that are more than the name.
_UNITS = {
    "recall_accuracy": "recall accuracy (share of symbols)",
    "sequence_accuracy": "sequence accuracy (share of sequences)",
    "loss": "loss (nats)",
}
_STEPS = ("delay", "length", "span", "lag")
PANEL_WIDTH, PANEL_HEIGHT = 3.3, 2.4  # inches
_ALONE = 4.6  # the width of a single panel where there is room for more
_LETTER = 0.035  # width of a letter of a tick label, as a share of the axis

Draw = Callable[[Axes, pd.DataFrame, Mapping[str, Mapping[str, Any]]], None]


def metric_label(metric: str) -> str:
    """Return the axis label of a metric.

    Examples
    --------
    >>> metric_label("recall_accuracy"), metric_label("accuracy")
    ('recall accuracy (share of symbols)', 'accuracy (share)')
    """
    return _UNITS.get(metric, f"{words(metric)} (share)" if is_accuracy(metric) else words(metric))


def setting_label(setting: str) -> str:
    """Return the axis label of a setting.

    Examples
    --------
    >>> setting_label("delay"), setting_label("lr"), setting_label("num_layers")
    ('delay (time steps)', 'learning rate', 'num layers')
    """
    return f"{setting} (time steps)" if setting in _STEPS else words(setting)


def settings_in(table: pd.DataFrame, results: Iterable[str]) -> list[str]:
    """Return the settings that vary: the columns except the cell and `results`."""
    known = {"cell", *results}
    return [str(column) for column in table.columns if column not in known]


def draw_panels(
    table: pd.DataFrame,
    settings: Sequence[str],
    draw: Draw,
    *,
    columns: int,
    labels: tuple[str, str] | None,
    caption: str,
) -> Figure:
    """Draw a panel for each combination of `settings`.

    Parameters
    ----------
    table : DataFrame
        Its rows are distributed over the panels, in the order of first appearance.
    settings : sequence of str
        Columns of `table`; without any there is one panel without a title.
    draw : callable
        Called with the axes, the rows of a panel and the styles of all cells.
    columns : int
        Largest number of panels side by side.
    labels : (str, str) or None
        Labels of the shared axes x and y; None if `draw` labels each panel.
    caption : str
        Text above the panels: number of seeds, kind of interval. It is wrapped.
    """
    by = list(settings)
    panels = list(table.groupby(by, sort=False, dropna=False)) if by else [((), table)]
    width = min(columns, len(panels))
    height = math.ceil(len(panels) / width)
    with house_style():
        styles = cell_styles(map(str, table["cell"].unique()))
        inches = (_ALONE if width == 1 < columns else PANEL_WIDTH * width) + 0.5
        lines = wrapped(caption, inches)
        names_a_row = _names_a_row(inches, styles)
        rows_of_text = len(lines) + math.ceil(len(styles) / names_a_row)
        size = inches, PANEL_HEIGHT * height + 0.5 + 0.2 * rows_of_text
        figure = Figure(figsize=size, layout="constrained")
        shared = labels is not None
        grid = figure.subplots(height, width, sharex=shared, sharey=shared, squeeze=False)
        for ax in grid.ravel()[len(panels) :]:
            ax.set_visible(False)
        for ax, (values, rows) in zip(grid.ravel(), panels, strict=False):
            draw(ax, rows, styles)
            pairs = zip(by, values, strict=True)
            ax.set_title(", ".join(setting_words(name, value) for name, value in pairs))
        if labels is not None:
            _label(grid, *labels)
        put_caption(figure, lines)
        handles = [Line2D([], [], label=label, **style) for label, style in styles.items()]
        figure.legend(handles=handles, loc="outside lower left", ncols=names_a_row)
    return figure


def _label(grid: np.ndarray[Any, Any], x: str, y: str) -> None:
    """Label shared axes at the left and at the bottom."""
    for column in grid.T:
        lowest = [ax for ax in column if ax.get_visible()][-1]
        lowest.set_xlabel(x)
        lowest.tick_params(labelbottom=True)
    for row in grid:
        row[0].set_ylabel(y)


def only_metric(table: pd.DataFrame) -> str:
    """Return the metric that a table is about.

    Raises
    ------
    ValueError
        If it has several, as a study of several tasks may: they share no axis.
    """
    metrics = list(map(str, table["metric"].unique()))
    if len(metrics) > 1:
        raise ValueError(
            f"table must be about one metric, got {', '.join(metrics)}: "
            "draw the rows of one task at a time"
        )
    return metrics[0]


def _names_a_row(inches: float, labels: Iterable[str]) -> int:
    """Return the number of names that fit in a row of the legend."""
    widths = [0.72 + 0.07 * len(label) for label in labels]
    return len(widths) if sum(widths) <= inches else max(1, int(inches / max(widths)))


def set_metric_limits(ax: Axes, metric: str, values: Iterable[float]) -> None:
    """Show shares from 0 to 1; losses on a logarithmic axis where they span a decade."""
    if is_accuracy(metric):
        ax.set_ylim(-0.02, 1.02)
        ax.set_yticks(np.arange(0, 1.01, 0.25))
        return
    finite = np.asarray([value for value in values if math.isfinite(value)])
    if finite.size == 0:
        return
    # by hand: autoscaling ignores artists with an offset
    low, high = float(finite.min()), float(finite.max())
    if low > 0 and high > 10 * low:
        room = (high / low) ** 0.06
        ax.set_ylim(low / room, high * room)
        ax.set_yscale("log")
    else:
        space = 0.06 * (high - low) or max(0.5 * abs(high), 0.5)
        ax.set_ylim(low - space, high + space)


def set_ticks(ax: Axes, ticks: NDArray[np.float64]) -> None:
    """Put ticks at the values of a setting, on a logarithmic axis where they span a decade."""
    log = bool(ticks[0] > 0 and ticks[-1] >= 8 * ticks[0])
    if log:
        ax.set_xscale("log")
        room = (ticks[-1] / ticks[0]) ** 0.08
        ax.set_xlim(ticks[0] / room, ticks[-1] * room)
    else:
        space = 0.08 * (ticks[-1] - ticks[0]) or max(0.5 * abs(ticks[0]), 0.5)
        ax.set_xlim(ticks[0] - space, ticks[-1] + space)
    shown = _apart(ticks, log=log)
    ax.set_xticks(shown, [f"{tick:g}" for tick in shown])
    ax.xaxis.set_minor_locator(NullLocator())


def _apart(ticks: NDArray[np.float64], *, log: bool) -> list[float]:
    """Return the ticks, from the largest down, whose labels do not overlap."""
    places = np.log(ticks) if log else ticks
    places = (places - places[0]) / max(places[-1] - places[0], 1e-12)
    shown: list[float] = []
    edge = math.inf  # left end of the label to the right
    for tick, place in zip(ticks[::-1], places[::-1], strict=True):
        half = _LETTER * len(f"{tick:g}") / 2
        if place + half + _LETTER / 2 <= edge:
            shown.insert(0, float(tick))
            edge = place - half
    return shown
