"""Checks of the tables that come in."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd


class NothingToDrawError(ValueError):
    """A table has no row: no cell of the study has what the figure shows."""


def require_rows(table: pd.DataFrame, name: str, columns: Iterable[str], source: str) -> None:
    """Raise a ValueError if `table`, which comes from `source`, lacks a column or has no row."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(
            f"{name} must have the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}, "
            f"got {', '.join(map(str, table.columns)) or 'none'}: pass {source}"
        )
    if table.empty:
        raise NothingToDrawError(
            f"{name} must have a row to draw, got none: let at least one run finish first"
        )


def count_of_seeds(seeds: pd.Series[int]) -> str:
    """Say how many seeds stand behind the points of a figure: "1 seed", "3 to 5 seeds"."""
    fewest, most = int(seeds.min()), int(seeds.max())
    if fewest == most:
        return f"{most} seed{'' if most == 1 else 's'}"
    return f"{fewest} to {most} seeds"
