"""Tables with typed columns, from CSV files and DataFrames; every value knows its line."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from rnnlab.data.spelling import in_local_notation, number_hint, quoted, two_spellings
from rnnlab.engine.protocol import Array

#: Texts of a missing number. In a column of text only the empty field is missing.
MISSING = ("", "NA", "NaN", "nan", "null")
SHOWN = 20  # columns in a message
#: First bytes of files that are often taken for CSV files.
_SIGNATURES = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a gzip archive",
    b"\x89PNG": "a picture",
}


@dataclass(frozen=True)
class Column:
    """A column of a table: its texts, and the numbers that they are.

    Attributes
    ----------
    words : array (N,) of texts
        Texts of the file.
    numbers : float64 (N,)
        NaN where the text is missing or no number.
    absent : bool (N,)
        Where a number is missing.
    is_number : bool
        Whether it holds numbers: at least half of the values that are not missing. Numbers with a
        typing error among them are still numbers, so that the error is found.
    """

    words: Array
    numbers: Array
    absent: Array
    is_number: bool

    @classmethod
    def of(cls, words: Array) -> Column:
        """Return the column of some texts."""
        series = pd.Series(words, dtype=object)
        absent = series.isin(MISSING).to_numpy(bool)
        numbers = pd.to_numeric(series, errors="coerce").to_numpy(np.float64).copy()
        numbers[absent] = np.nan
        held = numbers[~absent]
        is_number = not len(held) or bool((~np.isnan(held)).mean() >= 0.5)
        return cls(words, numbers, absent, is_number)

    @property
    def missing(self) -> Array:
        """Where the column has no value, bool (N,): a number is missing, or the text is empty."""
        empty: Array = self.words == ""
        return self.absent if self.is_number else empty

    def take(self, rows: Array) -> Column:
        """Return some of the rows, by position."""
        return Column(self.words[rows], self.numbers[rows], self.absent[rows], self.is_number)


@dataclass(frozen=True)
class Table:
    """The rows of a file.

    Attributes
    ----------
    name : str
        Name of the table in messages.
    columns : dict of str to Column
    lines : int array (N,)
        The line of the file in which each row ends; the header is line 1.
    """

    name: str
    columns: Mapping[str, Column]
    lines: Array

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, column: str) -> Column:
        return self.columns[column]

    def place(self, row: int, column: str | None = None) -> str:
        """Return the file and line of a row, and the column of a value, for messages."""
        text = f"{self.name}, line {self.lines[row]}"
        return text if column is None else f'{text}, column "{column}"'

    def take(self, rows: Array) -> Table:
        """Return some of the rows, by position, in the order given."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        return Table(self.name, columns, self.lines[rows])

    def with_columns(self, columns: Mapping[str, Column]) -> Table:
        """Return the table with some of its columns replaced."""
        return replace(self, columns={**self.columns, **columns})

    def as_kinds(self, text: Iterable[str], numbers: Iterable[str] = ()) -> Table:
        """Return the table with some columns taken as text, and others as numbers."""
        kinds = {**dict.fromkeys(numbers, True), **dict.fromkeys(text, False)}
        return self.with_columns(
            {name: replace(self[name], is_number=kind) for name, kind in kinds.items()}
        )

    def require(self, columns: Sequence[str], what: str, remedy: str = "name one of these") -> None:
        """Raise a ValueError if a column does not exist; `remedy` is for a name like no other."""
        for column in columns:
            if column not in self.columns:
                names = [f'"{name}"' if "," in name else name for name in self.columns]
                rest = len(names) - SHOWN
                there = ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
                raise ValueError(
                    f"{self.name}: {what} must be one of {there}, got {column!r}: "
                    f"{_typing_error(column, self.columns) or remedy}"
                )

    def require_one_spelling(self, column: str, what: str) -> None:
        """Raise a ValueError if a column of words writes one value in two ways (1 and 1.0)."""
        words = self[column].words
        pair = two_spellings(word for word in pd.unique(words) if word)
        if pair is not None:
            first, second = (int(self.lines[words == word].min()) for word in pair)
            raise ValueError(
                f'{self.name}, lines {first} and {second}, column "{column}": {what} must be '
                f"written in one way, got {pair[0]!r} and {pair[1]!r}: write it as {pair[0]}; if "
                "they are two, give them names that are not one number"
            )

    def refuse_local_numbers(self, column: str, remedy: str) -> None:
        """Raise a ValueError if a column is made of numbers in local notation, such as 1,5."""
        words = self[column].words
        first = in_local_notation(word for word in words if word not in MISSING)
        if first is not None:
            row = int(np.flatnonzero(words == first)[0])
            raise ValueError(
                f"{self.place(row, column)}: numbers must be written with a point and without a "
                f"unit, got {first!r}: {number_hint(first)}, or {remedy}"
            )

    def numbers(
        self, column: str, *, missing: str | None = None, remedy: str = "correct it"
    ) -> Array:
        """Return a column of numbers, float64 (N,), NaN where they are missing.

        Parameters
        ----------
        column : str
        missing : str, optional
            How to fix a missing number, if none may be missing.
        remedy : str
            How to fix a value that is not a number.

        Raises
        ------
        ValueError
            At the first value that is not a finite number, with its line.
        """
        held = self[column]
        wrong = np.flatnonzero(~np.isfinite(held.numbers) & ~held.absent)
        if wrong.size:
            row = int(wrong[0])
            value = str(held.words[row])
            hint = number_hint(value)
            raise ValueError(
                f"{self.place(row, column)}: must be a number, got {value!r}: "
                f"{f'{hint}, or ' if hint else ''}{remedy}"
            )
        if missing is not None and held.absent.any():
            row = int(np.flatnonzero(held.absent)[0])
            raise ValueError(f"{self.place(row, column)}: a number is missing: {missing}")
        return held.numbers


