"""Runs of a study, tasks at one setting, and the settings that may be swept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from rnnlab.texts import setting_text


class RunSettings(SimpleNamespace):
    """All settings of one run: the value of each setting of the study, `entry` and `task`.

    `entry` is the `CellEntry` of the run and `task` its `TaskPoint`. A setting that is swept has
    one value here, and a setting that the entry has of its own has that value.
    """


@dataclass(frozen=True)
class Run:
    """One point of the grid: the unit of work of one worker.

    Two runs are equal if they have the same cell, point and seed.

    Parameters
    ----------
    cell : str
        Label of the cell's entry.
    point : mapping or tuple of pairs
        The columns between cell and seed: the task and its settings, then the swept settings. None
        where a column does not apply to this run.
    seed : int
    settings : RunSettings
        Settings with which the run is computed; a run without them only names one.

    Examples
    --------
    >>> run = Run("gru", {"delay": 10, "lr": 0.001}, seed=0)
    >>> str(run), run["delay"]
    ('gru, delay 10, lr 0.001, seed 0', 10)
    """

    cell: str
    point: Any
    seed: int
    settings: Any = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        pairs = self.point.items() if isinstance(self.point, Mapping) else self.point
        object.__setattr__(self, "point", tuple(pairs))

    def __getitem__(self, column: str) -> Any:
        """Return the value of a column for this run."""
        return {"cell": self.cell, **dict(self.point), "seed": self.seed}[column]

    def __str__(self) -> str:
        named = [
            str(value) if column == "task" else f"{column.replace('_', ' ')} {setting_text(value)}"
            for column, value in self.point
            if value is not None
        ]
        return ", ".join([self.cell, *named, f"seed {self.seed}"])


@dataclass(frozen=True)
class TaskPoint:
    """A task at one setting.

    Attributes
    ----------
    source : str
        A registered name, FILE.py:NAME, or "table".
    settings : tuple of (str, value)
        Arguments of the task.
    columns : tuple of (str, value)
        Columns of the tables that name the task and its settings.
    entropy : tuple or None
        Source of the run's random numbers, in addition to the seed: the values of the task's
        settings, with the digest of a file in place of its path. None for a table, whose batches
        and initial parameters follow from the seed alone.
    """

    source: str
    settings: tuple[tuple[str, Any], ...]
    columns: tuple[tuple[str, Any], ...]
    entropy: tuple[Any, ...] | None
