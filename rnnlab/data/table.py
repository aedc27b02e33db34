"""A CSV as text: every value knows the line it stands in, so that what is wrong can be named."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rnnlab.engine.protocol import Array
from rnnlab.registry import unknown_name

#: What stands where a number is missing. In a column of text only the empty field is missing.
MISSING = ("", "NA", "NaN", "nan", "null")
#: Sequences of bytes that open files which people take for tables.
_SIGNATURES = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a gzip archive",
    b"\x89PNG": "a picture",
}


@dataclass(frozen=True)
class Table:
    """The rows of a file, as text.

    Attributes
    ----------
    name : str
        What messages call it.
    frame : DataFrame
        A row each, every column of text.
    lines : int array (N,)
        The line of the file in which each row ends; the header is line 1.
    """

    name: str
    frame: pd.DataFrame
    lines: Array

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in their order."""
        return list(self.frame.columns)

    def place(self, row: int, column: str | None = None) -> str:
        """Say where a row stands, and a value in it."""
        text = f"{self.name}, line {self.lines[row]}"
        return text if column is None else f'{text}, column "{column}"'

    def take(self, rows: Array) -> Table:
        """Return some of the rows, by position, in the order given."""
        return Table(self.name, self.frame.iloc[rows].reset_index(drop=True), self.lines[rows])

    def require(self, columns: Sequence[str], what: str) -> None:
        """Raise a ValueError if a column is not there."""
        for column in columns:
            if column not in self.frame.columns:
                raise ValueError(f"{self.name}: {unknown_name(what, column, self.columns)}")

    def is_missing(self, column: str, *, number: bool) -> Array:
        """Return where a column holds no value: bool (N,)."""
        found: Array = self.frame[column].isin(MISSING if number else [""]).to_numpy(bool)
        return found

    def holds_numbers(self, column: str) -> bool:
        """Say whether at least half of the values that are there are numbers.

        Numbers with a slip among them are still numbers, so that the slip is found.
        """
        values = self.frame[column][~self.is_missing(column, number=True)]
        return not len(values) or bool(pd.to_numeric(values, errors="coerce").notna().mean() >= 0.5)

    def numbers(
        self, column: str, *, missing: str | None = None, remedy: str = "correct it"
    ) -> Array:
        """Return a column as float64 (N,), NaN where it is missing.

        Parameters
        ----------
        column : str
        missing : str, optional
            What a message proposes where a value is missing; if left out, it may be.
        remedy : str
            What a message proposes where a value is no number.

        Raises
        ------
        ValueError
            At the first value that is not a finite number, with its line.
        """
        values = pd.to_numeric(self.frame[column], errors="coerce").to_numpy(np.float64).copy()
        absent = self.is_missing(column, number=True)
        values[absent] = np.nan
        wrong = ~np.isfinite(values) & ~absent
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"{self.place(row, column)}: must be a number, got "
                f"{self.frame[column].iloc[row]!r}: {remedy}"
            )
        if missing is not None and absent.any():
            row = int(np.flatnonzero(absent)[0])
            raise ValueError(f"{self.place(row, column)}: must be a number, got none: {missing}")
        return values


def read_table(source: str | Path | pd.DataFrame) -> Table:
    """Read a CSV file in UTF-8, or take a DataFrame as if it had been written as one.

    Raises
    ------
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
        return _parse("the table", source.to_csv(index=False))
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
                    f"has, got {len(row)}: a text with a comma in it belongs between quotes"
                )
            rows.append([field.strip() for field in row])
            lines.append(reader.line_num)
    except csv.Error as error:
        raise ValueError(
            f"{name}, line {reader.line_num}: must be CSV, got: {error}; correct it there"
        ) from None
    if not rows:
        raise ValueError(f"{name} must hold rows under its header, got none: check the file")
    frame = pd.DataFrame(rows, columns=header, dtype=object)
    return Table(name, frame, np.array(lines))


def _check_header(name: str, header: list[str]) -> None:
    if not header:
        raise ValueError(f"{name} must have a header with the names of its columns, got none")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        raise ValueError(
            f"{name}, line 1: fields must be parted by commas, got {header[0][:60]!r}: "
            "save the table with commas"
        )
    for position, column in enumerate(header, start=1):
        if not column:
            raise ValueError(f"{name}, line 1: column {position} must have a name, got none")
        if header.count(column) > 1:
            raise ValueError(f'{name}, line 1: columns must differ, got "{column}" twice')
