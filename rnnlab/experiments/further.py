"""A table beside the main one: rows of the same runs, about something else.

Written in step with the main table and before it: a run whose rows are in the main table has its
rows here, if it has any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from rnnlab.experiments.records import Records, rows_by_run, to_csv
from rnnlab.experiments.writing import cannot_write, write_whole


class FurtherTable:
    """One such table and the records of finished runs that it is put together from.

    Parameters
    ----------
    folder : Path
        Of the result.
    runs : Path
        The folder of the main table's records; these lie in one of their own within it.
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
