"""Medians and bands over seeds for the figures of gradient flow, one function for each table.

Every function takes a table of the gradient-flow experiment as it was written and returns a row for
each point of the figure. `median` is the median over seeds, `low` and `high` are the 10th and the
90th percentile, as in `decay_bands`, which with fewer than 10 seeds span all of them; `seeds` is
the number of values. Cells are in the order of first appearance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rnnlab.statistics._percentiles import PERCENTS, percentile
from rnnlab.statistics._tables import in_order_of_cells, require_columns, require_unique

#: Bins of memory times in steps, ten for each decade.
TIME_EDGES = np.logspace(0, 4, 41)


def spectrum_medians(jacobians: pd.DataFrame) -> pd.DataFrame:
    """Reduce jacobians.csv: log10 of each singular value, by cell, phase, lag and index."""
    keys = ["cell", "phase", "lag", "index"]
    return over_seeds(jacobians, "jacobians", keys, "log10_singular_value")


def lyapunov_medians(lyapunov: pd.DataFrame) -> pd.DataFrame:
    """Reduce lyapunov.csv: exponents by cell, phase and index; `place` is from 0 to 1."""
    table = over_seeds(lyapunov, "lyapunov", ["cell", "phase", "index"], "exponent")
    count = table.groupby("cell")["index"].transform("max")
    return table.assign(place=(table["index"] - 0.5) / count)


def path_medians(paths: pd.DataFrame) -> pd.DataFrame:
    """Reduce paths.csv: log10 of the norm, by cell, phase, state, lag and path.

    For a cell that holds a memory along a direct path, only those states are kept.
    """
    keys = ["cell", "phase", "state", "lag", "path"]
    table = over_seeds(paths, "paths", keys, "log10_norm")
    first = table[(table["path"] == "direct") & (table["lag"] == 1) & np.isfinite(table["median"])]
    return _of_states(table, first)


def share_medians(shares: pd.DataFrame) -> pd.DataFrame:
    """Reduce shares.csv: the share of the gradient, by cell, phase, state, lag and path.

    For a cell that holds a memory along a direct path, only those states are kept.
    """
    keys = ["cell", "phase", "state", "lag", "path"]
    table = over_seeds(shares, "shares", keys, "share")
    first = table[(table["path"] == "direct") & (table["lag"] == 1) & (table["median"] != 0)]
    return _of_states(table, first)


def histogram_means(histogram: pd.DataFrame) -> pd.DataFrame:
    """Reduce gate-histogram.csv: the share of gate values in each bin, the mean over seeds."""
    keys = ["cell", "phase", "gate", "left", "right"]
    require_columns(histogram, "histogram", [*keys, "seed", "share"])
    grouped = histogram.groupby(keys, sort=False)["share"]
    table = grouped.agg(share="mean", seeds="count").reset_index()
    return in_order_of_cells(table, histogram)


def memory_time_shares(gates: pd.DataFrame) -> pd.DataFrame:
    """Reduce gates.csv to a histogram of memory times, over the units of all seeds.

    Returns
    -------
    DataFrame
        cell, phase, gate, left, right (steps, ten bins for each decade; the last one is unbounded),
        share (of units), seeds.
    """
    require_columns(gates, "gates", ["cell", "phase", "gate", "seed", "memory_time"])
    held = gates[gates["memory_time"].notna()]
    edges = np.append(TIME_EDGES, np.inf)
    parts = []
    for (cell, phase, gate), rows in held.groupby(["cell", "phase", "gate"], sort=False):
        bins = np.searchsorted(edges, rows["memory_time"], side="right") - 1
        counts = np.bincount(np.clip(bins, 0, len(edges) - 2), minlength=len(edges) - 1)
        point = {"cell": str(cell), "phase": str(phase), "gate": str(gate)}
        part = pd.DataFrame({"left": edges[:-1], "right": edges[1:], "share": counts / len(rows)})
        part = part.assign(**point)
        parts.append(part.assign(seeds=rows["seed"].nunique()))
    columns = ["cell", "phase", "gate", "left", "right", "share", "seeds"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return in_order_of_cells(table[columns], gates)


def training_medians(training: pd.DataFrame) -> pd.DataFrame:
    """Reduce training.csv, by cell, state, update and lag.

    Returns
    -------
    DataFrame
        cell, state, update, lag, relative (median over seeds of log10 of the norm by that at the
        first lag that has a gradient; NaN before it), ratio (median of log10_ratio), seeds.
    """
    keys = ["cell", "state", "update", "lag"]
    require_columns(training, "training", [*keys, "seed", "log10_norm", "log10_ratio"])
    run = ["cell", "seed", "state", "update"]
    there = training[np.isfinite(training["log10_norm"])].sort_values("lag").drop_duplicates(run)
    start = training[run].merge(there[[*run, "lag", "log10_norm"]], on=run, how="left")
    with np.errstate(invalid="ignore"):
        relative = training["log10_norm"] - start["log10_norm"].to_numpy()
    relative = relative.where(training["lag"].to_numpy() >= start["lag"].to_numpy())
    table = over_seeds(training.assign(relative=relative), "training", keys, "relative")
    ratio = over_seeds(training, "training", keys, "log10_ratio")
    table = table.rename(columns={"median": "relative"}).assign(ratio=ratio["median"])
    return table[[*keys, "relative", "ratio", "seeds"]]


def clipping_medians(clipping: pd.DataFrame) -> pd.DataFrame:
    """Reduce clipping.csv: the clip rate, by cell and update, and `grad_norm`, its median."""
    table = over_seeds(clipping, "clipping", ["cell", "update"], "clip_rate")
    norms = over_seeds(clipping, "clipping", ["cell", "update"], "grad_norm")
    return table.assign(grad_norm=norms["median"])


def forget_bias_medians(forget_bias: pd.DataFrame) -> pd.DataFrame:
    """Reduce forget-bias.csv: half-lives by cell, state, path, forget_bias, closed_form and kind.

    `kind` is "crossing", the first lag at which half is left, or "decay", from the slope.
    """
    keys = ["cell", "state", "path", "forget_bias", "closed_form"]
    kinds = {"crossing": "half_life", "decay": "decay_half_life"}
    parts = [
        over_seeds(forget_bias, "forget_bias", keys, column).assign(kind=kind)
        for kind, column in kinds.items()
    ]
    return pd.concat(parts, ignore_index=True)


def over_seeds(table: pd.DataFrame, name: str, keys: Sequence[str], value: str) -> pd.DataFrame:
    """Return the median and the band of `value` over seeds for every combination of `keys`.

    Parameters
    ----------
    table : DataFrame
        Columns `keys`, seed and `value`; infinite values are ranked, NaN is left out.
    name : str
        Name of the table in messages.
    keys : sequence of str
        Columns that identify a point, "cell" first.
    value : str

    Returns
    -------
    DataFrame
        `keys`, median, low, high, seeds. NaN where there is no number.

    Raises
    ------
    ValueError
        If a column is missing or a row comes twice.

    Examples
    --------
    >>> table = pd.DataFrame({"cell": "rnn", "seed": [0, 1, 2], "half_life": [1.0, np.inf, 2.0]})
    >>> over_seeds(table, "table", ["cell"], "half_life")[["median", "low", "high"]].values.tolist()
    [[2.0, 1.0, inf]]
    """
    keys = list(keys)
    require_columns(table, name, [*keys, "seed", value])
    require_unique(table, name, [*keys, "seed"], "keep the rows of one run only")
    columns = [*keys, *PERCENTS, "seeds"]
    if table.empty:
        return pd.DataFrame(columns=columns)
    wide = table.pivot(index=keys, columns="seed", values=value)
    wide = wide.reindex(
        pd.MultiIndex.from_frame(table[keys].drop_duplicates())
        if len(keys) > 1
        else table[keys[0]].drop_duplicates()
    )  # in the order of the table
    values = np.sort(wide.to_numpy(np.float64), axis=1)  # NaN comes last
    counts = (~np.isnan(values)).sum(axis=1)
    reduced = wide.index.to_frame(index=False)
    for column, percent in PERCENTS.items():
        reduced[column] = np.where(counts > 0, percentile(values, counts, percent), np.nan)
    return in_order_of_cells(reduced.assign(seeds=counts)[columns], table)


def _of_states(table: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Keep the states of each cell that are in `kept`, or all if none is."""
    wanted = set(zip(kept["cell"], kept["state"], strict=True))
    cells = {cell for cell, _ in wanted}
    pairs = zip(table["cell"], table["state"], strict=True)
    chosen = [pair in wanted or pair[0] not in cells for pair in pairs]
    return table[chosen].reset_index(drop=True)
