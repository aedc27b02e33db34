"""Rows of finished runs: one file for each, on disk at once.

A file appears under its name when all of it is on disk (`rnnlab.files.write_whole`), so that a kill
or a power cut at any moment leaves whole records only; a file that is no record of this study all
the same is passed over, and its run computed again. A run's file is written once, however many runs
there are, while a table of all rows would be written again with each.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from rnnlab import files
from rnnlab.experiments.results.tables import line_of, to_csv
from rnnlab.experiments.store.writing import cannot_write, write_whole

SUFFIX = ".csv"


def rows_by_run(text: str, width: int) -> dict[str, str]:
    """Split the rows of a table, without its header, by their first `width` columns."""
    found: dict[str, list[str]] = {}
    for line in text.split("\n"):  # splitlines would also split a label at its U+2028
        if line:
            values = next(csv.reader([line]))[:width]
            found.setdefault(line_of(values), []).append(f"{line}\n")
    return {key: "".join(lines) for key, lines in found.items()}


class Records:
    """The files of finished runs in one folder.

    Parameters
    ----------
    folder : Path
        Made at the first record.
    columns : sequence of str
        Of the rows.
    width : int
        How many of them name the run.
    """

    def __init__(self, folder: Path, columns: Sequence[str], width: int) -> None:
        self.folder = folder
        self._header = to_csv(pd.DataFrame(columns=list(columns)))
        self._width = width

    def file(self, key: str) -> Path:
        """Return the file of a run, by the line that its rows begin with."""
        return self.folder / file_name(key)

    def write(self, key: str, rows: str) -> None:
        """Put the rows of a finished run on disk before returning."""
        files.write_whole(self.file(key), (self._header + rows).encode("utf-8"))

    def read(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the rows of those of the runs that have a whole record."""
        there = {path.name for path in self.folder.glob(f"*{SUFFIX}")}
        found = {}
        for key in keys:
            if file_name(key) in there and (rows := self._rows(key)):
                found[key] = rows
        return found

    def clear(self) -> None:
        """Remove every record, and what a kill left of one that was being written."""
        for path in self.folder.glob(f"*{SUFFIX}"):
            path.unlink(missing_ok=True)
        files.remove_partials(self.folder)

    def _rows(self, key: str) -> str:
        try:
            text = self.file(key).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""
        rows = text.removeprefix(self._header)
        whole = text.startswith(self._header) and rows.endswith("\n")
        return rows if whole and list(rows_by_run(rows, self._width)) == [key] else ""


def file_name(key: str) -> str:
    """Return the name of a run's file: labels may hold what a name must not."""
    return hashlib.sha256(key.encode("utf-8")).hexdigest()[:20] + SUFFIX


class FurtherTable:
    """One such table and the records of finished runs that it is put together from.

    Parameters
    ----------
    folder : Path
        Of the result.
    runs : Path
        The folder of the main table's records; these are in a folder of their own in it.
    name : str
        Of the table, without the ending.
    columns : sequence of str
    width : int
        How many of them name the run.
    """

    def __init__(
        self, folder: Path, runs: Path, name: str, columns: Sequence[str], width: int
    ) -> None:
        self.file = folder / f"{name}.csv"
        self.columns = list(columns)
        self._header = to_csv(pd.DataFrame(columns=self.columns))
        self._width = width
        self._records = Records(runs / name, columns, width)
        self._rows: dict[str, str] = {}

    def add(self, line: str, rows: pd.DataFrame) -> None:
        """Put the rows of a run on disk before returning; a run may have none."""
        text = to_csv(rows[self.columns], header=False)
        if text:
            try:
                self._records.folder.mkdir(exist_ok=True)
                self._records.write(line, text)
            except OSError as error:
                raise cannot_write(self._records.file(line), error) from error
            self._rows[line] = text

    def assemble(self, lines: Iterable[str]) -> None:
        """Write the rows of the runs that are there, in the order of `lines`."""
        body = [self._rows[line] for line in lines if line in self._rows]
        write_whole(self.file, "".join([self._header, *body]))

    def take_over(self, lines: Sequence[str]) -> None:
        """Read what the folder holds of the runs that begin with `lines`."""
        if self.file.exists():
            text = self.file.read_text(encoding="utf-8")
            rows = rows_by_run(text.removeprefix(self._header), self._width)
            self._rows = {line: rows[line] for line in lines if line in rows}
        self._rows |= self._records.read(lines)

    def clear(self) -> None:
        """Remove the records."""
        self._records.clear()
        if self._records.folder.exists():
            self._records.folder.rmdir()
