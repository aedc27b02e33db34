"""What a folder holds: tables, settings, and what the task says about its numbers."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from rnnlab.experiments.grid import BUILT
from rnnlab.experiments.records import read_csv
from rnnlab.registry import experiments
from rnnlab.reports.missing import missing
from rnnlab.reports.words import OFF
from rnnlab.statistics import conditions_of, labelled
from rnnlab.statistics.runs import setting_text
from rnnlab.tasks import find_task

_ABOUT_COPYING = "copy-memory"  # the task of tables without a column for it


@dataclass(frozen=True)
class Part:
    """The runs of a study on one task, and how to read them.

    Attributes
    ----------
    task : str
        The task's label.
    metrics : DataFrame
        Its rows of metrics.csv, without columns that say nothing about it.
    metric : str
        The headline metric.
    higher_is_better : bool
    solved : callable or None
        From a value of the metric to whether it solves the task, if the task says so.
    by : list of str
        The settings that vary within it; the task itself is none.
    chance : callable
        From a row's settings to the metric of a model without memory, NaN if nobody knows.
    """

    task: str
    metrics: pd.DataFrame
    metric: str
    higher_is_better: bool
    solved: Callable[[float], bool] | None
    by: list[str]
    chance: Callable[[Mapping[Any, Any]], float]

    @property
    def measure(self) -> dict[str, Any]:
        """The arguments that every function of `rnnlab.statistics` takes."""
        return {"metric": self.metric, "higher_is_better": self.higher_is_better, "by": self.by}

    @property
    def undefined(self) -> float:
        """What a run counts with that diverged before it had a value of the metric."""
        return self.chance(self.metrics.iloc[0].to_dict())


@dataclass(frozen=True)
class Source:
    """A folder as it was found.

    Attributes
    ----------
    folder : Path
    manifest : dict
        Empty where there is none.
    parts : list of Part
        One a task; none where the folder has no metrics.csv.
    gradients, summary : DataFrame or None
        Of gradients.csv, and of the summary.csv beside it.
    missing : list of str
        What a finished result would have, in sentences.
    """

    folder: Path
    manifest: dict[str, Any]
    parts: list[Part]
    gradients: pd.DataFrame | None
    summary: pd.DataFrame | None
    missing: list[str]

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the study; empty where nobody knows."""
        found = self.manifest.get("settings")
        return found if isinstance(found, dict) else {}

    @property
    def reference(self) -> str | None:
        """The cell that every other one is compared with; None for all pairs."""
        return self.manifest.get("reference")

    @property
    def experiment(self) -> str:
        """The experiment's name, or the folder's."""
        return str(self.settings.get("experiment", self.folder.resolve().name))

    @property
    def question(self) -> str:
        """What the study asks: its own words, or what its experiment is about."""
        for asked in (self.manifest.get("question"), self.settings.get("question")):
            if asked:
                return str(asked)
        if self.experiment in experiments:
            about: str = experiments[self.experiment].about
            return f"{about[0].upper()}{about[1:]}."
        return "The study states no question."


def read_source(folder: Path) -> Source:
    """Read what there is of a result.

    Raises
    ------
    ValueError
        If the folder holds no table of a run, or one that cannot be read.
    """
    metrics, gradients = (_table(folder / name) for name in ("metrics.csv", "gradients.csv"))
    if metrics is None and gradients is None:
        came = "no such folder" if not folder.is_dir() else "neither"
        raise ValueError(
            f"{folder} must hold the result of a run, metrics.csv or gradients.csv, got {came}: "
            f"make one with: rnnlab run copy-task --out {folder}"
        )
    manifest = _manifest(folder / "manifest.json")
    parts = [] if metrics is None else _parts(metrics, manifest.get("settings") or {}, folder)
    return Source(
        folder,
        manifest,
        parts,
        gradients,
        _table(folder / "summary.csv") if gradients is not None else None,
        missing(manifest, metrics, parts),
    )


