"""Checks of input tables, and the order of output tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd


def require_columns(table: pd.DataFrame, name: str, columns: Iterable[str]) -> None:
    """Raise a ValueError that names the columns which `table` lacks."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(
            f"{name} must have the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}, "
            f"got {', '.join(map(str, table.columns)) or 'none'}: pass the table as it was written"
        )


def require_unique(table: pd.DataFrame, name: str, keys: Sequence[str], remedy: str) -> None:
    """Raise a ValueError if two rows of `table` have the same keys."""
    twice = table.duplicated(list(keys))
    if twice.any():
        first = table.loc[twice, list(keys)].iloc[0]
        which = ", ".join(f"{key} {first[key]}" for key in keys)
        raise ValueError(
            f"{name} must have one row for each {', '.join(keys)}, got several for {which}: "
            f"{remedy}"
        )


def order_of_appearance(values: Iterable[Any]) -> dict[Any, int]:
    """Map each different value to its number in the order of first appearance."""
    return {value: number for number, value in enumerate(dict.fromkeys(values))}


def in_order_of_cells(table: pd.DataFrame, source: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by the first appearance of their cell in `source`, stable within a cell."""
    rank = order_of_appearance(source["cell"])
    ordered = table.sort_values("cell", key=lambda cell: cell.map(rank), kind="stable")
    return ordered.reset_index(drop=True)
