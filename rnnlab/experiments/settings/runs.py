"""Runs of a study, tasks at one setting, and the settings that may be swept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rnnlab.experiments.settings.cell_entry import CellEntry

# What may be swept, in the order of its columns. A cell's entry may have some of them of its own.
SWEPT = (
    "hidden",
    "parameters",
    "num_layers",
    "init",
    "forget_bias",
    "optimizer",
    "lr",
    "clip",
    "clip_value",
    "batch",
    "updates",
    "evaluate_every",
    "evaluation_batch",
)
# What a model is built with. Values of these are compared with each other, as cells are.
BUILT = ("hidden", "parameters", "num_layers", "init", "forget_bias")


@dataclass(frozen=True)
class Run:
    """One point of the grid: what one worker computes at a time.

    Parameters
    ----------
    cell : str
        The entry's label.
    point : mapping or tuple of pairs
        The columns between cell and seed: the task and its settings, then what the study sweeps.
        None where a column says nothing about this run.
    seed : int

    Examples
    --------
    >>> run = Run("gru", {"delay": 10, "lr": 0.001}, seed=0)
    >>> str(run), run["delay"]
    ('gru, delay 10, lr 0.001, seed 0', 10)
    """

    cell: str
    point: Any
    seed: int

    def __post_init__(self) -> None:
        pairs = self.point.items() if isinstance(self.point, Mapping) else self.point
        object.__setattr__(self, "point", tuple(pairs))

    def __getitem__(self, column: str) -> Any:
        """Return what the column says of this run."""
        return {"cell": self.cell, **dict(self.point), "seed": self.seed}[column]

    def __str__(self) -> str:
        named = [
            str(value) if column == "task" else f"{column.replace('_', ' ')} {_text(value)}"
            for column, value in self.point
            if value is not None
        ]
        return ", ".join([self.cell, *named, f"seed {self.seed}"])


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class TaskPoint:
    """A task at one setting, and what the tables say of it.

    Attributes
    ----------
    source : str
        A registered name or FILE.py:NAME.
    settings : tuple of (str, value)
        What the task is made with.
    columns : tuple of (str, value)
        What the columns of a table say of it.
    entropy : tuple
        What its random numbers follow from, beside the seed: the values of its settings, with the
        digest of a file in place of its path.
    """

    source: str
    settings: tuple[tuple[str, Any], ...]
    columns: tuple[tuple[str, Any], ...]
    entropy: tuple[Any, ...]


@dataclass(frozen=True)
class RunSettings:
    """What one run is made with: every sweep at its point, every entry's own setting in place."""

    entry: CellEntry
    task: TaskPoint
    hidden: int | None
    parameters: int | None
    num_layers: int
    init: str | None
    forget_bias: float | str | None
    optimizer: str
    lr: float
    clip: float | None
    clip_value: float | None
    batch: int
    updates: int
    evaluate_every: int
    evaluation_batch: int
