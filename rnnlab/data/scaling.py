"""Scaling of numbers, and errors at numbers that cannot be scaled."""

from __future__ import annotations

import math
from typing import NoReturn

import numpy as np

from rnnlab.data.table import Table
from rnnlab.engine.protocol import Array


def scaled(numbers: Array, mean: float, scale: float) -> Array:
    """Return (numbers - mean) / scale in float32; infinite where it is too large."""
    with np.errstate(over="ignore", invalid="ignore"):
        found: Array = ((numbers - mean) / scale).astype(np.float32)
    return found


def require_finite(numbers: Array, table: Table, column: str) -> None:
    """Raise a ValueError at the first of a column's scaled numbers that is not finite."""
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        _refuse(table, column, int(wrong[0]))


def mean_and_scale(values: Array, table: Table, column: str) -> tuple[float, float]:
    """Return mean and standard deviation of a column; (value, 1) if it never changes.

    Parameters
    ----------
    values : float64 (N,)
        The numbers of the column that are not missing.
    table : Table
        The table, for the line of a number that is too large.
    column : str
    """
    if values.min() == values.max():
        return float(values[0]), 1.0
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        mean, scale = float(values.mean()), float(values.std())
    if not (math.isfinite(mean) and math.isfinite(scale)):
        _refuse(table, column, int(np.nanargmax(np.abs(table[column].numbers))))
    if scale == 0:
        raise ValueError(
            f'{table.name}, column "{column}": numbers must differ by more than 1e-150, got '
            f"{values.min():g} to {values.max():g}: give them in another unit"
        )
    return mean, scale


def _refuse(table: Table, column: str, row: int) -> NoReturn:
    raise ValueError(
        f"{table.place(row, column)}: a number must stay finite when it is scaled, got "
        f"{table[column].words[row]}, which is too far from the others: correct it, or leave the "
        "field empty"
    )
