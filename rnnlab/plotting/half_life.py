"""Figures of half-lives: against the forget bias, and against the updates until solved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from rnnlab.plotting._captions import caption
from rnnlab.plotting._lines import MARKER_EDGE
from rnnlab.plotting._phases import in_order, legend_beside, medians_of
from rnnlab.plotting._tables import count_of_seeds, require_rows
from rnnlab.plotting.style import REFERENCE_COLOR, cell_styles, house_style

_TICKS = [base * 10.0**power for power in range(-3, 6) for base in (1, 2, 5)]
_WAYS = {"exact": ("all paths", "full"), "keep": ("product of the keep gate", "none")}
#: Titles of the panels of the two half-lives, and their columns in solving.csv.
_KINDS = {"crossing": "first lag at which half is left", "decay": "from the slope of the decay"}
_COLUMNS = {"crossing": "half_life", "decay": "decay_half_life"}


def plot_forget_bias(medians: pd.DataFrame) -> Figure:
    """Draw half-lives at initialisation against the forget bias, with the closed form.

    Parameters
    ----------
    medians : DataFrame
        Table of `rnnlab.statistics.forget_bias_medians`: cell, state, path, forget_bias,
        closed_form, kind, median, low, high (steps), seeds.

    Returns
    -------
    Figure
        A panel for the first lag at which half is left, and one for the half-life of the decay.
        Filled markers: along all paths; hollow ones: the product of the gate that keeps. A
        half-life that is not reached is drawn above the others, as a triangle.
    """
    columns = (
        *("cell", "state", "path", "forget_bias", "closed_form", "kind"),
        *("median", "low", "high", "seeds"),
    )
    require_rows(
        medians, "medians", columns, "the table that rnnlab.statistics.forget_bias_medians returns"
    )
    finite = medians[["median", "closed_form"]].to_numpy(np.float64)
    top = 3 * float(finite[np.isfinite(finite)].max())
    kinds = [kind for kind in _KINDS if (medians["kind"] == kind).any()]
    with house_style():
        figure = Figure(figsize=(3.5 * len(kinds) + 2.6, 3.9), layout="constrained")
        axes = figure.subplots(1, len(kinds), sharex=True, sharey=True, squeeze=False)[0]
        for ax, kind in zip(axes, kinds, strict=True):
            _draw_biases(ax, medians[medians["kind"] == kind], medians, top)
            ax.set_title(_KINDS[kind])
            ax.set_xlabel("bias b of the gate that keeps the memory")
        axes[0].set_yscale("log")
        axes[0].set_ylabel("half-life of the gradient (steps)")
        legend_beside(axes[-1])
        unreached = bool(np.isinf(medians["median"]).any())
        caption(
            figure,
            "Half-life of the gradient of the memory at initialisation, for all paths and for the "
            "product of the gate that keeps, on top of the closed form of a gate that stays at its "
            "bias. Left: steps until half is left. Right: from the slope of the logarithm from lag "
            "1 on.",
            medians_of(medians["seeds"]).replace("band", "bars"),
            "Large triangles at the top: not within the sequence, or no decay."
            if unreached
            else "",
        )
    return figure


def _draw_biases(ax: Axes, rows: pd.DataFrame, everything: pd.DataFrame, top: float) -> None:
    styles = cell_styles(everything["cell"])
    several = everything.groupby("cell")["state"].nunique() > 1
    form = rows[["forget_bias", "closed_form"]].drop_duplicates().sort_values("forget_bias")
    ax.plot(
        form["forget_bias"], form["closed_form"], color=REFERENCE_COLOR, linewidth=4, alpha=0.5,
        label=r"$\ln\,½\,/\,\ln\,\sigma(b)$",
    )  # fmt: skip
    cells = in_order(everything["cell"])
    chosen = rows[rows["path"].isin(_WAYS)]
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
        ends = np.minimum(line[["low", "high"]].to_numpy(np.float64), top)
        ax.vlines(x, ends[:, 0], ends[:, 1], colors=style["color"], linewidth=1.0)
        ax.plot(
            x[never], y[never], linestyle="none", marker="^", markersize=8,
            color=style["color"], label=f"_{name} never",
        )  # fmt: skip


def plot_half_life_solving(solving: pd.DataFrame) -> Figure:
    """Draw updates until the task was solved against the half-life at initialisation.

    There is a point for each run.

    Parameters
    ----------
    solving : DataFrame
        solving.csv: cell, seed, state, half_life, decay_half_life (steps; inf), updates_to_solve
        (inf), updates. A state without a gradient has half-lives of NaN.

    Returns
    -------
    Figure
        A row for the first lag at which half is left and one for the half-life of the decay, a
        column for each state of the cells. Runs that were not solved are hollow, at the top;
        half-lives that are not reached are at the right edge.
    """
    columns = ("cell", "seed", "state", *_COLUMNS.values(), "updates_to_solve", "updates")
    require_rows(solving, "solving", columns, "the table of solving.csv")
    lives = solving[list(_COLUMNS.values())]
    known = lives.notna().any(axis=1)
    drawn = solving[known] if known.any() else solving
    states = in_order(drawn["state"])
    finite = lives.to_numpy(np.float64)[np.isfinite(lives.to_numpy(np.float64))]
    right = 2 * float(finite.max()) if finite.size else 1.0
    left = float(finite[finite > 0].min()) if (finite > 0).any() else right / 2
    ticks = [tick for tick in _TICKS if left / 1.2 < tick < right * 1.2]
    ticks = ticks if len(ticks) < 8 else ticks[:: -(-len(ticks) // 7)]
    budget = float(solving["updates"].max())
    with house_style():
        figure = Figure(figsize=(2.7 * len(states) + 2.2, 5.6), layout="constrained")
        grid = figure.subplots(2, len(states), sharex=True, sharey=True, squeeze=False)
        for row, (kind, column) in zip(grid, _COLUMNS.items(), strict=True):
            for ax, state in zip(row, states, strict=True):
                own = drawn[drawn["state"] == state].rename(columns={column: "steps"})
                _draw_runs(ax, own, cell_styles(solving["cell"]), right, budget)
                ax.set_title(f"state {state}")
                ax.set_xlabel(f"half-life at the start (steps),\n{_KINDS[kind]}")
                ax.tick_params(labelbottom=True)
            row[0].set_ylabel("updates until solved")
        axes = grid.ravel()
        axes[0].set_xscale("log")
        axes[0].set_xlim(left / 1.2, right * 1.2)
        axes[0].set_ylim(0, 1.14 * budget)
        for ax in axes:
            ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            ax.xaxis.set_minor_locator(NullLocator())
        handles: dict[str, Any] = {}
        for ax in axes:
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
                handles.setdefault(label, handle)
        legend_beside(grid[0, -1], handles=list(handles.values()))
        solved = solving.drop_duplicates(["cell", "seed"])["updates_to_solve"]
        seeds = solving.groupby("cell")["seed"].nunique()
        silent = solving[~known].groupby(["cell", "state"], sort=False)
        without = "; ".join(f"{cell} {state} in {len(own)} runs" for (cell, state), own in silent)
        caption(
            figure,
            f"A point a run, {count_of_seeds(seeds)} a cell; {int(np.isfinite(solved).sum())} of "
            f"{len(solved)} solved the task. Hollow, above the dashed line: not solved in "
            f"{budget:.0f} updates.",
            "At the right edge: not within the sequence, or no decay."
            if np.isposinf(lives.to_numpy(np.float64)).any()
            else "",
            f"No gradient: {without}." if without else "",
        )
    return figure


def _draw_runs(
    ax: Axes, rows: pd.DataFrame, styles: dict[str, dict[str, Any]], right: float, budget: float
) -> None:
    for cell, runs in rows.groupby("cell", sort=False):
        style = styles[str(cell)]
        x = np.minimum(runs["steps"].to_numpy(np.float64), right)
        unsolved = np.isinf(runs["updates_to_solve"].to_numpy())
        y = np.where(unsolved, 1.08 * budget, runs["updates_to_solve"])
        ax.plot(
            x[~unsolved], y[~unsolved], linestyle="none", marker=style["marker"],
            color=style["color"], label=str(cell), markersize=6, **MARKER_EDGE,
        )  # fmt: skip
        if unsolved.any():  # an empty line without clipping would take up room
            ax.plot(
                x[unsolved], y[unsolved], linestyle="none", marker=style["marker"],
                color=style["color"], markerfacecolor="none", label=f"_{cell} unsolved",
                markersize=6, clip_on=False,
            )  # fmt: skip
    ax.axhline(budget, color=REFERENCE_COLOR, linewidth=0.8, linestyle=(0, (3, 3)), label="_budget")
