"""Tables of the page: rounded numbers, each with its interval, and headers in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rnnlab.reports.words import number
from rnnlab.texts import setting_text

Row = Mapping[Any, Any]
#: From the header of a column to the function that writes its cell of a row.
Columns = Mapping[str, Callable[[Row], str]]


@dataclass(frozen=True)
class Table:
    """A table of the page.

    Attributes
    ----------
    caption : str
    headers : list of str
    rows : list of list of str
        The first entry of each is the header of the row.
    name : str
        Name of the table with the full numbers: one of the report's, or a file of the result.
    """

    caption: str
    headers: list[str]
    rows: list[list[str]]
    name: str


def table_of(frame: pd.DataFrame, columns: Columns, caption: str, name: str) -> Table:
    """Return a DataFrame as a table of the page; the caption explains intervals if there are any.

    Parameters
    ----------
    frame : DataFrame
    columns : mapping of str to callable
        From the header of a column to the function that writes its cell of a row.
    caption : str
    name : str
        Name of the table with the full numbers.
    """
    records = frame.to_dict("records")
    rows = [[write(record) for write in columns.values()] for record in records]
    intervals = any(text.endswith(")") for row in rows for text in row[1:])
    note = "; in brackets the 95 % interval" if intervals else ""
    return Table(f"{caption}{note}", list(columns), rows, name)


def text_of(name: str) -> Callable[[Row], str]:
    """Return the function that writes a setting of a row; a gap is empty.

    Examples
    --------
    >>> text_of("lr")({"lr": 0.001}), text_of("lr")({"lr": math.nan})
    ('0.001', '')
    """

    def write(row: Row) -> str:
        value = row[name]
        missing = value is None or (isinstance(value, float) and math.isnan(value))
        return "" if missing else setting_text(value)

    return write


def interval_of(middle: str, low: str, high: str) -> Callable[[Row], str]:
    """Return the function that writes the number in the column `middle` with its interval.

    Examples
    --------
    >>> interval_of("mean", "low", "high")({"mean": 0.5, "low": 0.25, "high": 0.75})
    '0.50 (0.25 to 0.75)'
    """

    def write(row: Row) -> str:
        values = [float(row[name]) for name in (middle, low, high)]
        if math.isnan(values[0]):
            return "none"
        value, least, most = map(number, values)
        return value if math.isnan(values[1]) else f"{value} ({least} to {most})"

    return write