def _table(path: Path) -> pd.DataFrame | None:
    if not path.exists():
        return None
    try:
        table = read_csv(path)
    except (OSError, ValueError) as error:  # ValueError: pandas, or bytes that are no text
        reason = getattr(error, "strerror", None) or str(error)
        raise ValueError(
            f"{path} must be a table as rnnlab wrote it, got: {reason}; run the study again"
        ) from None
    return None if table.empty else table


def _manifest(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _parts(metrics: pd.DataFrame, settings: Mapping[str, Any], folder: Path) -> list[Part]:
    required = ("cell", "seed", "update")
    lacking = [name for name in required if name not in metrics]
    if lacking:
        raise ValueError(
            f"{folder / 'metrics.csv'} must have the columns {', '.join(required)}, got "
            f"{', '.join(map(str, metrics.columns))}: report the folder of a run"
        )
    if "task" not in metrics:
        return [_part(_ABOUT_COPYING, metrics, settings)]
    groups = metrics.groupby("task", sort=False)
    return [_part(str(label), rows, settings) for label, rows in groups]


def _part(label: str, rows: pd.DataFrame, settings: Mapping[str, Any]) -> Part:
    # a setting of another task says nothing here
    unsaid = [name for name in conditions_of(rows) if rows[name].isna().all()]
    rows = rows.drop(columns=unsaid).reset_index(drop=True)
    built = [name for name in BUILT if name in conditions_of(rows)]
    rows = _without_gaps(labelled(_whole_numbers(rows), built))
    by = [name for name in conditions_of(rows) if name != "task"]
    entry = next(
        (one for one in settings.get("task") or () if one.get("label") == label), {"name": label}
    )
    kind = _task(str(entry["name"]))
    metric = getattr(kind, "headline", None)
    if metric is None:  # a task that is not installed here: what its columns are called
        names = list(rows.columns)
        results = names[names.index("update") + 1 :]
        results = [name for name in results if rows[name].notna().any()]  # not another task's
        accuracies = [name for name in results if name.endswith("accuracy")]
        metric = [*accuracies, *results, "loss"][0]  # the loss is the first of a task's metrics
    if metric not in rows:
        raise ValueError(
            f"metrics.csv must have the column {metric}, by which {label} is judged, got "
            f"{', '.join(map(str, rows.columns))}: report the folder of a run"
        )

    # the copy task's settings stand beside the others, any other task's within its entry
    written = {**settings, **entry} if "task" not in rows else entry

    def chance(point: Mapping[Any, Any]) -> float:
        return float(getattr(_made(kind, {**written, **point}), "chance", math.nan))

    one = _made(kind, {**written, **rows.iloc[0].to_dict()})
    return Part(
        task=label,
        metrics=rows,
        metric=metric,
        higher_is_better=bool(getattr(kind, "higher_is_better", metric.endswith("accuracy"))),
        solved=getattr(one, "solved", None),
        by=by,
        chance=chance,
    )


def _whole_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Make whole numbers of settings that the gaps of other tasks turned into floats: 110.0."""
    floats = [n for n in conditions_of(rows) if pd.api.types.is_float_dtype(rows[n])]
    whole = [name for name in floats if (rows[name] == rows[name].round()).all()]
    return rows.astype(dict.fromkeys(whole, "int64"))


def _without_gaps(rows: pd.DataFrame) -> pd.DataFrame:
    """Fill the gaps of a setting, such as a clip: it is off there, a value like the others."""
    for name in conditions_of(rows):
        gaps = rows[name].isna()
        if gaps.any():
            texts = rows[name].map(setting_text).where(~gaps, OFF)
            rows = rows.assign(**{name: texts})
    return rows


def _task(name: str) -> Any:
    """Return the class of a task, None where it cannot be had."""
    try:
        return find_task(name)
    except ValueError:  # a file that is not here, a package that is not installed
        return None


def _made(kind: Any, given: Mapping[Any, Any]) -> Any:
    """Return the task with those of its settings that are given, None where it refuses them."""
    if not dataclasses.is_dataclass(kind):
        return None
    fields = [field.name for field in dataclasses.fields(kind) if field.init]
    try:
        return cast("Any", kind)(**{name: given[name] for name in fields if name in given})
    except (OSError, TypeError, ValueError):
        return None
