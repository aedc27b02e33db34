"""The folder of a result: every file in it is written whole or not at all.

A run's rows are in the table from the moment it is finished. The table is ordered by the grid,
whatever the order in which the runs came in.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab import files
from rnnlab.experiments import manifest

MANIFEST = "manifest.json"
SUMMARY = "summary.csv"


def write_whole(path: Path, text: str) -> None:
    """Replace `path` by `text` at once, in UTF-8 and with the line ends that it has."""
    files.write_whole(path, text.encode("utf-8"))


def to_csv(table: pd.DataFrame, *, header: bool = True) -> str:
    """Return a table as CSV; every float reads back as the same number."""
    return str(table.to_csv(index=False, header=header, lineterminator="\n"))


def read_csv(path: Path) -> pd.DataFrame:
    """Read a table as `to_csv` wrote it: the same numbers, labels as text even if they say NA."""
    return pd.read_csv(
        path,
        dtype={"cell": "str"},
        keep_default_na=False,
        na_values=[""],
        encoding="utf-8",
    )


class Store:
    """The files of one result.

    Parameters
    ----------
    path : Path
        The folder; made where it is missing.
    table : str
        The name of the table of rows, without the ending.
    columns, key : sequence of str
        The table's columns, and those that name the run of a row.
    order : sequence of tuple
        The keys of all runs, in the order of the rows.
    settings : mapping
        What decides the numbers: a result of other settings is not continued.
    force : bool
        Whether a result that is there already is replaced, of whatever settings.

    Raises
    ------
    ValueError
        If the folder cannot be written, or holds a result that is not to be continued.
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
        force: bool = False,
    ) -> None:
        self.path = path
        self.columns, self.key = list(columns), list(key)
        self.table_file, self.summary_file = path / f"{table}.csv", path / SUMMARY
        self.manifest_file = path / MANIFEST
        self.settings: dict[str, Any] = json.loads(json.dumps(settings))
        self._order = list(order)
        self._rows: dict[tuple[Any, ...], str] = {}
        self._manifest: dict[str, Any] = {}
        self._replace = force
        make_writable(path)
        if not force:
            self._continue()

    @property
    def done(self) -> set[tuple[Any, ...]]:
        """The keys of the runs whose rows are in the table."""
        return set(self._rows)

    def begin(self, command: str, jobs: int, leftovers: Sequence[str] = ()) -> None:
        """Record what is about to be computed; with `force`, drop what was there before.

        `leftovers` are the names of files that an older result may have left here.
        """
        if self._replace:
            for name in (self.table_file.name, SUMMARY, MANIFEST, *leftovers):
                (self.path / name).unlink(missing_ok=True)
        start = self._manifest.get("start") or manifest.now()
        self._manifest = {
            "command": command,
            "settings": self.settings,
            **manifest.circumstances(),
            "jobs": jobs,
            "start": start,
            "end": None,
        }
        self._write_manifest()

    def add(self, key: tuple[Any, ...], rows: pd.DataFrame) -> None:
        """Put the rows of a finished run into the table, on disk, before returning."""
        self._rows[key] = to_csv(rows[self.columns], header=False)
        header = to_csv(pd.DataFrame(columns=self.columns))
        body = [self._rows[key] for key in self._order if key in self._rows]
        write_whole(self.table_file, "".join([header, *body]))

    def summarise(self, summary: pd.DataFrame) -> None:
        """Write the summary."""
        write_whole(self.summary_file, to_csv(summary))

    def finish(self) -> None:
        """Close the manifest, unless it was closed before: the result is complete."""
        if self._manifest["end"] is None:
            self._manifest["end"] = manifest.now()
            self._write_manifest()

    def table(self) -> pd.DataFrame:
        """Return the table as it lies on disk."""
        return read_csv(self.table_file)

    def summary(self) -> pd.DataFrame:
        """Return the summary as it lies on disk."""
        return read_csv(self.summary_file)

    def is_finished(self) -> bool:
        """Say whether nothing is left to do: all runs, the summary, a closed manifest."""
        if self._replace or len(self._rows) < len(self._order) or not self.summary_file.exists():
            return False
        return self._manifest.get("end") is not None

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
            raise ValueError(
                f"{self.path} must say in {MANIFEST} what {self.table_file.name} was made with, "
                f"got none: {remedy}"
            )
        old = _read_manifest(self.manifest_file)
        difference = first_difference(old.get("settings", {}), self.settings)
        if difference is not None:
            key, before, after = difference
            raise ValueError(
                f"{self.path} must hold a result of the same settings, got {key} = {before} there "
                f"and {after} now: {remedy}"
            )
        self._manifest = {"end": None, **old}
        if self.table_file.exists():
            table = self.table()
            if list(table.columns) != self.columns:
                raise ValueError(
                    f"{self.table_file} must have the columns {','.join(self.columns)}, "
                    f"got {','.join(table.columns)}: {remedy}"
                )
            groups = dict(list(table.groupby(self.key, sort=False)))
            self._rows = {
                key: to_csv(groups[key], header=False) for key in self._order if key in groups
            }


def make_writable(path: Path) -> None:
    """Make the folder where it is missing and try whether files can be written there."""
    probe = path / f".probe.{os.getpid()}"
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ValueError(
            f"out must be a folder that can be written, got {str(path)!r}: "
            f"{error.strerror or error}; name another one"
        ) from None


def first_difference(before: Any, after: Any, name: str = "") -> tuple[str, str, str] | None:
    """Return the first key that differs and its two values, None if nothing does.

    Examples
    --------
    >>> first_difference({"lr": 0.1, "seeds": 3}, {"lr": 0.1, "seeds": 10})
    ('seeds', '3', '10')
    >>> first_difference({"cells": [{"label": "gru"}]}, {"cells": [{"label": "lstm"}]})
    ('cells[0].label', '"gru"', '"lstm"')
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            if key not in before or key not in after:
                there, here = (
                    json.dumps(side[key]) if key in side else "nothing" for side in (before, after)
                )
                return f"{name}.{key}".lstrip("."), there, here
            found = first_difference(before[key], after[key], f"{name}.{key}".lstrip("."))
            if found is not None:
                return found
        return None
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, (old, new) in enumerate(zip(before, after, strict=True)):
            found = first_difference(old, new, f"{name}[{position}]")
            if found is not None:
                return found
        return None
    return None if before == after else (name, _in_short(before), _in_short(after))


def _in_short(value: Any) -> str:
    """Write a setting; of a list of entries, the labels."""
    if isinstance(value, list):
        value = [item.get("label", item) if isinstance(item, dict) else item for item in value]
    return json.dumps(value)


def _read_manifest(path: Path) -> dict[str, Any]:
    found: Any = None
    with contextlib.suppress(OSError, ValueError):  # gone, or not JSON: the line below says so
        found = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(found, dict):
        return found
    raise ValueError(
        f"{path} must be the manifest of a result, got something else: "
        "replace the result with --force (force=True), or name another folder with --out (out=)"
    )
