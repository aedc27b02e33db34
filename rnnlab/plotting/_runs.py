"""Single runs as points, and the intervals of their means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import Transform

# The interval of fewer runs spans more than a third of the scale even where all of them agree.
FEWEST_SEEDS = 10


def has_intervals(table: pd.DataFrame, low: str) -> bool:
    """Return whether a figure draws an interval; `low` is the column of its lower ends."""
    return bool(((table["seeds"] >= FEWEST_SEEDS) & table[low].notna()).any())


def draw_intervals(
    ax: Axes, rows: pd.DataFrame, names: tuple[str, str, str], color: str, label: str,
    transform: Transform,
) -> None:  # fmt: skip
    """Draw intervals as bars where there are enough seeds; `names` are the columns x, low, high."""
    x, low, high = names
    finite = np.isfinite(rows[[low, high]].to_numpy(np.float64)).all(axis=1)
    drawn = rows[(rows["seeds"] >= FEWEST_SEEDS) & finite]
    bars = ax.vlines(
        drawn[x].to_numpy(),
        drawn[low].to_numpy(),
        drawn[high].to_numpy(),
        colors=color,
        linewidth=1.3,
        transform=transform,
    )
    bars.set_label(f"_{label} interval")  # the underscore keeps it out of the legend


def runs_of_rows(runs: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with the cells and settings of `rows`, by the columns that both have."""
    results = {"value", "diverged", "solved", "watched", "seed"}
    keys = [name for name in rows.columns if name in runs and name not in results]
    return merged(runs, rows[keys].drop_duplicates(), keys)


def merged(runs: pd.DataFrame, rows: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return the runs with the columns of the rows that agree with them in `keys`."""
    numeric = pd.api.types.is_numeric_dtype
    # integers in one table may be floats in the other, with an infinite one among them
    floats = {name: float for name in keys if numeric(runs[name]) and numeric(rows[name])}
    return runs.astype(floats).merge(rows.astype(floats), on=list(keys))


def draw_runs(
    ax: Axes, rows: pd.DataFrame, x: str, color: str, label: str, transform: Transform
) -> None:
    """Draw the column `value` of every run as a small point."""
    values: Any = rows["value"].where(np.isfinite(rows["value"]))
    ax.plot(
        rows[x].to_numpy(),
        values.to_numpy(np.float64),
        linestyle="none",
        marker="o",
        markersize=3.2,
        markeredgewidth=0,
        color=color,
        alpha=0.55,
        label=f"_{label} runs",
        transform=transform,
        clip_on=False,
        zorder=2,
    )


def caption_of_means(seeds: str, *, runs: bool, intervals: bool) -> str:
    """Return the caption of a figure of means."""
    shown = f"mean of {seeds}{' (small: every run)' if runs else ''}"
    return f"{shown}, bars: 95 % interval" if intervals else shown
