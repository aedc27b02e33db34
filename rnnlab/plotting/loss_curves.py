"""Figure of the loss against the epoch on the training and the validation part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnlab.plotting._tables import count_of_seeds, require_rows
from rnnlab.plotting.style import cell_styles, house_style

_PARTS = ("train", "validation")


def plot_loss_curves(metrics: pd.DataFrame) -> Figure:
    """Draw the loss of every run against the epoch, for the training and the validation part.

    Parameters
    ----------
    metrics : DataFrame
        Columns cell, seed, part, epoch and loss, as in metrics.csv of a fit; with a column
        accuracy the loss is in nats. It is not modified.
    """
    needed = ("cell", "seed", "part", "epoch", "loss")
    require_rows(metrics, "metrics", needed, "metrics.csv of a fit")
    with house_style():
        styles = cell_styles(metrics["cell"])
        width = 7.4 + 0.07 * max(map(len, styles))
        figure = Figure(figsize=(width, 3.6), layout="constrained")
        axes = figure.subplots(1, 2, sharex=True, sharey=True)
        for ax, part in zip(axes, _PARTS, strict=True):
            rows = metrics[metrics["part"] == part]
            for (cell, _), run in rows.groupby(["cell", "seed"], sort=False):
                _draw_run(ax, str(cell), run, styles[str(cell)], mark_best=part == "validation")
            ax.set_xlabel("epoch")
        losses = metrics.loc[metrics["part"].isin(_PARTS), "loss"].dropna()
        if len(losses) and losses.min() > 0 and losses.max() > 20 * losses.min():
            axes[0].set_yscale("log")
        unit = "nats" if "accuracy" in metrics.columns else "squared error of the scaled target"
        axes[0].set_ylabel(f"loss ({unit})")
        axes[0].xaxis.get_major_locator().set_params(integer=True)
        seeds = count_of_seeds(metrics.groupby("cell")["seed"].nunique())
        axes[0].set_title("training part, mean over the epoch")
        axes[1].set_title("validation part; marked: the lowest, which is kept")
        handles = [
            Line2D([], [], label=label, markeredgecolor="white", **style)
            for label, style in styles.items()
        ]
        axes[1].legend(
            handles=handles,
            title=f"a line a seed,\n{seeds} a cell",
            title_fontsize=8.5,
            alignment="left",
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            borderaxespad=0.0,
        )
    return figure


def _draw_run(
    ax: Any, cell: str, run: pd.DataFrame, style: dict[str, Any], *, mark_best: bool
) -> None:
    run = run.sort_values("epoch")
    epochs, losses = run["epoch"].to_numpy(), run["loss"].to_numpy()
    line = {**style, "marker": "none", "linewidth": 1.2, "alpha": 0.9}
    if len(epochs) == 1:  # a line of one point is seen by its marker alone
        line["marker"] = style["marker"]
    ax.plot(epochs, losses, label=f"_{cell}", **line)
    if mark_best and np.isfinite(losses).any():
        best = int(np.nanargmin(losses))
        ax.plot(
            epochs[best],
            losses[best],
            marker=style["marker"],
            color=style["color"],
            markeredgecolor="white",
            markersize=7,
            linestyle="none",
            zorder=3,
            label="_best",
        )
