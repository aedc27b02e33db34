"""Figures of gradients during training: norms, one-step ratios and clipping over updates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rnnlab.plotting._captions import caption
from rnnlab.plotting._lines import MARKER_EDGE, draw_band
from rnnlab.plotting._phases import in_order, legend_beside, medians_of
from rnnlab.plotting._tables import count_of_seeds, require_rows
from rnnlab.plotting.style import cell_styles, house_style

_MAP = "cividis"  # uniform in lightness, for prints in black and white
_FLOOR = -10.0  # log10 of the relative norm: the darkest colour
_RATIO = 0.15  # log10 of the one-step ratio: the ends of the colours


def plot_gradient_training(medians: pd.DataFrame) -> Figure:
    """Draw gradients by lag (y) over updates (x): relative norms and one-step ratios.

    Parameters
    ----------
    medians : DataFrame
        Table of `rnnlab.statistics.training_medians`: cell, state, update, lag, relative,
        ratio (log10), seeds.

    Returns
    -------
    Figure
        A row for each cell and state: at the left the norm relative to the first lag that has a
        gradient, at the right Pascanu's one-step ratio, with a line where it is 1. A state that has
        no gradient is named in the caption.
    """
    columns = ("cell", "state", "update", "lag", "relative", "ratio", "seeds")
    require_rows(
        medians, "medians", columns, "the table that rnnlab.statistics.training_medians returns"
    )
    every = in_order(zip(medians["cell"], medians["state"], strict=True))
    known = medians[medians["relative"].notna()]
    rows = in_order(zip(known["cell"], known["state"], strict=True)) or every
    seeds = count_of_seeds(known["seeds"] if len(known) else medians["seeds"])
    silent = ", ".join(f"{cell} {state}" for cell, state in every if (cell, state) not in rows)
    with house_style():
        figure = Figure(figsize=(7.0, 1.5 * len(rows) + 1.2), layout="constrained")
        grid = figure.subplots(len(rows), 2, sharex=True, sharey=True, squeeze=False)
        for (left, right), (cell, state) in zip(grid, rows, strict=True):
            panel = medians[(medians["cell"] == cell) & (medians["state"] == state)]
            norm = _image(left, panel, "relative", (_FLOOR, 1.0))
            ratio = _image(right, panel, "ratio", (-_RATIO, _RATIO))
            left.set_title(f"{cell} {state}: relative norm")
            right.set_title(f"{cell} {state}: one-step ratio")
            left.set_ylabel("lag k (steps)")
        for ax in grid[-1]:
            ax.set_xlabel("update")
        decades, factors = [-10, -5, 0], [0.75, 1, 1.33]
        for column, image, ticks, labels in (
            (0, norm, decades, ["$10^{-10}$", "$10^{-5}$", "1"]),
            (1, ratio, np.log10(factors).tolist(), [f"{factor:g}" for factor in factors]),
        ):
            bar = figure.colorbar(
                image, ax=grid[-1, column], extend="both", location="bottom", pad=0.06,
                fraction=0.1, aspect=40,
            )  # fmt: skip
            bar.set_ticks(ticks, labels=labels)
        caption(
            figure,
            r"Left: $\|\partial L/\partial s_{T-k}\|$ by that at lag 0, or at the first lag that "
            "has a gradient. Right: its factor from lag k-1 to k; within the white lines it is "
            f"above 1. Medians of {seeds}.",
            f"No gradient at any lag: {silent}." if silent else "",
        )
    return figure


def _image(ax: Axes, rows: pd.DataFrame, value: str, limits: tuple[float, float]) -> Any:
    wide = rows.pivot(index="lag", columns="update", values=value)
    if value == "ratio":
        wide = wide[wide.index > 0]
    updates, lags = (np.asarray(axis, np.float64) for axis in (wide.columns, wide.index))
    numbers = wide.to_numpy(np.float64)
    shown = np.where(np.isneginf(numbers), limits[0], numbers)  # the darkest colour
    mesh = ax.pcolormesh(
        _edges(updates), _edges(lags), shown, cmap=_MAP, vmin=limits[0], vmax=limits[1],
        rasterized=True,
    )  # fmt: skip
    crosses = (shown < 0).any() and (shown > 0).any()  # NaN is neither
    if value == "ratio" and min(shown.shape) > 1 and crosses:
        ax.contour(updates, lags, shown, levels=[0.0], colors="white", linewidths=0.8)
    ax.grid(visible=False)
    return mesh


def _edges(middles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the edges of cells around points."""
    if len(middles) == 1:
        return np.array([middles[0] - 0.5, middles[0] + 0.5])
    inner = (middles[1:] + middles[:-1]) / 2
    first, last = 2 * middles[0] - inner[0], 2 * middles[-1] - inner[-1]
    return np.concatenate([[first], inner, [last]])


def plot_clip_rate(medians: pd.DataFrame) -> Figure:
    """Draw the clip rate, and the norm before clipping, against updates.

    Parameters
    ----------
    medians : DataFrame
        Table of `rnnlab.statistics.clipping_medians`: cell, update, median, low, high,
        grad_norm, seeds.
    """
    columns = ("cell", "update", "median", "low", "high", "grad_norm", "seeds")
    require_rows(
        medians, "medians", columns, "the table that rnnlab.statistics.clipping_medians returns"
    )
    styles = cell_styles(medians["cell"])
    with house_style():
        figure = Figure(figsize=(8.4, 3.4), layout="constrained")
        rate, norm = figure.subplots(1, 2, sharex=True)
        for number, (cell, line) in enumerate(medians.groupby("cell", sort=False)):
            x, style = line["update"].to_numpy(), styles[str(cell)]
            draw_band(rate, x, line, style, str(cell), shift=number)
            every = max(len(x) // 5, 1)
            norm.plot(
                x, line["grad_norm"], label=str(cell), markevery=(number % every, every),
                **style, **MARKER_EDGE,
            )  # fmt: skip
        norm.set_yscale("log")
        rate.set_ylim(0, 1)
        rate.set_ylabel("share of updates clipped")
        norm.set_ylabel("norm of the gradient, before clipping")
        for ax in (rate, norm):
            ax.set_xlabel("update")
        legend_beside(norm)
        caption(
            figure,
            "Over the updates between one look and the next, at the left the share of those whose "
            "gradient was clipped, at the right the mean norm before.",
            medians_of(medians["seeds"]),
        )
    return figure
