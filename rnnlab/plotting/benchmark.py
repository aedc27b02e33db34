"""Rates of the engine and its peers, with that of NumPy's matrix product as a line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rnnlab.plotting.style import REFERENCE_COLOR, house_style

# Bars differ by hatching too, for prints in black and white.
_BARS: dict[str, dict[str, Any]] = {
    "rnnlab": {"color": "#0072B2"},
    "torch": {"color": "#E69F00", "hatch": "//"},
    "torch-loop": {"color": "#CC79A7", "hatch": "xx"},
    "jax-scan": {"color": "#56B4E9", "hatch": ".."},
}


def plot_benchmark(table: pd.DataFrame) -> Figure:
    """Draw the rate of every implementation at its best number of threads, a panel for each cell.

    Parameters
    ----------
    table : DataFrame
        benchmark.csv: cell, work, dtype, steps, batch, inputs, hidden, implementation, threads,
        gflops.

    Returns
    -------
    Figure
        Training steps, or inference where nothing else was measured. The dashed line is NumPy's
        product of two large matrices in the same run, the fastest of its medians.
    """
    work = "training" if (table["work"] == "training").any() else "inference"
    chosen = table[table["work"] == work]
    case = ["cell", "steps", "batch", "inputs", "hidden"]
    best = chosen.groupby([*case, "implementation"], sort=False)["gflops"].max()
    order = pd.MultiIndex.from_frame(chosen[case].drop_duplicates())  # unstacking sorts
    rates = best.unstack("implementation").reindex(order)
    limit = float(rates["sgemm"].max())
    names = [name for name in _BARS if name in rates]
    cells = list(dict.fromkeys(rates.index.get_level_values("cell")))
    with house_style():
        figure = Figure(figsize=(7.2, 0.7 + 2.3 * len(cells)), layout="constrained")
        axes = figure.subplots(len(cells), 1, sharex=True, squeeze=False)[:, 0]
        for ax, cell in zip(axes, cells, strict=True):
            part = rates.xs(cell, level="cell")
            labels = [f"{t}, {b}, {i}, {h}" for t, b, i, h in part.index]
            rows = np.arange(len(part))
            present = [name for name in names if part[name].notna().any()]
            height = 0.8 / len(present)
            for number, name in enumerate(present):
                ax.barh(
                    rows + (number - (len(present) - 1) / 2) * height,
                    part[name],
                    height,
                    label=name,
                    edgecolor="white",
                    linewidth=0.4,
                    **_BARS[name],
                )
            ax.axvline(limit, color=REFERENCE_COLOR, linestyle="--", linewidth=1)
            ax.set_yticks(rows, labels)
            ax.invert_yaxis()
            ax.grid(axis="y", visible=False)
            ax.set_title(cell)
            ax.set_ylabel("T, B, I, H")
            ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
        axes[-1].set_xlabel(f"arithmetic of the matrix products, {work} (GFLOP/s)")
        axes[0].annotate(
            f"NumPy product {limit:.0f}",
            (limit, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            color=REFERENCE_COLOR,
        )
    return figure
