"""Entries of a study's tasks: a task or a table, with its settings."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rnnlab.experiments.settings.fields import Label, explain_field, knob, number_or_text
from rnnlab.experiments.settings.input_files import digest, found, locate, locate_object
from rnnlab.experiments.settings.runs import TaskPoint
from rnnlab.experiments.settings.schema import SWEPT
from rnnlab.experiments.settings.table import (
    COLUMNS,
    TABLE,
    TableSettings,
    dataset_at,
    table_point,
    written_table,
)
from rnnlab.registry import unknown_name
from rnnlab.tasks.contract import check_once
from rnnlab.user_code import UserCodeError, describe, place_of_error

# Columns of a table that a setting of a task must not take the name of.
TAKEN = {
    *("cell", "task", "seed", "part", "epoch", "update"),
    *("learning_rate", "grad_norm", "status", "seconds"),
    *SWEPT,
}


class TaskEntry(BaseModel):
    """One task of a study with its settings, any of which may be a list to sweep.

    Written as a string, `"adding,length=50"`, or as a table,
    `{name = "adding", length = [50, 100]}`; what is left out has the task's own default. A user's
    table is named by its file, `"machines.csv,target=failed"` or
    `{table = "machines.csv", target = "failed"}`, with the settings of
    `rnnlab.experiments.settings.table.TableSettings`. The label, the name of the task or of the
    file unless one is given, is in the column `task`.

    Examples
    --------
    >>> entry = TaskEntry.model_validate({"name": "copy-memory", "delay": [10, 20], "payload": 3})
    >>> entry.label, entry.settings_given
    ('copy-memory', {'delay': [10, 20], 'payload': 3})
    >>> entry = TaskEntry.model_validate("machines.csv,target=failed")
    >>> entry.label, entry.table, entry.settings_given
    ('machines', 'machines.csv', {'target': 'failed'})
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Annotated[
        str, knob("a task's name or FILE.py:NAME", 'name one, such as "adding"', min_length=1)
    ]
    table: Annotated[str | None, knob("a CSV file", "name one, such as machines.csv")] = None
    label: Label
    folder: Path | None = Field(default=None, exclude=True, repr=False)  # FILE.py is relative to it

    @model_validator(mode="before")
    @classmethod
    def _read(cls, written: Any) -> Any:
        if isinstance(written, str):
            return cls._read(read_task(written))
        if isinstance(written, Mapping) and "table" in written and "name" not in written:
            return {"name": TABLE, "label": Path(str(written["table"])).stem, **written}
        if isinstance(written, Mapping):
            return {"label": str(written.get("name", "?")), **written}
        raise ValueError(
            'task must be a name such as "adding", FILE.py:NAME or a table with a key name or '
            f"table, got {written!r}: a task of your own goes into a file that workers "
            "can read"
        )

    @property
    def source(self) -> str:
        """What `find_task` takes: the name, or the file from where the spec lies."""
        return locate_object(self.name, self.folder)

    @property
    def settings_given(self) -> dict[str, Any]:
        """The task's settings as written, lists for what is swept."""
        return dict(self.model_extra or {})

    def points(self) -> list[TaskPoint]:
        """Return the task at each of its settings, in the order of the rows.

        Raises
        ------
        ValueError
            If there is no such task or setting, or one has a value that the task refuses.
        """
        if self.table is not None:
            return self._points_of_table(locate(self.table, self.folder))
        kind = find(self.source)
        given = self.settings_given
        fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
        for name, value in given.items():
            if name not in fields:
                raise ValueError(unknown_name(f"setting of the task {self.name}", name, fields))
            if isinstance(value, list) and (not value or len(set(map(str, value))) < len(value)):
                raise ValueError(
                    f"{name} of the task {self.name} must be a value or a list of different ones, "
                    f"got {value}: drop what is there twice, or give one"
                )
        # the span comes first: it is what memory is measured against
        span = getattr(kind, "span", None)
        order = sorted(fields, key=lambda name: name != span)
        choices = [_choices(given, fields[name], self.name) for name in order]
        shown = [name for name in order if name == span or isinstance(given.get(name), list)]
        for name in TAKEN.intersection(shown):
            raise ValueError(
                f"a setting of the task {self.name} must not be called as a column of the tables, "
                f"got {name}: rename it"
            )
        points = []
        for values in product(*choices):
            written = dict(zip(order, values, strict=True))
            columns = (("task", self.label), *((name, written[name]) for name in shown))
            read = {
                name: locate(written[name], self.folder)
                for name in kind.files
                if isinstance(written[name], str)
            }
            located = {name: str(file) for name, file in read.items()}
            checked = make(kind, written | located, self.name)
            check_once(checked)
            settings = {name: getattr(checked, name) for name in fields}
            # what a file holds decides the random numbers, not where it lies
            entropy = settings | {name: digest(file) for name, file in read.items()}
            points.append(
                TaskPoint(self.source, tuple(settings.items()), columns, tuple(entropy.values()))
            )
        return points

    def settings(self) -> dict[str, Any]:
        """Return the entry as a manifest holds it; what it names of files comes with digests."""
        settings = self.model_dump(mode="json", exclude={"name" if self.table else "table"})
        if self.table is not None:
            return {**settings, "table_sha256": digest(locate(self.table, self.folder))}
        if ":" in self.name:
            settings["sha256"] = digest(Path(self.source.rpartition(":")[0]))
        for name in find(self.source).files:
            named = settings.get(name)
            if isinstance(named, list):
                settings[f"{name}_sha256"] = [digest(locate(one, self.folder)) for one in named]
            elif named is not None:
                settings[f"{name}_sha256"] = digest(locate(named, self.folder))
        return settings

    def _points_of_table(self, file: Path) -> list[TaskPoint]:
        """Return the table at each of its settings; a list of columns is one value."""
        swept = {
            name: value
            for name, value in self.settings_given.items()
            if isinstance(value, list) and name not in (*COLUMNS, "split")
        }
        points = []
        for values in product(*swept.values()):
            chosen = dict(zip(swept, values, strict=True))
            try:
                table = written_table(self.settings_given | chosen, file)
            except ValidationError as error:
                raise ValueError(
                    explain_field(error, TableSettings, f"table {self.table}")
                ) from None
            points.append(table_point(table, (("task", self.label), *chosen.items())))
        return points


