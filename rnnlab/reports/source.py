"""What a folder holds: tables, settings, and what the task says about its numbers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from rnnlab.experiments.measures import all_tables
from rnnlab.experiments.results.folder import STUDIES, described, kind_of
from rnnlab.experiments.results.reading import MANIFEST, read_manifest
from rnnlab.experiments.results.tables import NAMES, read_table, require_numbers
from rnnlab.experiments.settings.runs import BUILT
from rnnlab.registry import experiments
from rnnlab.reports.missing import missing
from rnnlab.reports.words import OFF
from rnnlab.statistics import conditions_of, labelled
from rnnlab.statistics.run_outcomes import setting_text
from rnnlab.tasks import find_task

_METRICS = ("cell", "seed", "update")
_HALF_LIVES = (
    *("cell", "phase", "state", "seeds"),
    *("half_life", "ci_low", "ci_high", "log10_decay_per_step"),
)
_LARGEST = 2.0**53
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
    manifest = read_manifest(folder)
    kind = kind_of(folder)
    if kind not in (*STUDIES, "gradient-flow"):
        raise ValueError(
            f"{folder} must hold the result of a study for a report, got {described(folder)}"
        )
    metrics = read_table(folder / "metrics.csv", () if kind == "gradient-flow" else _METRICS)
    gradients = read_table(folder / "gradients.csv", all_tables(["decay"])["gradients"])
    metrics, gradients = (None if t is None or t.empty else t for t in (metrics, gradients))
    if metrics is None and gradients is None:
        raise ValueError(
            f"{folder} must hold at least one finished run, got none: the command in its "
            f"{MANIFEST} computes them"
        )
    if gradients is not None:
        numbers = [name for name in all_tables(["decay"])["gradients"] if name not in NAMES]
        require_numbers(folder / "gradients.csv", gradients, numbers)
    known = {} if manifest is None else manifest
    parts = [] if metrics is None else _parts(metrics, known, folder)
    summary = None if gradients is None else _summary(folder / "summary.csv")
    return Source(folder, known, parts, gradients, summary, missing(known, metrics, parts))


def _summary(path: Path) -> pd.DataFrame | None:
    """Return the half-lives of gradients, or the summary of a study that is next to them."""
    summary = read_table(path)
    if summary is not None and "half_life" in summary:
        summary = read_table(path, _HALF_LIVES)
        require_numbers(path, cast("pd.DataFrame", summary), _HALF_LIVES[3:])
    return summary


def _parts(metrics: pd.DataFrame, manifest: Mapping[str, Any], folder: Path) -> list[Part]:
    if "task" not in metrics:
        return [_part(_ABOUT_COPYING, metrics, manifest, folder)]
    groups = metrics.groupby("task", sort=False)
    return [_part(str(label), rows, manifest, folder) for label, rows in groups]


def _part(label: str, rows: pd.DataFrame, manifest: Mapping[str, Any], folder: Path) -> Part:
    settings = manifest.get("settings") or {}
    # a setting of another task says nothing here
    unsaid = [name for name in conditions_of(rows) if rows[name].isna().all()]
    rows = rows.drop(columns=unsaid).reset_index(drop=True)
    built = [name for name in BUILT if name in conditions_of(rows)]
    rows = _without_gaps(labelled(_whole_numbers(rows, folder), built))
    by = [name for name in conditions_of(rows) if name != "task"]
    entries = [one for one in settings.get("task") or () if isinstance(one, dict)]
    entry = next((one for one in entries if one.get("label") == label), {"name": label})
    kind = _task(str(entry.get("name", label)))
    known = [one for one in manifest.get("tasks") or () if one.get("task") == label]
    metric = getattr(kind, "headline", None) or next((one.get("headline") for one in known), None)
    if metric is None:  # a task that is not installed here: what its columns are called
        names = list(rows.columns)
        results = names[names.index("update") + 1 :]
        results = [name for name in results if rows[name].notna().any()]  # not another task's
        accuracies = [name for name in results if name.endswith("accuracy")]
        metric = [*accuracies, *results, "loss"][0]  # the loss is the first of a task's metrics
    if metric not in rows:
        raise ValueError(
            f"{folder / 'metrics.csv'} must have the column {metric}, by which {label} is judged, "
            f"got {', '.join(map(str, rows.columns))}: report the folder of a run"
        )
    require_numbers(folder / "metrics.csv", rows, [metric, "grad_norm", "seconds"])

    # the copy task's settings stand beside the others, any other task's within its entry
    written = {**settings, **entry} if "task" not in rows else entry

    def chance(point: Mapping[Any, Any]) -> float:
        if kind is None:
            return _recorded(known, {**written, **point}, "chance")
        return float(getattr(_made(kind, {**written, **point}), "chance", math.nan))

    one = _made(kind, {**written, **rows.iloc[0].to_dict()})
    higher = next((one["direction"] == "higher" for one in known if one.get("direction")), None)
    higher = metric.endswith("accuracy") if higher is None else higher
    return Part(
        task=label,
        metrics=rows,
        metric=metric,
        higher_is_better=bool(getattr(kind, "higher_is_better", higher)),
        solved=getattr(one, "solved", None) if kind is not None else _criterion(known, higher),
        by=by,
        chance=chance,
    )


def _recorded(known: list[Mapping[str, Any]], point: Mapping[Any, Any], name: str) -> float:
    """Return what the manifest says of a task at the settings of a point, NaN if it does not."""
    for one in known:
        if all(one[key] == point[key] for key in one.keys() & point.keys()):
            return math.nan if one.get(name) is None else float(one[name])
    return math.nan


def _criterion(known: list[Mapping[str, Any]], higher: bool) -> Callable[[float], bool] | None:
    """Return which values solve a task, as the manifest says; None if it does not say one."""
    levels = {one.get("criterion") for one in known}
    level = next(iter(levels)) if len(levels) == 1 else None
    if level is None:
        return None
    return lambda value: bool(value >= level if higher else value <= level)


def _whole_numbers(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Make whole numbers of settings that the gaps of other tasks turned into floats: 110.0."""
    floats = [n for n in conditions_of(rows) if pd.api.types.is_float_dtype(rows[n])]
    for name in floats:
        if not (rows[name].abs() <= _LARGEST)[rows[name].notna()].all():
            raise ValueError(
                f"{folder / 'metrics.csv'} must have settings that are finite, got "
                f"{rows[name].abs().max()} in the column {name}: run the study again"
            )
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
    """Return the class of a task, None where it cannot be had.

    A task in a file is a program, and a report runs none that a folder names; nor does it read
    files for a task.
    """
    if ":" in name:
        return None
    try:
        kind = find_task(name)
    except ValueError:  # a package that is not installed
        return None
    return None if kind.files else kind


def _made(kind: Any, given: Mapping[Any, Any]) -> Any:
    """Return the task with those of its settings that are given, None where it refuses them."""
    if not dataclasses.is_dataclass(kind):
        return None
    fields = [field.name for field in dataclasses.fields(kind) if field.init]
    try:
        return cast("Any", kind)(**{name: given[name] for name in fields if name in given})
    except (TypeError, ValueError):
        return None
