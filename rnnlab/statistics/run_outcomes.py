"""Outcomes of runs: each run reduced to one value, the input of all comparisons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.diverged import DIVERGED, as_without_model, worse_than_all
from rnnlab.statistics._tables import order_of_appearance, require_columns, require_unique
from rnnlab.texts import setting_text


def conditions_of(metrics: pd.DataFrame) -> list[str]:
    """Return the settings that a study varies in addition to its cells.

    The first columns of metrics.csv identify the run of a row: these are the columns before `seed`
    without the cell.

    Raises
    ------
    ValueError
        If the column `cell` or `seed` is missing.

    Examples
    --------
    >>> conditions_of(pd.DataFrame(columns=["cell", "delay", "lr", "seed", "update", "loss"]))
    ['delay', 'lr']
    """
    require_columns(metrics, "metrics", ("cell", "seed"))
    names = list(metrics.columns)
    return [name for name in names[: names.index("seed")] if name != "cell"]


def labelled(metrics: pd.DataFrame, settings: Sequence[str]) -> pd.DataFrame:
    """Move settings from their columns into the labels of cells.

    The columns that remain between `cell` and `seed` are conditions, within which cells are
    compared. Values of a setting in the labels are compared like cells.

    Parameters
    ----------
    metrics : DataFrame
        A row for each evaluation. It is not modified.
    settings : sequence of str
        Columns such as forget_bias. A gap means that the cell has no such setting.

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> metrics = pd.DataFrame({"cell": "lstm", "forget_bias": [0.0, 1.0, None], "seed": 0})
    >>> labelled(metrics, ["forget_bias"])["cell"].tolist()
    ['lstm,forget_bias=0', 'lstm,forget_bias=1', 'lstm']
    """
    require_columns(metrics, "metrics", ("cell", *settings))
    cells = metrics["cell"].astype(str)
    for name in settings:
        more = metrics[name].map(lambda value, name=name: f",{name}={setting_text(value)}")
        cells = cells.where(metrics[name].isna(), cells + more)
    return metrics.assign(cell=cells).drop(columns=list(settings))


def runs_of(
    metrics: pd.DataFrame,
    metric: str,
    *,
    higher_is_better: bool = True,
    solved: Callable[[float], bool] | None = None,
    by: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Reduce every run to its result.

    Parameters
    ----------
    metrics : DataFrame
        A row for each evaluation: cell, the settings in `by`, seed, update and `metric`; a column
        `status` is "diverged" in the last row of a diverged run. It is not modified.
    metric : str
        The headline metric, a column.
    higher_is_better : bool
        False for a loss.
    solved : callable, optional
        From a value of `metric` to whether it solves the task; without it, nothing is solved.
    by : sequence of str, optional
        The settings that vary; by default the columns before `seed`.

    Returns
    -------
    DataFrame
        A row for each run, in the order of first appearance: cell, those in `by`, seed, then

        - value: `metric` at the last evaluation. A diverged run has the value of its last row or,
          where that is NaN, infinity for a loss and minus infinity otherwise (`rnnlab.diverged`).
        - diverged: whether the run diverged
        - solved: whether some evaluation solves the task, also one before the run diverged
        - watched: updates to the first such evaluation or, right-censored, to the run's last one.
          A run that diverged unsolved is censored at the largest number of updates in the table: it
          would not have solved the task later.

    Raises
    ------
    ValueError
        If a column is missing, an evaluation is there twice, or a run that did not diverge has NaN.

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {
    ...         "cell": "gru",
    ...         "delay": 10,
    ...         "seed": [0, 0, 1, 1],
    ...         "update": [100, 200, 100, 150],
    ...         "mse": [0.1, 0.001, 0.2, float("nan")],
    ...         "status": ["ok", "ok", "ok", "diverged"],
    ...     }
    ... )
    >>> runs = runs_of(metrics, metric="mse", higher_is_better=False, solved=lambda mse: mse < 0.01)
    >>> runs[["value", "diverged", "solved", "watched"]].to_numpy().tolist()
    [[0.001, False, True, 200], [inf, True, False, 200]]
    """
    by = conditions_of(metrics) if by is None else list(by)
    keys = ["cell", *by, "seed"]
    table = checked(metrics, metric, by)
    values = with_worst(table, metric, higher_is_better)
    right = values.map(lambda value: bool(solved(value))) if solved else values.isna()
    table = table.assign(value=values, solved=right).sort_values("update", kind="stable")
    budget = table["update"].max()
    rows = []
    for key, run in table.groupby(keys, sort=False, dropna=False):
        last = run.iloc[-1]
        first = run.loc[run["solved"], "update"].min()
        broken = last["status"] == DIVERGED
        ended = budget if broken else last["update"]
        done = not pd.isna(first)
        rows.append((*key, last["value"], broken, done, int(first if done else ended)))
    columns = [*keys, "value", DIVERGED, "solved", "watched"]
    return in_order(pd.DataFrame(rows, columns=columns), metrics, keys)


