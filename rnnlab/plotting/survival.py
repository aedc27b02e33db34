"""Figure of Kaplan-Meier curves: the share of unsolved runs against updates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnlab.plotting._conditions import draw_panels, settings_in
from rnnlab.plotting._lines import MARKER_EDGE
from rnnlab.plotting._tables import count_of_seeds, require_rows

_NEEDED = ("cell", "seeds", "update", "unsolved", "ci_low", "ci_high", "at_risk")
# Widths of the first and the last curve in points: curves that coincide stay visible.
_WIDEST, _FINEST = 4.0, 1.4


def plot_survival(table: pd.DataFrame, *, columns: int = 2) -> Figure:
    """Draw Kaplan-Meier curves: the share unsolved against updates, a step at each solved run.

    Curves are drawn from wide to fine, so that those that coincide stay visible.

    Parameters
    ----------
    table : DataFrame
        Table of `rnnlab.statistics.survival_curves`. Every combination of the settings that
        vary has a panel.
    columns : int
        Largest number of panels side by side.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {
    ...         "cell": "gru",
    ...         "seeds": 2,
    ...         "update": [0, 100],
    ...         "unsolved": [1.0, 0.5],
    ...         "ci_low": [float("nan"), 0.01],
    ...         "ci_high": [float("nan"), 0.91],
    ...         "at_risk": 2,
    ...     }
    ... )
    >>> plot_survival(table).axes[0].get_ylabel()
    'share of runs unsolved'
    """
    require_rows(
        table, "table", _NEEDED, "the table that rnnlab.statistics.survival_curves returns"
    )
    end = float(table["update"].max())

    def draw(ax: Axes, rows: pd.DataFrame, styles: Mapping[str, Mapping[str, Any]]) -> None:
        widths = np.linspace(_WIDEST, _FINEST, len(styles)) if len(styles) > 1 else [_FINEST]
        for (cell, style), width in zip(styles.items(), widths, strict=True):
            own = rows[rows["cell"] == cell].sort_values("update")
            if own.empty:
                continue
            when, share = own["update"].to_numpy(np.float64), own["unsolved"].to_numpy(np.float64)
            # markers at the steps, where runs were solved, and at the end
            when, share = np.append(when, end), np.append(share, share[-1])
            ax.step(
                when,
                share,
                where="post",
                label=cell,
                **MARKER_EDGE,
                zorder=3,
                linewidth=width,
                **style,
            )
            band = own[own["unsolved"] < 1]
            if len(band):
                edges = np.append(band["update"].to_numpy(np.float64), end)
                low, high = (
                    np.append(band[name].to_numpy(np.float64), band[name].iloc[-1])
                    for name in ("ci_low", "ci_high")
                )
                ax.fill_between(
                    edges, low, high, step="post", color=style["color"], alpha=0.1, linewidth=0,
                    label=f"_{cell} interval",
                )  # fmt: skip
        ax.set_ylim(-0.05, 1.05)
        ax.set_yticks(np.arange(0, 1.01, 0.25))
        ax.set_xlim(-0.02 * end, 1.03 * end)

    return draw_panels(
        table,
        settings_in(table, _NEEDED),
        draw,
        columns=columns,
        labels=("updates", "share of runs unsolved"),
        caption=f"Kaplan-Meier estimate, {count_of_seeds(table['seeds'])}, "
        "band: 95 % interval from the first solved run on",
    )
