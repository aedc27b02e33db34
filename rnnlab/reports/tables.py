"""Tables as the page shows them: rounded, an interval beside its number, headers in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rnnlab.plotting.names import words
from rnnlab.reports.words import mean_of, number, p_text

Row = Mapping[Any, Any]


@dataclass(frozen=True)
class Table:
    """A table of the page.

    Attributes
    ----------
    caption : str
    headers : list of str
    rows : list of list of str
        The first of each is the header of its row.
    name : str
        Of the table that has the numbers in full: one of the report's, or a file of the result.
    """

    caption: str
    headers: list[str]
    rows: list[list[str]]
    name: str


def outcomes_table(
    outcomes: pd.DataFrame, by: list[str], tuned: list[str], caption: str, name: str
) -> Table:
    """Return the outcome of every cell in every condition, with what was chosen for it."""
    mean = mean_of(str(outcomes["metric"].iloc[0]))
    columns: dict[str, Callable[[Row], str]] = {
        "cell": lambda row: str(row["cell"]),
        **{words(name): _value_of(name) for name in by},
        "seeds": lambda row: str(row["seeds"]),
        mean: lambda row: _interval(row, "mean", "mean_low", "mean_high"),
        "solved": lambda row: f"{row['solved']} of {row['seeds']}",
        "success rate": lambda row: _interval(row, "success_rate", "success_low", "success_high"),
        "updates until half are solved": _updates,
    }
    if outcomes["diverged"].any():
        columns["diverged"] = lambda row: str(row["diverged"])
    columns |= {f"best {words(name)}": _value_of(name) for name in tuned}
    return _table(outcomes, columns, caption, name)


def overall_table(overall: pd.DataFrame, caption: str, name: str) -> Table:
    """Return the result of every cell over all conditions."""
    mean = mean_of(str(overall["metric"].iloc[0]))
    columns: dict[str, Callable[[Row], str]] = {
        "cell": lambda row: str(row["cell"]),
        "conditions": lambda row: str(row["conditions"]),
        "runs": lambda row: str(row["runs"]),
        mean: lambda row: number(float(row["mean"])),
        "solved": lambda row: f"{row['solved']} of {row['runs']}",
    }
    return _table(overall, columns, caption, name)


def comparison_table(comparison: pd.DataFrame, caption: str, name: str) -> Table:
    """Return every pair of cells."""
    columns: dict[str, Callable[[Row], str]] = {
        "pair": lambda row: f"{row['cell_a']} over {row['cell_b']}",
        "probability of improvement": lambda row: _interval(
            row, "probability", "ci_low", "ci_high"
        ),
        "p after Holm's correction": lambda row: _p(row["p_holm"]),
        "runs": lambda row: f"{row['runs_a']} and {row['runs_b']}",
        "conditions": lambda row: str(row["conditions"]),
    }
    return _table(comparison, columns, caption, name)


def _table(
    frame: pd.DataFrame, columns: Mapping[str, Callable[[Row], str]], caption: str, name: str
) -> Table:
    records = frame.to_dict("records")
    rows = [[write(record) for write in columns.values()] for record in records]
    intervals = any(text.endswith(")") for row in rows for text in row[1:])
    note = "; in brackets the 95 % interval" if intervals else ""
    return Table(f"{caption}{note}", list(columns), rows, name)


def _value_of(name: str) -> Callable[[Row], str]:
    def write(row: Row) -> str:
        value = row[name]
        if isinstance(value, float):
            return "" if math.isnan(value) else f"{value:g}"
        return "" if value is None else str(value)

    return write


def _interval(row: Row, middle: str, low: str, high: str) -> str:
    values = [float(row[name]) for name in (middle, low, high)]
    if math.isnan(values[0]):
        return "none"
    value, least, most = map(number, values)
    return value if math.isnan(float(row[low])) else f"{value} ({least} to {most})"


def _updates(row: Row) -> str:
    median, low, high = (
        float(row[name]) for name in ("updates_to_solve", "updates_low", "updates_high")
    )
    if math.isinf(low):
        return "not seen"
    interval = f"{number(low)} or more" if math.isinf(high) else f"{number(low)} to {number(high)}"
    return f"{'not seen' if math.isinf(median) else number(median)} ({interval})"


def _p(value: float) -> str:
    return "none" if math.isnan(value) else p_text(value).removeprefix("p = ").removeprefix("p ")
