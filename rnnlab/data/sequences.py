"""Sequences: the rows of a table, grouped and in order of time."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd

from rnnlab.data.roles import Roles
from rnnlab.data.spelling import number_hint
from rnnlab.data.table import Table
from rnnlab.engine.protocol import Array


@dataclass(frozen=True)
class Sequences:
    """A table whose rows lie sequence by sequence, each in order of time.

    Attributes
    ----------
    table : Table
    names : list of str
        Of the sequences, in the order of their first row in the file.
    starts : int array (S + 1,)
        Sequence s is the rows starts[s] to starts[s + 1] - 1.
    """

    table: Table
    names: list[str]
    starts: Array

    def __len__(self) -> int:
        return len(self.names)

    @property
    def lengths(self) -> Array:
        """The time steps of each sequence (S,)."""
        return np.diff(self.starts)

    @property
    def spans(self) -> list[slice]:
        """The rows of each sequence."""
        return [slice(*ends) for ends in pairwise(self.starts.tolist())]

    def place(self, number: int, column: str | None = None) -> str:
        """Say where a sequence begins, and its name."""
        place = self.table.place(int(self.starts[number]), column)
        return f"{place}: sequence {self.names[number]}"

    @property
    def owners(self) -> Array:
        """The position of the sequence of each row (N,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def rows_of(self, chosen: Array) -> Array:
        """Return the positions of all rows of the sequences `chosen`."""
        return np.concatenate([np.arange(self.starts[s], self.starts[s + 1]) for s in chosen])

    def constant(self, column: str, what: str) -> list[str]:
        """Return the one value that a column has in each sequence.

        Raises
        ------
        ValueError
            If there are two, with the line of the second.
        """
        values = self.table.frame[column].to_numpy(object)
        for span in self.spans:
            other = np.flatnonzero(values[span] != values[span.start])
            if other.size:
                row = int(span.start + other[0])
                raise ValueError(
                    f"{self.table.place(row, column)}: {what} must be the same in all rows of a "
                    f"sequence, got {values[row]!r} after {values[span.start]!r}: correct it"
                )
        return [str(values[start]) for start in self.starts[:-1]]


def group(table: Table, roles: Roles) -> Sequences:
    """Group the rows of a table, and check their times.

    Raises
    ------
    ValueError
        At a row without a sequence or a time, and at a time that comes twice or does not grow.
    """
    unnamed = np.flatnonzero(table.is_missing(roles.sequence, number=False))
    if unnamed.size:
        place = table.place(int(unnamed[0]), roles.sequence)
        raise ValueError(f"{place}: a row must name its sequence, got nothing: fill it in")
    codes, names = pd.factorize(table.frame[roles.sequence])
    order = np.argsort(codes, kind="stable")
    table, codes = table.take(order), codes[order]
    if roles.time is not None:
        _check_times(table, roles, codes)
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    return Sequences(table, [str(name) for name in names], np.append(starts, len(codes)))


def time_steps(table: Table, column: str) -> Array:
    """Return the signs of the steps from each row's time to that of the next, int (N - 1,).

    Times are numbers, or dates and times of day in ISO 8601. They are compared exactly, whatever
    their size.

    Raises
    ------
    ValueError
        At the first value that is missing or neither, with its line.
    """
    if table.holds_numbers(column):
        numbers = table.numbers(column, missing="give every row its time")
        before, now = numbers[:-1], numbers[1:]
        steps = (now > before).astype(int) - (now < before)
        words = table.frame[column].to_numpy(object)
        # float64 keeps the order of numbers, but for those that it takes for equal
        for row in np.flatnonzero(steps == 0).tolist():
            now, after = words[row], words[row + 1]
            if now != after:
                one, other = Decimal(now), Decimal(after)
                steps[row] = int(other > one) - int(other < one)
        return steps
    stamps = pd.to_datetime(table.frame[column], errors="coerce", format="ISO8601", utc=True)
    wrong = np.flatnonzero(stamps.isna())
    if wrong.size:
        row = int(wrong[0])
        hint = number_hint(str(table.frame[column].iloc[row]))
        raise ValueError(
            f"{table.place(row, column)}: must be a number or a date such as 2024-05-31 or "
            f"2024-05-31T08:30, got {table.frame[column].iloc[row]!r}: {hint or 'correct it'}"
        )
    finer = np.flatnonzero(table.frame[column].str.contains(r"[.,]\d{10}"))
    if finer.size:
        row = int(finer[0])
        raise ValueError(
            f"{table.place(row, column)}: a date must have 9 decimals of a second at most, got "
            f"{table.frame[column].iloc[row]!r}: give such times as numbers"
        )
    return np.sign(np.diff(stamps.astype("int64").to_numpy()))


def _check_times(table: Table, roles: Roles, codes: Array) -> None:
    column = roles.time
    if column is None:
        return
    steps = time_steps(table, column)
    wrong = np.flatnonzero((steps <= 0) & (np.diff(codes) == 0))
    if not wrong.size:
        return
    row = int(wrong[0]) + 1
    now, before = table.frame[column].iloc[row], table.frame[column].iloc[row - 1]
    name = table.frame[roles.sequence].iloc[row]
    if steps[row - 1] == 0:
        raise ValueError(
            f"{table.place(row, column)}: a time must come once in a sequence, got {now} of "
            f"sequence {name} again after line {table.lines[row - 1]}: drop one of the two rows"
        )
    raise ValueError(
        f"{table.place(row, column)}: times must grow within a sequence, got {now} after "
        f"{before} in sequence {name}: sort the file by {roles.sequence} and {column}"
    )
