"""Half-lives: against the forget bias, and against what training makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from rnnlab.plotting._captions import caption
from rnnlab.plotting._lines import MARKER_EDGE
from rnnlab.plotting._phases import in_order, legend_beside, medians_of
from rnnlab.plotting._tables import count_of_seeds, require_rows
from rnnlab.plotting.style import REFERENCE_COLOR, cell_styles, house_style

_TICKS = [base * 10.0**power for power in range(-3, 6) for base in (1, 2, 5)]
_WAYS = {"exact": ("all paths", "full"), "keep": ("product of the keep gate", "none")}


def plot_forget_bias(medians: pd.DataFrame) -> Figure:
    """Draw half-lives at the start against the forget bias, with the closed form on top.

    Parameters
    ----------
    medians : DataFrame
        As `rnnlab.statistics.forget_bias_medians` makes them: cell, state, path, forget_bias,
        closed_form, median, low, high (steps), seeds.

    Returns
    -------
    Figure
        Filled markers: along all paths; hollow ones: the product of the gate that keeps. A
        half-life that the sequence is too short for is drawn above the others, as a triangle.
    """
    columns = (
        "cell", "state", "path", "forget_bias", "closed_form", "median", "low", "high", "seeds",
    )  # fmt: skip
    require_rows(medians, "medians", columns, "what rnnlab.statistics.forget_bias_medians returns")
    styles = cell_styles(medians["cell"])
    several = medians.groupby("cell")["state"].nunique() > 1
    finite = medians[["median", "closed_form"]].to_numpy(np.float64)
    unreached = bool(np.isinf(medians["median"]).any())
    top = 3 * float(finite[np.isfinite(finite)].max())
    with house_style():
        figure = Figure(figsize=(6.8, 3.9), layout="constrained")
        ax = figure.subplots()
        form = medians[["forget_bias", "closed_form"]].drop_duplicates().sort_values("forget_bias")
        ax.plot(
            form["forget_bias"], form["closed_form"], color=REFERENCE_COLOR, linewidth=4, alpha=0.5,
            label=r"$\ln\,½\,/\,\ln\,\sigma(b)$",
        )  # fmt: skip
        cells = in_order(medians["cell"])
        chosen = medians[medians["path"].isin(_WAYS)]
        for (cell, state, path), line in chosen.groupby(["cell", "state", "path"], sort=False):
            words, fill = _WAYS[str(path)]
            style: dict[str, Any] = {**styles[str(cell)], "fillstyle": fill}
            shift = 0.05 * (cells.index(cell) - (len(cells) - 1) / 2)  # cells that coincide
            x = line["forget_bias"].to_numpy(np.float64) + shift
            never = np.isinf(line["median"].to_numpy())
            y = np.where(never, top, line["median"])
            name = f"{cell} {state}" if several[str(cell)] else str(cell)
            edge = MARKER_EDGE if fill == "full" else {}
            if fill == "none":
                style |= {"linewidth": 0.9}
            ax.plot(x, y, label=f"{name}, {words}", **style, **edge)
            ax.vlines(
                x, line["low"], np.minimum(line["high"], top), colors=style["color"], linewidth=1.0
            )
            ax.plot(
                x[never], y[never], linestyle="none", marker="^", markersize=8,
                color=style["color"], label=f"_{name} never",
            )  # fmt: skip
        ax.set_yscale("log")
        ax.set_xlabel("bias b of the gate that keeps the memory")
        ax.set_ylabel("half-life of the gradient (steps)")
        legend_beside(ax)
        caption(
            figure,
            "Steps until the gradient of the memory has halved, at initialisation, for all paths "
            "and for the product of the gate that keeps, on top of the closed form of a gate that "
            "stays at its bias.",
            medians_of(medians["seeds"]).replace("band", "bars"),
            "Large triangles at the top: longer than the sequence." if unreached else "",
        )
    return figure


def plot_half_life_solving(solving: pd.DataFrame) -> Figure:
    """Draw updates until the task was solved against the half-life at the start, a point a run.

    Parameters
    ----------
    solving : DataFrame
        solving.csv: cell, seed, state, half_life (steps; inf), updates_to_solve (inf), updates.

    Returns
    -------
    Figure
        A panel a state of the cells. Runs that were not solved are triangles at the top; half-lives
        that the sequence is too short for stand at the right edge.
    """
    columns = ("cell", "seed", "state", "half_life", "updates_to_solve", "updates")
    require_rows(solving, "solving", columns, "the table of solving.csv")
    states, styles = in_order(solving["state"]), cell_styles(solving["cell"])
    finite = solving["half_life"].replace(np.inf, np.nan)
    right = 2 * float(finite.max()) if finite.notna().any() else 1.0
    left = float(finite[finite > 0].min()) if (finite > 0).any() else right / 2
    ticks = [tick for tick in _TICKS if left / 1.2 < tick < right * 1.2]
    budget = float(solving["updates"].max())
    top = 1.08 * budget
    with house_style():
        figure = Figure(figsize=(2.7 * len(states) + 2.2, 3.6), layout="constrained")
        axes = figure.subplots(1, len(states), sharex=True, sharey=True, squeeze=False)[0]
        for ax, state in zip(axes, states, strict=True):
            for cell, runs in solving[solving["state"] == state].groupby("cell", sort=False):
                style = styles[str(cell)]
                x = np.minimum(runs["half_life"].to_numpy(np.float64), right)
                unsolved = np.isinf(runs["updates_to_solve"].to_numpy())
                y = np.where(unsolved, top, runs["updates_to_solve"])
                ax.plot(
                    x[~unsolved], y[~unsolved], linestyle="none", marker=style["marker"],
                    color=style["color"], label=str(cell), markersize=6, **MARKER_EDGE,
                )  # fmt: skip
                if unsolved.any():  # a line without points is not clipped either: no room left
                    ax.plot(
                        x[unsolved], y[unsolved], linestyle="none", marker=style["marker"],
                        color=style["color"], markerfacecolor="none", label=f"_{cell} unsolved",
                        markersize=6, clip_on=False,
                    )  # fmt: skip
            ax.axhline(
                budget, color=REFERENCE_COLOR, linewidth=0.8, linestyle=(0, (3, 3)), label="_budget"
            )
            ax.set_xscale("log")
            ax.set_xlim(left / 1.2, right * 1.2)
            ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            ax.xaxis.set_minor_locator(NullLocator())
            ax.set_title(f"state {state}")
            ax.set_xlabel("half-life at the start (steps)")
            ax.set_ylim(0, 1.14 * budget)
        axes[0].set_ylabel("updates until solved")
        handles: dict[str, Any] = {}
        for ax in axes:
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
                handles.setdefault(label, handle)
        legend_beside(axes[-1], handles=list(handles.values()))
        solved = solving.drop_duplicates(["cell", "seed"])["updates_to_solve"]
        seeds = solving.groupby("cell")["seed"].nunique()
        caption(
            figure,
            f"A point a run, {count_of_seeds(seeds)} a cell; {int(np.isfinite(solved).sum())} of "
            f"{len(solved)} solved the task. Hollow, above the dashed line: not solved in "
            f"{budget:.0f} updates.",
            "At the right edge: longer than the sequence." if finite.isna().any() else "",
        )
    return figure
