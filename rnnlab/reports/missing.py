"""Sentences about the planned runs that an unfinished study lacks."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from rnnlab.experiments.settings.fields import number_or_text
from rnnlab.experiments.settings.schema import TUNED
from rnnlab.reports.words import OFF, condition

# A cell, a condition, and the number of seeds that it has.
Point = tuple[str, Mapping[Any, Any], int]

_MOST_CONDITIONS = 8  # named of one cell


def missing(manifest: Mapping[str, Any], metrics: pd.DataFrame | None) -> list[str]:
    """Return what a finished result would have and this one lacks.

    Parameters
    ----------
    manifest : mapping
        As `rnnlab.experiments.results.older.completed` returns it, without `settings` where the
        folder has none.
    metrics : DataFrame or None
        The rows of metrics.csv.
    """
    if "settings" not in manifest:
        return [
            "There is no manifest.json that can be read: the settings, versions and machine are "
            "not known."
        ]
    said = []
    if manifest.get("end") is None:
        said.append("The study is not finished: this page shows the runs that are there.")
    planned = manifest.get("planned")
    if metrics is None or planned is None or not set(planned["columns"]) <= set(metrics.columns):
        return said
    seeds = planned["seeds"]
    points = _points(planned, metrics)
    short = [point for point in points if point[2] < seeds]
    if short:
        said.append(
            f"{len(short)} of {len(points)} combinations of cell and condition have fewer than "
            f"{seeds} seed{'s' if seeds > 1 else ''}: {_listed(short)}."
        )
    return said


def _points(planned: Mapping[str, Any], metrics: pd.DataFrame) -> list[Point]:
    """Return every planned cell and condition with the number of its seeds in the table."""
    columns = planned["columns"]
    there = metrics[[*columns, "seed"]].drop_duplicates()[columns]
    counts = pd.Series([_key(row) for row in there.itertuples(index=False)]).value_counts()
    found = []
    for values in csv.reader(planned["points"]):
        said = {
            name: number_or_text(text) if text else OFF
            for name, text in zip(columns[1:], values[1:], strict=True)
            if text or (name in TUNED and any(values[1:]))
        }
        found.append((values[0], said, int(counts.get(_key(values), 0))))
    return found


def _key(values: Iterable[Any]) -> str:
    """Return the same text for a point of the manifest and of a table, where 10 may be 10.0."""
    return repr([_plain(value) for value in values])


def _plain(value: Any) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return "" if value is None else str(value)
    return "" if math.isnan(number) else repr(number)


def _listed(points: list[Point]) -> str:
    """Return the points with their seeds, those of one cell together."""
    said = []
    for cell in dict.fromkeys(cell for cell, _, _ in points):
        own = [(where, count) for one, where, count in points if one == cell]
        shown = [
            " at ".join(filter(None, [str(count or "none"), condition(where, list(where))]))
            for where, count in own[:_MOST_CONDITIONS]
        ]
        more = len(own) - len(shown)
        shown += [f"{more} more conditions"] if more > 0 else []
        said.append(f"{cell} ({', '.join(shown)})")
    return "; ".join(said)
