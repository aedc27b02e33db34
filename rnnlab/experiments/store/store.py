"""Store of a result: every file in its folder is written atomically.

A run's rows are on disk from the moment it is finished, in a file of their own under `runs/`; the
table is put together from them, in the order of the grid, whatever the order in which they came in.
Once everything is there, `runs/` goes.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from rnnlab import files
from rnnlab.experiments.errors import RefusedError
from rnnlab.experiments.results.reading import (
    MANIFEST,
    PLAN,
    RUNNER,
    RUNS,
    read_manifest,
    read_text,
)
from rnnlab.experiments.results.status import is_alive, is_mine, read_state
from rnnlab.experiments.results.tables import line_of, read_csv, to_csv
from rnnlab.experiments.store import manifest
from rnnlab.experiments.store.growth import Growth, Layout, first_difference, moved
from rnnlab.experiments.store.lock import Lock, TakenError
from rnnlab.experiments.store.records import FurtherTable, Records, rows_by_run
from rnnlab.experiments.store.writing import cannot_write, make_writable, write_whole

SUMMARY = "summary.csv"

# The table is rewritten while runs finish, in at most this fraction of the time: one in ...
TABLE_SHARE = 50

T = TypeVar("T")


class Store:
    """The files of one result.

    Parameters
    ----------
    path : Path
        The folder; made where it is missing.
    table : str
        The name of the table of rows, without the ending.
    columns, key : sequence of str
        The table's columns, and the first of them, which name the run of a row.
    order : sequence of tuple
        The keys of all runs, in the order of the rows.
    settings : mapping
        Settings that decide the numbers: a result of other settings is not continued.
    further : mapping of str to sequence of str, optional
        The columns of further tables.
    growth : Growth, optional
        Which results are a part of this one: their runs are kept. Without it none but itself.
    force : bool
        Whether a result that is there already is replaced, of whatever settings.

    Raises
    ------
    ValueError
        If the folder cannot be written.
    RefusedError
        If it holds a result that is not to be continued.
    """

    def __init__(
        self,
        path: Path,
        *,
        table: str,
        columns: Sequence[str],
        key: Sequence[str],
        order: Sequence[tuple[Any, ...]],
        settings: Mapping[str, Any],
        further: Mapping[str, Sequence[str]] | None = None,
        growth: Growth | None = None,
        force: bool = False,
    ) -> None:
        self.path = path
        self.columns = list(columns)
        self.table_file, self.summary_file = path / f"{table}.csv", path / SUMMARY
        self.manifest_file, self.runs_folder = path / MANIFEST, path / RUNS
        self.settings: dict[str, Any] = json.loads(json.dumps(settings))
        self._lines = {key: line_of(key) for key in order}
        self._width = len(key)
        self._records = Records(self.runs_folder, columns, self._width)
        self._rows: dict[str, str] = {}
        self.further = {
            name: FurtherTable(path, self.runs_folder, name, columns, self._width)
            for name, columns in (further or {}).items()
        }
        self._growth = growth
        self._manifest: dict[str, Any] = {}
        self._replace = force
        self._lock = Lock(self.runs_folder / "lock")
        self._written_at = self._writing_took = 0.0
        make_writable(path)
        if not force:
            self._continue()

    @property
    def done(self) -> set[tuple[Any, ...]]:
        """The keys of the runs whose rows are on disk."""
        return {key for key, line in self._lines.items() if line in self._rows}

    def open(self) -> None:
        """Become the folder's one runner, and see what others have done since.

        Raises
        ------
        RefusedError
            If another runner is at work here, or has left a result that is not to be continued.
        """
        self._make_runs_folder()
        try:
            self._lock.acquire()
        except TakenError:
            raise _busy(self.path) from None
        try:
            state = read_state(self.runs_folder)
            if state is not None and is_alive(state) and not is_mine(state):
                raise _busy(self.path)  # on another host, which the lock does not reach
            if not self._replace:
                self._continue()
        except BaseException:
            self.close()
            raise

    def begin(
        self,
        command: str,
        notes: Mapping[str, Any],
        leftovers: Sequence[str] = (),
        report: Sequence[str] = (),
    ) -> None:
        """Record what is about to be computed; with `force`, drop what was there before.

        Parameters
        ----------
        command : str
        notes : mapping
            Further entries of the manifest.
        leftovers : sequence of str
            Names of files that an older result may have left here.
        report : sequence of str
            Names of the files of a report, which goes too where a result grows: it would be wrong.
        """
        if not self._manifest:  # records without a manifest have unknown settings
            self._records.clear()
            for one in self.further.values():
                one.clear()
        if self._replace:
            for name in (self.table_file.name, SUMMARY, MANIFEST, *leftovers, *report):
                (self.path / name).unlink(missing_ok=True)
            self._replace = False
        before = {name: one for name, one in self._manifest.items() if name != "history"}
        history = self._manifest.get("history", [])
        if before and before["settings"] != self.settings:  # what was there is a part of this
            history, before = [*history, before], {}
            for name in report:
                (self.path / name).unlink(missing_ok=True)
        self._manifest = {
            "command": command,
            "settings": self.settings,
            **manifest.circumstances(),
            **notes,
            "start": before.get("start") or manifest.now(),
            "end": None,
            **({"history": history} if history else {}),
        }
        self._write_manifest()

    def plan(self, runs: Mapping[tuple[Any, ...], str]) -> None:
        """Write down the name of every run and the file that it will be in, for `rnnlab status`."""
        names = {self._records.file(self._lines[key]).name: name for key, name in runs.items()}
        before = [
            self._records.file(line).name
            for line in self._lines.values()
            if line in self._rows and not self._records.file(line).exists()
        ]
        text = json.dumps({"runs": names, "before": before}, ensure_ascii=False)
        write_whole(self.runs_folder / PLAN, text + "\n")

    def add(
        self,
        key: tuple[Any, ...],
        rows: pd.DataFrame,
        further: Mapping[str, pd.DataFrame] | None = None,
    ) -> None:
        """Put the rows of a finished run on disk before returning, and soon into the table."""
        line, text = self._lines[key], to_csv(rows.reindex(columns=self.columns), header=False)
        try:
            self._make_runs_folder()
            for name, part in (further or {}).items():
                self.further[name].add(line, part)
            self._records.write(line, text)
        except OSError as error:
            raise cannot_write(self._records.file(line), error) from error
        self._rows[line] = text
        if time.monotonic() - self._written_at >= TABLE_SHARE * self._writing_took:
            self.assemble()

    def assemble(self) -> None:
        """Put together the table from the rows of all finished runs."""
        start = time.monotonic()
        for one in self.further.values():
            one.assemble(self._lines.values())
        header = to_csv(pd.DataFrame(columns=self.columns))
        body = [self._rows[line] for line in self._lines.values() if line in self._rows]
        write_whole(self.table_file, "".join([header, *body]))
        self._written_at = time.monotonic()
        self._writing_took = self._written_at - start

    def summarise(self, summary: pd.DataFrame) -> None:
        """Write the summary."""
        write_whole(self.summary_file, to_csv(summary))

    def finish(self) -> None:
        """Close the manifest, unless it was closed before: the result is complete."""
        if self._manifest["end"] is None:
            self._manifest["end"] = manifest.now()
            self._write_manifest()
        self._records.clear()
        for one in self.further.values():
            one.clear()
        for name in (PLAN, RUNNER):
            (self.runs_folder / name).unlink(missing_ok=True)
        files.remove_partials(self.path)

    def note(self, notes: Mapping[str, Any]) -> None:
        """Write notes into the manifest where they differ from what it says."""
        if any(self._manifest.get(name) != value for name, value in notes.items()):
            self._manifest |= notes
            self._write_manifest()

    def close(self) -> None:
        """Make room for another runner."""
        self._lock.release()
        with contextlib.suppress(OSError):  # runs of an unfinished result are there
            self.runs_folder.rmdir()

    def table(self) -> pd.DataFrame:
        """Return the table on disk."""
        return read_csv(self.table_file)

    def summary(self) -> pd.DataFrame:
        """Return the summary on disk."""
        return read_csv(self.summary_file)

    def is_finished(self) -> bool:
        """Return whether the result is complete: all runs, the summary, a closed manifest."""
        if self._replace or len(self._rows) < len(self._lines) or not self.summary_file.exists():
            return False
        if not all(one.file.exists() for one in self.further.values()):
            return False
        return self._manifest.get("end") is not None and not self.runs_folder.exists()

    def _make_runs_folder(self) -> None:
        try:
            self.runs_folder.mkdir(exist_ok=True)
        except OSError as error:
            raise cannot_write(self.runs_folder, error) from error

    def _write_manifest(self) -> None:
        text = json.dumps(self._manifest, indent=2, ensure_ascii=False)
        write_whole(self.manifest_file, text + "\n")

    def _continue(self) -> None:
        """Take over what the folder holds, if it is of the same settings."""
        found = self.manifest_file.exists()
        if not found and not self.table_file.exists():
            return
        remedy = "replace it with --force (force=True), or name another folder with --out (out=)"
        if not found:
            raise RefusedError(
                f"{self.path} must say in {MANIFEST} what {self.table_file.name} was made with: "
                f"{remedy}"
            )
        old = _read(self.path, read_manifest)
        settings = old["settings"]
        difference = self._difference(settings)
        if difference is not None:
            key, before, after = difference
            raise RefusedError(
                f"{self.path} must hold a result of the same settings, got {key} = {before} "
                f"there and {after} now: {remedy}"
            )
        self._manifest = {**old, "end": old.get("end")}
        header, stored = "", ""
        if self.table_file.exists():
            header, _, stored = _read(self.table_file, read_text).partition("\n")
        complete = all(one.file.exists() for one in self.further.values())
        self._rows, known = {}, False
        # a kill may have come between a larger manifest and its first table
        for layout in self._layouts(settings, old.get("history", [])):
            rows = Records(self.runs_folder, layout.columns, layout.width).read(
                layout.lines.values()
            )
            if header == ",".join(layout.columns):
                known = True
                if complete:
                    rows = rows_by_run(stored, layout.width) | rows
            for line, there in layout.lines.items():
                if there in rows and line not in self._rows:
                    self._rows[line] = rows[there]
                    if layout.columns != self.columns:
                        self._rows[line] = moved(rows[there], layout.columns, line, self.columns)
        if header and not known:
            raise RefusedError(
                f"{self.table_file} must have the columns {','.join(self.columns)}, "
                f"got {header}: {remedy}"
            )
        for one in self.further.values():
            one.take_over(list(self._lines.values()))

    def _difference(self, before: Any) -> tuple[str, str, str] | None:
        """Return the first setting in which what is stored is no part of this result."""
        difference = first_difference(before, self.settings)
        if difference is None or self._growth is None:
            return difference
        return self._growth.difference(before)

    def _layouts(self, settings: Any, history: Sequence[Mapping[str, Any]]) -> Iterator[Layout]:
        """Yield the layouts that the table on disk may have, the present one first."""
        own = {line: line for line in self._lines.values()}
        yield Layout(self.columns, self._width, own)
        for before in (settings, *(one["settings"] for one in reversed(history))):
            if before != self.settings and self._difference(before) is None and self._growth:
                yield self._growth.layout(before)


def stored_settings(path: Path) -> dict[str, Any]:
    """Return the settings of the result in a folder; empty if there is none that can be read."""
    try:
        return dict((read_manifest(path) or {}).get("settings", {}))
    except ValueError:  # the store will say what is wrong with it
        return {}


def require_free(path: Path) -> None:
    """Raise a RefusedError if a runner of this host is at work in a folder."""
    runs = path / RUNS
    if runs.exists():
        lock = Lock(runs / "lock")
        try:
            lock.acquire()
        except TakenError:
            raise _busy(path) from None
        lock.release()


def _busy(path: Path) -> RefusedError:
    state = read_state(path / RUNS)
    who = f"process {state['pid']} on {state['host']}" if state else "another process"
    return RefusedError(
        f"{path} must have one runner at a time, got {who} at work there: wait for it "
        f"(rnnlab status {path}), end it, or name another folder with --out (out=)"
    )


def _read(path: Path, read: Callable[[Path], T | None]) -> T:
    """Read a file of the folder, which is there."""
    try:
        found = read(path)
        if found is None:
            raise ValueError(f"{path} must be there, got no such file")
    except ValueError as error:
        raise RefusedError(
            f"{error}; or replace the result with --force (force=True), or name another folder "
            "with --out (out=)"
        ) from None
    return found
