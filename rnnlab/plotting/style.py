"""House style of figures, and the line style of every cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

import matplotlib

# Colours of Okabe & Ito, which differ for every common colour blindness, without their yellow: a
# thin yellow line is hard to see on white.
_COLORS = ("#000000", "#0072B2", "#CC79A7", "#D55E00", "#009E73", "#56B4E9", "#E69F00")
_LINES: tuple[Any, ...] = (
    (0, (1, 1.3)),
    "-",
    (0, (5, 1.6)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (9, 2)),
    (0, (3, 1.2, 1, 1.2, 1, 1.2)),
    (0, (2.2, 1.2)),
)
# No downward triangle: it marks values that leave an axis.
_MARKERS = ("o", "s", "D", "^", "P", "X", "<", ">", "*", "p", "h", "d")
# All colours are used once before one is used again. Of the first 49 styles no two share two of
# colour, marker and line style (orthogonal Latin squares), and of all 84 none both marker and line
# style.
_STYLES = 84
# Cells with the same style in every figure of every study. The styles of the first four are
# reserved; that of another is free for another label where the cell is not in the study.
_RESERVED = ("rnn", "lstm", "peephole-lstm", "gru")
_FIXED = (
    *_RESERVED,
    *("nig", "nfg", "nog", "niaf", "noaf", "cifg", "np", "fgr", "mgu", "minimalrnn", "janet"),
    *("ugrnn", "ran", "atr", "ligru", "rnn-relu", "irnn", "indrnn", "scrn", "star", "fastgrnn"),
    *("cornn", "lem", "multiplicative-lstm", "slstm", "gru-reset-before", "peephole-lstm-full"),
    *("mut1", "mut2", "mut3"),
    *("lstm-1997", "reslstm", "wmc-lstm", "memory-controller-lstm", "nested-lstm", "nas"),
    *("fastrnn", "cfn", "brc", "nbrc", "sgu", "dsgu", "miru1", "miru2", "sgrn", "lightru"),
    *("intersection-rnn", "tau-gru", "rhn-2", "rhn-3", "mingru", "minlstm", "sru", "qrnn", "hgrn"),
    *("t-rnn", "t-gru", "t-lstm", "nlru", "unicornn"),
)

# Grey for reference lines: chance, the floor.
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
        "savefig.bbox": "standard",  # the size of the figure, whatever the setting of the caller
        "savefig.facecolor": "white",
        "text.usetex": False,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
    }
)


def house_style() -> AbstractContextManager[None]:
    """Apply the house style within a `with` block; the rcParams of the caller are restored.

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


_study: ContextVar[tuple[str, ...]] = ContextVar("labels of the study", default=())


@contextmanager
def styles_of_study(labels: Iterable[str]) -> Iterator[None]:
    """Give the cells of a study the same styles in every figure drawn within the block.

    Parameters
    ----------
    labels : iterable of str
        All cells of the study, in its order; a figure may show some of them.

    Examples
    --------
    >>> with styles_of_study(["mine", "yours"]):
    ...     one, both = cell_styles(["yours"]), cell_styles(["mine", "yours"])
    >>> one["yours"] == both["yours"]
    True
    """
    token = _study.set(tuple(dict.fromkeys(labels)))
    try:
        yield
    finally:
        _study.reset(token)


def cell_styles(labels: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return colour, marker and line style of every label of a figure.

    The cells of rnnlab have the same style in every figure. Other labels (a cell with options, your
    own cell) get free styles in the order of the study within `styles_of_study`, else in the order
    of `labels`. No two of up to 49 labels have the same
    colour and line style.

    Parameters
    ----------
    labels : iterable of str
        Labels of cells as in tables; duplicates are ignored.

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
    wanted = list(dict.fromkeys(labels))
    everyone = dict.fromkeys([*_study.get(), *wanted])
    numbers = {label: _FIXED.index(label) for label in everyone if label in _FIXED}
    taken = {*numbers.values(), *range(len(_RESERVED))}
    used = Counter(number % len(_COLORS) for number in taken)
    for label in everyone:
        if label not in numbers:
            free = [number for number in range(_STYLES) if number not in taken]
            # the colour that fewest have, then the first of its styles
            number = min(free, key=lambda n: used[n % len(_COLORS)]) if free else len(numbers)
            taken.add(number)
            used[number % len(_COLORS)] += 1
            numbers[label] = number
    return {label: _style(numbers[label]) for label in wanted}


def cell_style(label: str) -> dict[str, Any]:
    """Return colour, marker and line style of one label.

    Labels of cells that are not part of rnnlab all get the same style, unless it is called within
    `styles_of_study`: use `cell_styles` for a figure with several of them.

    Examples
    --------
    >>> cell_style("rnn")["marker"]
    'o'
    """
    return cell_styles([label])[label]


def _style(number: int) -> dict[str, Any]:
    round_, color = divmod(number, len(_COLORS))
    marker = (color + 3 * round_) % 7 if round_ < 7 else round_
    return {
        "color": _COLORS[color],
        "marker": _MARKERS[marker % len(_MARKERS)],
        "linestyle": _LINES[(color + round_) % len(_LINES)],
    }
