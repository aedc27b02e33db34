"""Tables of a result as they are read, checked whoever wrote them.

Every error is a ValueError of one line with the file, the column and the row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab.characters import is_plain
from rnnlab.experiments.results.reading import AGAIN, in_short, read_text

# Columns that name something, and columns that count; what else is in a table depends on the study.
NAMES = frozenset(
    [
        *("cell", "task", "phase", "state", "status", "metric", "part", "gate", "path"),
        *("cell_a", "cell_b"),
    ]
)
_COUNTS = (
    *("seed", "seeds", "update", "epoch", "lag", "at_risk", "runs", "runs_a", "runs_b"),
    "parameters",
)


_LONGEST = 1000  # letters of a text


def to_csv(table: pd.DataFrame, *, header: bool = True) -> str:
    """Return a table as CSV; every float reads back as the same number."""
    return str(table.to_csv(index=False, header=header, lineterminator="\n"))


def read_csv(path: Path | io.StringIO) -> pd.DataFrame:
    """Read a table as `to_csv` wrote it: the same numbers, labels as text even if they say NA."""
    return pd.read_csv(
        path,
        dtype={"cell": "str", "task": "str"},
        keep_default_na=False,
        na_values=[""],
        encoding="utf-8",
    )


def line_of(key: Sequence[Any]) -> str:
    """Return the beginning of a run's rows, as text.

    Examples
    --------
    >>> line_of(("lstm,forget_bias=0", 10, None, 0))
    '"lstm,forget_bias=0",10,,0'
    """
    return to_csv(pd.DataFrame([[*key]], dtype=object), header=False).rstrip("\n")


def plan_of(columns: Sequence[str], points: Iterable[Sequence[Any]], seeds: int) -> dict[str, Any]:
    """Return the planned runs of a study as a manifest holds them: each point, for all seeds.

    Examples
    --------
    >>> plan_of(["cell", "delay"], [("gru", 10), ("gru", 20)], seeds=3)
    {'columns': ['cell', 'delay'], 'points': ['gru,10', 'gru,20'], 'seeds': 3}
    """
    lines = dict.fromkeys(line_of(point) for point in points)
    return {"columns": list(columns), "points": list(lines), "seeds": seeds}


def read_table(path: Path, needed: Sequence[str] = ()) -> pd.DataFrame | None:
    """Return a table of a result, None if there is no such file.

    Parameters
    ----------
    path : Path
    needed : sequence of str
        Columns that it must have.

    Raises
    ------
    ValueError
        If it is no table, lacks a column, or one holds what it cannot.
    """
    text = read_text(path)
    if text is None:
        return None
    header = _header(path, text)
    missing = [name for name in needed if name not in header]
    if missing:
        raise ValueError(
            f"{path} must have the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}, "
            f"got {in_short(', '.join(header))}: {AGAIN}"
        )
    try:
        table = read_csv(io.StringIO(text))
    except (ValueError, OverflowError) as error:  # of pandas: rows of different lengths
        raise ValueError(f"{path} must be a table, got: {in_short(str(error))}; {AGAIN}") from None
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes what is too much for an index
        raise ValueError(f"{path} must have as many fields in each row as columns: {AGAIN}")
    for name in header if len(table) else ():
        _check_column(path, name, table[name])
    return table


def require_numbers(path: Path, table: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise a ValueError unless columns of a table hold numbers."""
    for name in names:
        if name in table and not _is_number(table[name]):
            _refuse_column(path, name, "numbers", table[name], ~_are_numbers(table[name]))


def _header(path: Path, text: str) -> list[str]:
    try:
        header = next(csv.reader([text.partition("\n")[0]]), [])
    except csv.Error as error:
        raise ValueError(f"{path} must be a table, got: {error}; {AGAIN}") from None
    empty = not header or "\0" in text
    if empty or not all(name.strip() and is_plain(name) for name in header):
        raise ValueError(
            f"{path} must be a table whose first line names its columns, got "
            f"{in_short(repr(text[:60]))}: {AGAIN}"
        )
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise ValueError(
            f"{path} must have every column once, got {in_short(twice[0])} twice: {AGAIN}"
        )
    return header


def _check_column(path: Path, name: str, values: pd.Series[Any]) -> None:
    if name in _COUNTS:
        numbers = pd.to_numeric(values, errors="coerce")
        bad = ~((numbers >= 0) & (numbers <= 2**53) & (numbers == numbers.round()))
        if name == "epoch":  # the rows of a task have no epochs
            bad &= values.notna()
        if bad.any() or not _is_number(values):
            _refuse_column(path, name, "whole numbers of at least 0", values, bad)
    elif name in NAMES or not _is_number(values):
        bad = ~values.map(_is_plain_value)
        if name in NAMES and name != "part":  # the rows of a task have no part
            bad |= values.isna() | (values.astype("str").str.strip() == "")
        if bad.any():
            _refuse_column(path, name, "text without control characters", values, bad)


def _is_plain_value(value: Any) -> bool:
    """Return whether a value, if it is a text, can be shown as it is."""
    return not isinstance(value, str) or (len(value) <= _LONGEST and is_plain(value))


def _is_number(values: pd.Series[Any]) -> bool:
    return bool(
        pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_unsigned_integer_dtype(values)
    )


def _are_numbers(values: pd.Series[Any]) -> pd.Series[bool]:
    return pd.to_numeric(values, errors="coerce").notna()


def _refuse_column(
    path: Path, name: str, must: str, values: pd.Series[Any], bad: pd.Series[bool]
) -> None:
    row = int(bad.to_numpy().argmax())
    raise ValueError(
        f"{path} must have {must} in the column {in_short(name)}, got "
        f"{in_short(repr(values.iloc[row]))} in row {row + 1}: {AGAIN}"
    )
