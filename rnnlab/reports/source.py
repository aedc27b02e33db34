"""A result folder as a report reads it: tables, settings, and how each task is judged."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from rnnlab.experiments.measures import all_tables
from rnnlab.experiments.results.folder import STUDIES, described, kind_of
from rnnlab.experiments.results.older import by_task, completed
from rnnlab.experiments.results.parts import choosing, judged_rows, watched_rows
from rnnlab.experiments.results.reading import MANIFEST, read_manifest
from rnnlab.experiments.results.tables import NAMES, read_table, require_numbers
from rnnlab.experiments.settings.schema import BUILT
from rnnlab.registry import experiments
from rnnlab.reports.missing import missing
from rnnlab.reports.words import OFF
from rnnlab.statistics import conditions_of, labelled
from rnnlab.texts import setting_text

_METRICS = ("cell", "seed", "update")
_HALF_LIVES = (
    *("cell", "phase", "state", "seeds"),
    *("half_life", "ci_low", "ci_high", "log10_decay_per_step"),
)
_LARGEST = 2.0**53
_JUDGEMENT = {"headline", "direction", "chance", "criterion"}


@dataclass(frozen=True)
class Part:
    """The runs of a study on one task, and how to read them.

    Attributes
    ----------
    task : str
        The task's label.
    metrics : DataFrame
        The rows of metrics.csv that its runs are judged by, without columns of other tasks.
    course : DataFrame
        The evaluations on the way.
    choosing : DataFrame
        The rows by which settings of training are chosen.
    metric : str
        The headline metric.
    higher_is_better : bool
    solved : callable or None
        From a value of the metric to whether it solves the task, if the task says so.
    by : list of str
        The settings that vary within it; the task itself is none.
    chance : callable
        From a row's settings to the metric of a model without memory; NaN if it is not known.
    """

    task: str
    metrics: pd.DataFrame
    course: pd.DataFrame
    choosing: pd.DataFrame
    metric: str
    higher_is_better: bool
    solved: Callable[[float], bool] | None
    by: list[str]
    chance: Callable[[Mapping[Any, Any]], float]

    @property
    def of_table(self) -> bool:
        """Whether the runs learned from a user's table."""
        return self.course is not self.metrics

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
        Rows of gradients.csv, and of the summary.csv next to it.
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
        """The settings of the study; empty if they are not known."""
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
        for question in (self.manifest.get("question"), self.settings.get("question")):
            if question:
                return str(question)
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
    if kind == "fit" and manifest is None:
        raise ValueError(
            f"{folder} must hold {MANIFEST} for a report of a fit: report the folder that "
            "rnnlab fit wrote"
        )
    metrics = read_table(folder / "metrics.csv", () if kind == "gradient-flow" else _METRICS)
    gradients = read_table(folder / "gradients.csv", all_tables(["decay"])["gradients"])
    metrics, gradients = (None if t is None or t.empty else t for t in (metrics, gradients))
    if metrics is None and gradients is None:
        raise ValueError(
            f"{folder} must hold at least one finished run: the command in its "
            f"{MANIFEST} computes them"
        )
    if gradients is not None:
        numbers = [name for name in all_tables(["decay"])["gradients"] if name not in NAMES]
        require_numbers(folder / "gradients.csv", gradients, numbers)
    known = completed(manifest or {}, metrics)
    parts = []
    if metrics is not None:
        parts = [
            _part(label, rows, known, folder) for label, rows in by_task(metrics, known["tasks"])
        ]
    summary = None if gradients is None else _summary(folder / "summary.csv")
    return Source(folder, known, parts, gradients, summary, missing(known, metrics))


def _summary(path: Path) -> pd.DataFrame | None:
    """Return the half-lives of gradients, or the summary of a study that is next to them."""
    summary = read_table(path)
    if summary is not None and "half_life" in summary:
        summary = read_table(path, _HALF_LIVES)
        require_numbers(path, cast("pd.DataFrame", summary), _HALF_LIVES[3:])
    return summary


def _part(label: str, rows: pd.DataFrame, manifest: Mapping[str, Any], folder: Path) -> Part:
    rows = rows.reset_index(drop=True)
    built = [name for name in BUILT if name in conditions_of(rows)]
    rows = _without_gaps(labelled(_whole_numbers(rows, folder), built))
    by = [name for name in conditions_of(rows) if name != "task"]
    # of a task that is judged at each of its settings, and of one that no version knows
    known = [one for one in manifest.get("tasks") or () if one.get("task") == label]
    metric = next((one["headline"] for one in known if one.get("headline")), None)
    metric = metric or _likely_headline(rows)
    if metric not in rows:
        raise ValueError(
            f"{folder / 'metrics.csv'} must have the column {metric}, by which {label} is judged, "
            f"got {', '.join(map(str, rows.columns))}: report the folder of a run"
        )
    require_numbers(folder / "metrics.csv", rows, [metric, "grad_norm", "seconds"])
    higher = next((one["direction"] == "higher" for one in known if one.get("direction")), None)
    higher = metric.endswith("accuracy") if higher is None else higher
    return Part(
        task=label,
        metrics=judged_rows(rows),
        course=watched_rows(rows),
        choosing=choosing(rows),
        metric=metric,
        higher_is_better=higher,
        solved=_criterion(_recorded(known, rows.iloc[0].to_dict(), "criterion"), higher),
        by=by,
        chance=lambda point: _recorded(known, point, "chance"),
    )


def _likely_headline(rows: pd.DataFrame) -> str:
    """Return the column that a task of an unknown package is probably judged by."""
    names = list(rows.columns)
    results = names[names.index("update") + 1 :]
    results = [name for name in results if rows[name].notna().any()]  # not another task's
    accuracies = [name for name in results if name.endswith("accuracy")]
    return [*accuracies, *results, "loss"][0]  # the loss is the first of a task's metrics


def _recorded(known: list[Mapping[str, Any]], point: Mapping[Any, Any], name: str) -> float:
    """Return a number that the manifest has for a task at the settings of a point, or NaN."""
    for one in known:
        shared = (one.keys() & point.keys()) - _JUDGEMENT
        if all(setting_text(one[key]) == setting_text(point[key]) for key in shared):
            return math.nan if one.get(name) is None else float(one[name])
    return math.nan


def _criterion(level: float, higher: bool) -> Callable[[float], bool] | None:
    """Return which values solve a task; None if it has no criterion."""
    if math.isnan(level):
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