def groups_of(table: pd.DataFrame, keys: Sequence[str]) -> dict[tuple[Any, ...], pd.DataFrame]:
    """Return the rows for each combination of `keys`, in the order of first appearance."""
    if not keys:
        return {(): table}
    return dict(list(table.groupby(list(keys), sort=False, dropna=False)))


def checked(metrics: pd.DataFrame, metric: str, by: Sequence[str]) -> pd.DataFrame:
    """Return `metrics` with a column `status`; raise a ValueError if it is not a valid table."""
    rows = ("cell", *by, "seed", "update")
    require_columns(metrics, "metrics", (*rows, metric))
    require_unique(metrics, "metrics", rows, "name the setting that varies in `by`")
    if not pd.api.types.is_numeric_dtype(metrics[metric]):
        raise ValueError(
            f"{metric} must be a column of numbers, got {metrics[metric].dtype}: "
            "name a metric of the task"
        )
    table = metrics if "status" in metrics else metrics.assign(status="ok")
    lost = table[metric].isna() & (table["status"] != DIVERGED)
    if lost.any():
        first = table.loc[lost, list(rows)].iloc[0]
        which = ", ".join(f"{key} {first[key]}" for key in rows)
        raise ValueError(
            f"{metric} must be a number unless a run diverged, got NaN for {which}: "
            "mark that run as diverged, or leave it out and say so"
        )
    return table


def with_worst(table: pd.DataFrame, metric: str, higher_is_better: bool) -> pd.Series[float]:
    """Return the column `metric`, with NaN as worse than every number."""
    values = worse_than_all(table[metric], higher_is_better=higher_is_better)
    return pd.Series(values, index=table.index)


def in_order(table: pd.DataFrame, metrics: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Sort rows by cell as `metrics` names them first, then by the other keys.

    Numbers are in increasing order, other values in the order of first appearance.
    """
    places = pd.DataFrame(
        {
            name: table[name]
            if name != "cell" and pd.api.types.is_numeric_dtype(metrics[name])
            else table[name].map(order_of_appearance(metrics[name]), na_action=None)
            for name in keys
        }
    )
    order = places.sort_values(list(keys), kind="stable").index
    return table.loc[order].reset_index(drop=True)


def sample(runs: pd.DataFrame) -> NDArray[np.float64]:
    """Return the values of some runs, sorted, so that rounding does not depend on their order."""
    return np.sort(runs["value"].to_numpy(np.float64))


def defined(runs: pd.DataFrame, undefined: float) -> NDArray[np.float64]:
    """Return the values of some runs, sorted, as they count in a mean (`rnnlab.diverged`)."""
    return as_without_model(sample(runs), undefined)


def mean_value(runs: pd.DataFrame, undefined: float) -> float:
    """Return the mean of the values of some runs, clipped to their range because of rounding."""
    values = defined(runs, undefined)
    return float(np.clip(values.mean(), values.min(), values.max()))
