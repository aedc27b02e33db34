"""Checks of the tables that figures are drawn from."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd


class NothingToDrawError(ValueError):
    """A table has no row: no cell of the study has what the figure shows."""


# Columns of text; all other required columns hold numbers.
_NAMES = {"cell", "task", "phase", "state", "status", "metric", "part", "gate", "path"}
_NAMES |= {"cell_a", "cell_b", "kind"}


def require_rows(table: pd.DataFrame, name: str, columns: Iterable[str], source: str) -> None:
    """Raise a ValueError unless `table` has rows with these columns; `source` is the remedy."""
    columns = list(columns)
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(
            f"{name} must have the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}, "
            f"got {', '.join(map(str, table.columns)) or 'none'}: pass {source}"
        )
    if table.empty:
        raise NothingToDrawError(
            f"{name} must have a row to draw and is empty: finish at least one run first"
        )
    texts = [
        column
        for column in columns
        if column not in _NAMES and not pd.api.types.is_numeric_dtype(table[column])
    ]
    if texts:
        raise ValueError(
            f"{name} must have numbers in the column {texts[0]}, got "
            f"{table[texts[0]].iloc[0]!r}: pass {source}"
        )


def count_of_seeds(seeds: pd.Series[int]) -> str:
    """Return the number of seeds of the points of a figure: "1 seed", "3 to 5 seeds"."""
    fewest, most = int(seeds.min()), int(seeds.max())
    if fewest == most:
        return f"{most} seed{'' if most == 1 else 's'}"
    return f"{fewest} to {most} seeds"
