"""Forest plot of the probability of improvement of every pair of cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rnnlab.plotting._tables import require_rows
from rnnlab.plotting.style import REFERENCE_COLOR, house_style

_NEEDED = ("cell_a", "cell_b", "probability", "ci_low", "ci_high", "p_holm")
SIGNIFICANT = 0.05  # after Holm's correction
_COLOR = "#0072B2"


def plot_comparison(table: pd.DataFrame) -> Figure:
    """Draw the probability of improvement of every pair, with its interval, as a forest plot.

    A filled marker is a pair that differs significantly (p < .05 after Holm's correction).

    Parameters
    ----------
    table : DataFrame
        Table of `rnnlab.statistics.compare`; pairs without a number are left out.

    Raises
    ------
    ValueError
        If a column is missing or there is no pair.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {
    ...         "cell_a": ["gru"],
    ...         "cell_b": ["rnn"],
    ...         "probability": [0.9],
    ...         "ci_low": [0.7],
    ...         "ci_high": [1.0],
    ...         "p_holm": [0.01],
    ...     }
    ... )
    >>> plot_comparison(table).axes[0].get_yticklabels()[0].get_text()
    'gru > rnn'
    """
    require_rows(table, "table", _NEEDED, "the table that rnnlab.statistics.compare returns")
    pairs = table[table["probability"].notna()]
    require_rows(pairs, "table", _NEEDED, "a comparison with a common condition")
    rows = np.arange(len(pairs))
    with house_style():
        longest = int((pairs["cell_a"].str.len() + pairs["cell_b"].str.len()).max())
        size = (2.6 + 0.075 * longest, 1.3 + 0.26 * len(pairs))
        figure = Figure(figsize=size, layout="constrained")
        ax = figure.subplots()
        ax.axvline(0.5, color=REFERENCE_COLOR, linewidth=1, linestyle=(0, (3, 3)), label="_")
        ax.hlines(rows, pairs["ci_low"], pairs["ci_high"], colors=_COLOR, linewidth=1.6)
        for apart, fill in ((True, _COLOR), (False, "white")):
            chosen = np.asarray((pairs["p_holm"] < SIGNIFICANT) == apart)
            ax.plot(
                pairs["probability"].to_numpy()[chosen],
                rows[chosen],
                linestyle="none",
                marker="o",
                markersize=6.5,
                color=_COLOR,
                markerfacecolor=fill,
                label="significant" if apart else "not significant",
                clip_on=False,
                zorder=3,
            )
        names = zip(pairs["cell_a"], pairs["cell_b"], strict=True)
        ax.set_yticks(rows, [f"{a} > {b}" for a, b in names])
        ax.set_ylim(len(pairs) - 0.5, -0.5)
        ax.set_xlim(0, 1)
        ax.set_xticks(np.arange(0, 1.01, 0.25))
        ax.grid(axis="y", visible=False)
        ax.set_xlabel("probability of improvement")
        limit = f"{SIGNIFICANT:g}".lstrip("0")
        figure.suptitle(
            f"bars: 95 % interval\nfilled: p < {limit} after Holm's correction",
            x=0.01,
            ha="left",
        )
    return figure
