"""What a finished result would have, and this one has not: in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from rnnlab.experiments.kinds.summary import TUNED
from rnnlab.experiments.settings.grid import point_columns, runs
from rnnlab.experiments.settings.spec import Spec
from rnnlab.registry import experiments, tasks
from rnnlab.reports.words import OFF, condition

if TYPE_CHECKING:
    from rnnlab.reports.source import Part

# A cell, a condition, and how many seeds of it there are.
Point = tuple[str, Mapping[Any, Any], int]

_MOST_CONDITIONS = 8  # named of one cell


def missing(
    manifest: Mapping[str, Any], metrics: pd.DataFrame | None, parts: list[Part]
) -> list[str]:
    """Say what a finished result would have.

    Parameters
    ----------
    manifest : mapping
        Empty where there is none.
    metrics : DataFrame or None
        Of metrics.csv, as it was read.
    parts : list of Part
        The same by task, for a study whose grid cannot be had from its settings.
    """
    if not manifest:
        return [
            "There is no manifest.json that can be read: the settings, versions and machine are "
            "not known."
        ]
    said = []
    if manifest.get("end") is None:
        said.append("The study is not finished: this page shows the runs that are there.")
    settings = manifest.get("settings")
    seeds = settings.get("seeds") if isinstance(settings, dict) else None
    if metrics is None or not isinstance(settings, dict) or not isinstance(seeds, int):
        return said
    points = _planned(settings, metrics)
    points = _seen(settings, metrics, parts) if points is None else points
    short = [point for point in points if point[2] < seeds]
    if short:
        said.append(
            f"{len(short)} of {len(points)} combinations of cell and condition have fewer than "
            f"{seeds} seed{'s' if seeds > 1 else ''}: {_listed(short)}."
        )
    return said


def _planned(settings: Mapping[str, Any], metrics: pd.DataFrame) -> list[Point] | None:
    """Count the seeds at every point of the study's grid; None if its settings do not give it.

    They do not where a task is in a file or reads one, or the table is no study's.
    """
    if _names_files(settings):
        return None
    try:
        spec = _spec(settings)
        columns = ["cell", *point_columns(spec)]
        grid = list(runs(spec))
    except (KeyError, OSError, TypeError, ValueError):
        return None
    if not set(columns) <= set(metrics.columns):
        return None
    there = metrics[[*columns, "seed"]].drop_duplicates()[columns]
    counts = pd.Series([_key(row) for row in there.itertuples(index=False)]).value_counts()
    points = {}
    for run in grid:
        key = _key(run[column] for column in columns)
        said = {
            name: OFF if value is None else value
            for name, value in run.point
            if value is not None or name in TUNED
        }
        points[key] = (run.cell, said, int(counts.get(key, 0)))
    return list(points.values())


def _names_files(settings: Mapping[str, Any]) -> bool:
    """Return whether a task is a file, which is a program, or reads one: a report opens none."""
    entries = settings.get("task")
    names = [str(one.get("name")) for one in entries or () if isinstance(one, dict)]
    return any(":" in name or (name in tasks and tasks[name].files) for name in names)


def _spec(settings: Mapping[str, Any]) -> Spec:
    """Return the study that a manifest's settings are those of."""
    kind = experiments[str(settings["experiment"])].spec
    if not issubclass(kind, Spec):
        raise TypeError(f"{settings['experiment']} has no grid")
    spec: Spec = kind.model_validate({"name": "study", **_as_written(settings)})
    return spec


def _as_written(value: Any) -> Any:
    """Return settings as a user writes them: digests are no settings, and none in a list is."""
    if isinstance(value, Mapping):
        return {key: _as_written(one) for key, one in value.items() if not key.endswith("sha256")}
    if isinstance(value, list):
        return [OFF if one is None else _as_written(one) for one in value]
    return value


def _key(values: Any) -> str:
    """Name a point alike whether it comes from a spec or from a CSV, where 10 may read 10.0."""
    return repr([_plain(value) for value in values])


def _plain(value: Any) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return "" if value is None else str(value)
    return "" if math.isnan(number) else repr(number)


def _seen(settings: Mapping[str, Any], metrics: pd.DataFrame, parts: list[Part]) -> list[Point]:
    """Count the seeds of every cell in every condition that is seen, and of cells that are not."""
    entries = [one for one in settings.get("cells") or () if isinstance(one, dict)]
    points: list[Point] = []
    for part in parts:
        keys = ["cell", *part.by]
        seeds = part.metrics.groupby(keys, sort=False)["seed"].nunique().rename("seeds")
        grid = seeds.reset_index()
        # an entry that sweeps a setting of its own need not have what the others have
        if part.by and not any(one.get(name) is not None for one in entries for name in part.by):
            cells = part.metrics[["cell"]].drop_duplicates()
            full = cells.merge(part.metrics[part.by].drop_duplicates(), how="cross")
            grid = full.merge(grid, on=keys, how="left").fillna({"seeds": 0})
        named = {"task": part.task} if len(parts) > 1 else {}
        for row in grid.to_dict("records"):
            said = {**named, **{name: row[name] for name in part.by}}
            points.append((str(row["cell"]), said, int(row["seeds"])))
    labels = (str(one.get("label")) for one in entries)
    there = set(metrics["cell"].astype(str))
    return points + [(label, {}, 0) for label in labels if label not in there]


def _listed(points: list[Point]) -> str:
    """Name points with their seeds, those of one cell together."""
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
