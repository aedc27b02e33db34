"""Manifests of older versions, completed with what present ones hold.

A manifest of an older version, or of a folder that lost it, lacks the planned runs or how a task is
judged. Both are derived from the settings and the tables here, so that no reader has to. Tasks of
files are programs, or read files: none is opened.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pandas as pd

from rnnlab.experiments.results.tables import plan_of
from rnnlab.experiments.settings.grid import point_columns, runs
from rnnlab.experiments.settings.spec import Spec
from rnnlab.experiments.settings.task_entry import direction, judged
from rnnlab.registry import experiments, tasks
from rnnlab.tasks import find_task

_COPYING = "copy-memory"  # the task of tables without a column for it


def completed(manifest: Mapping[str, Any], metrics: pd.DataFrame | None) -> dict[str, Any]:
    """Return a manifest with `planned` and `tasks`.

    Parameters
    ----------
    manifest : mapping
        Empty where the folder has none.
    metrics : DataFrame or None
        The rows of metrics.csv.
    """
    found = dict(manifest)
    if metrics is None:
        return found
    if "planned" not in found and isinstance(_settings(found).get("seeds"), int):
        found["planned"] = _planned(_settings(found), metrics)
    if not any("headline" in task for task in found.get("tasks") or ()):
        found["tasks"] = [one for rows in by_task(metrics) for one in _tasks(found, *rows)]
    return found


def by_task(
    metrics: pd.DataFrame, tasks: Sequence[Mapping[str, Any]] | None = None
) -> list[tuple[str, pd.DataFrame]]:
    """Return the rows of each task, without the settings of other tasks.

    `tasks` are those of the manifest: a table without a column `task` is that of the only one.
    """
    if "task" not in metrics:
        return [(str(tasks[0]["task"]) if tasks else _COPYING, metrics)]
    groups = metrics.groupby("task", sort=False)
    return [(str(label), rows.drop(columns=_foreign(rows))) for label, rows in groups]


def _foreign(rows: pd.DataFrame) -> list[str]:
    return [name for name in _conditions(rows) if rows[name].isna().all()]


def _conditions(rows: pd.DataFrame) -> list[str]:
    names = list(rows.columns)
    return [name for name in names[: names.index("seed")] if name != "cell"]


def _settings(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    found = manifest.get("settings")
    return found if isinstance(found, dict) else {}


# ---- the planned runs ----


def _planned(settings: Mapping[str, Any], metrics: pd.DataFrame) -> dict[str, Any]:
    """Return the runs of the study's grid, or of what its table shows where settings lack it."""
    if not _names_files(settings):
        try:
            spec = _spec(settings)
            columns = ("cell", *point_columns(spec))
            if set(columns) <= set(metrics.columns):
                points = [[run[name] for name in columns] for run in runs(spec)]
                return plan_of(columns, points, spec.seeds)
        except (KeyError, OSError, TypeError, ValueError):
            pass
    return _seen(settings, metrics)


def _names_files(settings: Mapping[str, Any]) -> bool:
    """Return whether a task is a file or reads one."""
    entries = settings.get("task")
    entries = entries if isinstance(entries, list) else []
    names = [str(one.get("name")) for one in entries if isinstance(one, dict)]
    return any(":" in name or (name in tasks and tasks[name].files) for name in names)


def _spec(settings: Mapping[str, Any]) -> Spec:
    """Return the spec with these settings."""
    kind = experiments[str(settings["experiment"])].spec
    spec: Spec = kind.model_validate({"name": "study", **_as_written(settings)})
    return spec


def _as_written(value: Any) -> Any:
    """Return settings in the form that a user writes: without digests, "none" within lists."""
    if isinstance(value, Mapping):
        return {key: _as_written(one) for key, one in value.items() if not key.endswith("sha256")}
    if isinstance(value, list):
        return ["none" if one is None else _as_written(one) for one in value]
    return value


def _seen(settings: Mapping[str, Any], metrics: pd.DataFrame) -> dict[str, Any]:
    """Return every cell in every condition that the table has, and cells that it does not have."""
    entries = [one for one in settings.get("cells") or () if isinstance(one, dict)]
    columns = ["cell", *_conditions(metrics)]
    tables = []
    for _, rows in by_task(metrics):
        by = _conditions(rows)
        # an entry that sweeps a setting of its own need not have the values of the others
        own = any(one.get(name) is not None for one in entries for name in by)
        cells = rows[["cell"]].drop_duplicates()
        full = cells.merge(rows[by].drop_duplicates(), how="cross") if by and not own else rows
        tables.append(full.reindex(columns=columns))
    labels = [str(one.get("label")) for one in entries]
    absent = [label for label in labels if label not in set(metrics["cell"].astype(str))]
    tables.append(pd.DataFrame({"cell": absent}).reindex(columns=columns))
    points = pd.concat([one for one in tables if len(one)]).drop_duplicates()
    values = points.astype(object).where(points.notna(), None).to_numpy().tolist()
    return plan_of(columns, values, settings["seeds"])


# ---- how tasks are judged ----


def _tasks(manifest: Mapping[str, Any], label: str, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a task at each setting that its rows have; none where it cannot be found."""
    settings = _settings(manifest)
    entries = settings.get("task")
    entries = [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    entry = next((one for one in entries if one.get("label") == label), {"name": label})
    kind = _find(str(entry.get("name", label)))
    if kind is None:
        return []
    # the settings of the copy task are those of the study, of another task those of its entry
    written = {**settings, **entry} if "task" not in rows else entry
    fields = [field.name for field in dataclasses.fields(kind) if field.init]
    columns = rows[[name for name in fields if name in rows]].drop_duplicates()
    points: list[dict[Any, Any]] = columns.to_dict("records") or [{}]
    found = []
    for point in points:
        given: dict[str, Any] = {
            **written,
            **{str(name): _whole(value) for name, value in point.items()},
        }
        try:
            task = kind(**{name: given[name] for name in fields if name in given})
            how = judged(task)
        except (TypeError, ValueError):  # settings that are not known
            how = {"headline": kind.headline, "direction": direction(kind)}
        found.append({**point, "task": label, **how})
    return found


def _whole(value: Any) -> Any:
    """Return 110 for 110.0: gaps of other tasks turn whole numbers of a CSV into floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _find(name: str) -> Any:
    """Return the class of an installed task that reads no files, or None."""
    if ":" in name:
        return None
    try:
        kind = cast("Any", find_task(name))
    except ValueError:  # of a package that is not installed
        return None
    return None if kind.files or not dataclasses.is_dataclass(kind) else kind