def read_task(text: str) -> dict[str, Any]:
    """Split `TASK,setting=value,...` into the keys of a table; a setting given twice is swept.

    Examples
    --------
    >>> read_task("adding,length=50,length=100")
    {'name': 'adding', 'label': 'adding', 'length': [50, 100]}
    """
    name, *options = (part.strip() for part in text.split(","))
    is_table = name.lower().endswith(".csv")
    entry: dict[str, Any] = {"table": name} if is_table else {"name": name, "label": name}
    for option in options:
        key, separator, written = (part.strip() for part in option.partition("="))
        key = key.replace("-", "_")
        if not separator or not written:
            raise ValueError(
                f"settings of a task must be written setting=value, got {option!r} in {text!r}: "
                f"write {key}=..."
            )
        value: Any = written if key == "label" else number_or_text(written)
        if key in entry and key != "label":
            before = entry[key] if isinstance(entry[key], list) else [entry[key]]
            value = [*before, value]
        entry[key] = value
    return entry


def find(source: str) -> Any:
    """Return the class of a task."""
    from rnnlab.tasks import find_task

    return found(find_task, source)


def problem_at(point: TaskPoint) -> Any:
    """Return the task at one of its settings, or the dataset of a table."""
    if point.source == TABLE:
        return dataset_at(point)
    return _task(find(point.source), point)


@lru_cache(maxsize=1024)
def _task(kind: Any, point: TaskPoint) -> Any:
    return kind(**dict(point.settings))


def judged(task: Any) -> dict[str, Any]:
    """Return how a task is judged, as a manifest holds it.

    `criterion` is the value of the headline from which on a run has solved the task.
    """
    return {
        "headline": task.headline,
        "direction": direction(task),
        "chance": _finite(task.chance),
        "criterion": _finite(task.solved_at),
    }


def direction(task: Any) -> str:
    """Return which values of the headline are better."""
    return "higher" if task.higher_is_better else "lower"


def _finite(value: float) -> float | None:
    """Return a number in a form that JSON can hold."""
    return float(value) if math.isfinite(value) else None


def make(kind: Any, settings: Mapping[str, Any], name: str) -> Any:
    """Return the task at these settings; what it refuses is said in its own words."""
    try:
        return kind(**settings)
    except (ValueError, TypeError) as error:
        raise ValueError(f"task {name}: {' '.join(str(error).split())}") from None
    except Exception as error:  # whatever a task of the user's may raise
        place = place_of_error(error)
        if place is None:
            raise
        raise UserCodeError(
            f"{place}: task {name} must take {dict(settings)}, got {describe(error)}; correct it "
            "there"
        ) from error


def _choices(given: Mapping[str, Any], field: Any, task: str) -> list[Any]:
    if field.name in given:
        value = given[field.name]
        return value if isinstance(value, list) else [value]
    if field.default is not dataclasses.MISSING:
        return [field.default]
    if field.default_factory is not dataclasses.MISSING:
        return [field.default_factory()]
    raise ValueError(
        f"{field.name} of the task {task} must be given, got nothing: "
        f"write {task},{field.name}=... or, in a TOML file, {field.name} = ... beside the name"
    )
