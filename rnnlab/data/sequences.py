"""Sequences: the rows of a table, grouped and in order of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
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
    """A table whose rows are grouped by sequence, each in order of time.

    Attributes
    ----------
    table : Table
    names : list of str
        Names of the sequences, in the order of their first row in the file.
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
        """Time steps of each sequence (S,)."""
        return np.diff(self.starts)

    @property
    def spans(self) -> list[slice]:
        """The rows of each sequence."""
        return [slice(*ends) for ends in pairwise(self.starts.tolist())]

    def place(self, number: int, column: str | None = None) -> str:
        """Return the place and the name of a sequence, for messages."""
        place = self.table.place(int(self.starts[number]), column)
        return f"{place}: sequence {self.names[number]}"

    @property
    def owners(self) -> Array:
        """The position of the sequence of each row (N,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def rows_of(self, chosen: Array) -> Array:
        """Return the positions of all rows of the sequences `chosen`."""
        return np.concatenate([np.arange(self.starts[s], self.starts[s + 1]) for s in chosen])

    def cut(self, rows: Array) -> list[Array]:
        """Return an array with an entry for each row, cut into sequences."""
        return np.split(rows, self.starts[1:-1])

    def as_kinds(self, text: Iterable[str], numbers: Iterable[str] = ()) -> Sequences:
        """Return the sequences with some columns taken as text, and others as numbers."""
        return replace(self, table=self.table.as_kinds(text, numbers))

    def constant(self, column: str, what: str) -> list[str]:
        """Return the one value that a column has in each sequence.

        Raises
        ------
        ValueError
            If a sequence has two, with the line of the second.
        """
        values = self.table[column].words
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
    """Group the rows of a table by sequence, and check their times.

    Raises
    ------
    ValueError
        At a row without a sequence or a time, and at a time that is repeated or decreases.
    """
    words = table[roles.sequence].words
    unnamed = np.flatnonzero(words == "")
    if unnamed.size:
        place = table.place(int(unnamed[0]), roles.sequence)
        raise ValueError(f"{place}: a row must name its sequence: fill it in")
    codes, names = pd.factorize(words)
    order = np.argsort(codes, kind="stable")
    table, codes = table.take(order), codes[order]
    if roles.time is not None:
        _check_times(table, roles, roles.time, codes)
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    return Sequences(table, [str(name) for name in names], np.append(starts, len(codes)))


def time_steps(table: Table, column: str) -> Array:
    """Return the signs of the steps from each row's time to that of the next, int (N - 1,).

    Times are numbers, or dates and times of day in ISO 8601. They are compared exactly, for any
    size.

    Raises
    ------
    ValueError
        At the first value that is missing or neither, with its line.
    """
    words = table[column].words
    if table[column].is_number:
        numbers = table.numbers(column, missing="give every row its time")
        before, now = numbers[:-1], numbers[1:]
        steps = (now > before).astype(int) - (now < before)
        # float64 keeps the order of numbers, except for those that it rounds to the same value
        for row in np.flatnonzero(steps == 0).tolist():
            now, after = words[row], words[row + 1]
            if now != after:
                one, other = Decimal(now), Decimal(after)
                steps[row] = int(other > one) - int(other < one)
        return steps
    texts = pd.Series(words, dtype=object)
    stamps = pd.to_datetime(texts, errors="coerce", format="ISO8601", utc=True)
    wrong = np.flatnonzero(stamps.isna())
    if wrong.size:
        row = int(wrong[0])
        hint = number_hint(str(words[row]))
        raise ValueError(
            f"{table.place(row, column)}: must be a number or a date such as 2024-05-31 or "
            f"2024-05-31T08:30, got {words[row]!r}: {hint or 'correct it'}"
        )
    finer = np.flatnonzero(texts.str.contains(r"[.,]\d{10}"))
    if finer.size:
        row = int(finer[0])
        raise ValueError(
            f"{table.place(row, column)}: a date must have 9 decimals of a second at most, got "
            f"{words[row]!r}: give such times as numbers"
        )
    return np.sign(np.diff(stamps.astype("int64").to_numpy()))


def _check_times(table: Table, roles: Roles, column: str, codes: Array) -> None:
    steps = time_steps(table, column)
    wrong = np.flatnonzero((steps <= 0) & (np.diff(codes) == 0))
    if not wrong.size:
        return
    row = int(wrong[0]) + 1
    now, before = table[column].words[row], table[column].words[row - 1]
    name = table[roles.sequence].words[row]
    if steps[row - 1] == 0:
        raise ValueError(
            f"{table.place(row, column)}: a time must occur once in a sequence, got {now} of "
            f"sequence {name} again after line {table.lines[row - 1]}: drop one of the two rows"
        )
    raise ValueError(
        f"{table.place(row, column)}: times must increase within a sequence, got {now} after "
        f"{before} in sequence {name}: sort the file by {roles.sequence} and {column}"
    )