def _typing_error(name: str, columns: Iterable[str]) -> str | None:
    """Return which column a missing one may mean, in words; c10 is no typing error for c9."""
    for column in columns:
        if "," in column and name in [part.strip() for part in column.split(",")]:
            return f"a name with a comma goes between quotes, as in {quoted(column)!r}"
    near = difflib.get_close_matches(name, columns, n=1, cutoff=0.7)
    if near and re.sub(r"\d+", "", near[0]) != re.sub(r"\d+", "", name):
        return f"did you mean {near[0]!r}?"
    return None


def read_table(source: str | Path | pd.DataFrame) -> Table:
    """Read a CSV file in UTF-8, or take a DataFrame as if it had been written as one.

    The columns of a DataFrame may have numbers as names; here they are text.

    Raises
    ------
    TypeError
        If the source is neither.
    ValueError
        If the file cannot be read, is of another kind, has no header or no rows, names a column
        twice, or has a row with more or fewer fields than columns.

    Examples
    --------
    >>> table = read_table(pd.DataFrame({"t": [1, 2], "temp": [20.5, None]}))
    >>> table.numbers("temp").tolist(), table.place(1, "temp")
    ([20.5, nan], 'the table, line 3, column "temp"')
    """
    if isinstance(source, pd.DataFrame):
        if source.columns.nlevels > 1:
            raise ValueError(
                f"the table must have one level of columns, got {source.columns.nlevels}: join "
                "them, as in table.columns = ['_'.join(map(str, c)) for c in table.columns]"
            )
        return _parse("the table", source.to_csv(index=False))
    if not isinstance(source, str | PathLike):
        raise TypeError(
            f"the data must be a path or a pandas.DataFrame, got {type(source).__name__}: "
            "convert it to a DataFrame"
        )
    path = Path(source)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"the data must be a file that can be read, got {str(path)!r}: "
            f"{error.strerror or error}; check the path"
        ) from None
    for signature, kind in _SIGNATURES.items():
        if raw.startswith(signature):
            raise ValueError(f"{path} must be a CSV file, got {kind}: save the table as CSV")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path}, line {line}: must be text in UTF-8, got other bytes: save it again as UTF-8"
        ) from None
    if "\0" in text:
        raise ValueError(f"{path} must be a CSV file, got a binary file: save the table as CSV")
    return _parse(str(path), text)


def _parse(name: str, text: str) -> Table:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        header = [field.strip() for field in next(reader, [])]
        _check_header(name, header)
        for row in reader:
            if not row:
                continue  # an empty line
            if len(row) != len(header):
                raise ValueError(
                    f"{name}, line {reader.line_num}: must have {len(header)} fields as the header "
                    f"has, got {len(row)}: put a text with a comma between quotes"
                )
            rows.append([field.strip() for field in row])
            lines.append(reader.line_num)
    except csv.Error as error:
        raise ValueError(
            f"{name}, line {reader.line_num}: must be CSV, got: {error}; correct it there"
        ) from None
    if not rows:
        raise ValueError(f"{name} must have rows after its header: check the file")
    columns = np.array(rows, object).T.copy()
    held = {column: Column.of(words) for column, words in zip(header, columns, strict=True)}
    return Table(name, held, np.array(lines))


def _check_header(name: str, header: list[str]) -> None:
    if not header:
        raise ValueError(f"{name} must have a header with the names of its columns: add one")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        raise ValueError(
            f"{name}, line 1: fields must be separated by commas, got {header[0][:60]!r}: "
            "save the table with commas"
        )
    for position, column in enumerate(header, start=1):
        if not column:
            raise ValueError(f"{name}, line 1: column {position} must have a name: add one")
        if header.count(column) > 1:
            raise ValueError(
                f'{name}, line 1: columns must differ, got "{column}" twice: rename one'
            )
