"""The house style: one look for every figure, one line style for every cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any

import matplotlib

# Okabe & Ito's colours, told apart with every common colour blindness. Their yellow is left out:
# a thin yellow line is lost on white.
_COLORS = ("#000000", "#0072B2", "#CC79A7", "#D55E00", "#009E73", "#56B4E9", "#E69F00")
# 7 line styles and 9 markers have no common divisor: 63 styles differ in black and white too.
# No downward triangle: it marks what leaves an axis.
_LINES: tuple[Any, ...] = (
    (0, (1, 1.3)),
    "-",
    (0, (5, 1.6)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (9, 2)),
    (0, (3, 1.2, 1, 1.2, 1, 1.2)),
    (0, (2.2, 1.2)),
)
_MARKERS = ("o", "s", "D", "^", "P", "X", "<", ">", "*")
_FIXED = ("rnn", "lstm", "peephole-lstm", "gru")

# Grey of what is no cell: the chance line, the floor.
REFERENCE_COLOR = "#6E6E6E"

HOUSE_STYLE: Mapping[Any, Any] = MappingProxyType(
    {
        "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture everywhere
        "font.size": 9.0,
        "axes.titlesize": 9.0,
        "axes.titlelocation": "left",
        "axes.labelsize": 9.0,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.edgecolor": "#444444",
        "axes.linewidth": 0.8,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "figure.facecolor": "white",
        "figure.titlesize": 9.0,
        "grid.color": "#E4E4E4",
        "grid.linestyle": "-",
        "grid.linewidth": 0.6,
        "legend.fontsize": 8.5,
        "legend.frameon": False,
        "legend.handlelength": 3.4,  # long enough to show the dashes
        "lines.linewidth": 1.6,
        "lines.markersize": 5.0,
        "savefig.bbox": "standard",  # the size asked for, whatever the caller's own setting
        "savefig.facecolor": "white",
        "text.usetex": False,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
    }
)


def house_style() -> AbstractContextManager[None]:
    """Apply the house style inside a `with` block; the caller's rcParams come back after it.

    Examples
    --------
    >>> before = matplotlib.rcParams["axes.grid"]
    >>> with house_style():
    ...     matplotlib.rcParams["axes.grid"]
    True
    >>> matplotlib.rcParams["axes.grid"] == before
    True
    """
    return matplotlib.rc_context(dict(HOUSE_STYLE))


def cell_styles(labels: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Give every label of a figure its colour, marker and line style.

    The cells rnn, lstm, peephole-lstm and gru look the same in every figure. Other labels (a cell
    with options, your own cell) take the remaining styles in the order in which they come, so that
    no two of up to 63 labels share marker and line style.

    Parameters
    ----------
    labels : iterable of str
        As tables name the cells; what comes twice counts once.

    Returns
    -------
    dict
        Label to a dict of `color`, `marker` and `linestyle`, as `Axes.plot` takes them.

    Examples
    --------
    >>> styles = cell_styles(["lstm", "lstm,forget_bias=chrono"])
    >>> styles["lstm"]
    {'color': '#0072B2', 'marker': 's', 'linestyle': '-'}
    >>> styles["lstm,forget_bias=chrono"]["color"]
    '#009E73'
    """
    unique = list(dict.fromkeys(labels))
    others = [label for label in unique if label not in _FIXED]
    numbers = {label: number for number, label in enumerate((*_FIXED, *others))}
    return {label: _style(numbers[label]) for label in unique}


def cell_style(label: str) -> dict[str, Any]:
    """Give one label its colour, marker and line style.

    Labels other than rnn, lstm, peephole-lstm and gru all get the same one here: a figure with
    several of them asks `cell_styles` for all at once.

    Examples
    --------
    >>> cell_style("rnn")["marker"]
    'o'
    """
    return cell_styles([label])[label]


def _style(number: int) -> dict[str, Any]:
    return {
        "color": _COLORS[number % len(_COLORS)],
        "marker": _MARKERS[number % len(_MARKERS)],
        "linestyle": _LINES[number % len(_LINES)],
    }
