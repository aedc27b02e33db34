"""Text descriptions of a task: settings, chance, criterion and a sample."""

from __future__ import annotations

import dataclasses
import inspect
from functools import cached_property
from typing import Any

import numpy as np

from rnnlab.tasks.checks import check_sample
from rnnlab.tasks.contract import check_once, check_size
from rnnlab.tasks.task import Task
from rnnlab.tasks.user_errors import errors_of_task
from rnnlab.texts import setting_text


def about(task: type[Task]) -> str:
    """Return the task's summary: the first line of its docstring."""
    return _first_line(task)


def settings_text(task: type[Task]) -> str:
    """Return the settings with their defaults.

    Examples
    --------
    >>> from rnnlab.tasks import CopyMemory, TextPrediction
    >>> settings_text(CopyMemory), settings_text(TextPrediction)
    ('delay=10, payload=3, alphabet=8', 'file=..., length=50, part=train')
    """
    fields: Any = dataclasses.fields(task)  # type: ignore[arg-type]  # every task is a dataclass
    return ", ".join(
        f"{field.name}={'...' if field.default is dataclasses.MISSING else field.default}"
        for field in fields
    )


def chance_text(task: type[Task]) -> str:
    """Return the description of the score of a model without memory.

    Examples
    --------
    >>> from rnnlab.tasks import CopyMemory
    >>> chance_text(CopyMemory)
    'Recall accuracy of a guess: 1 / alphabet.'
    """
    return _in_words(task, "chance")


def solved_text(task: type[Task]) -> str:
    """Return the criterion for a solved task.

    Examples
    --------
    >>> from rnnlab.tasks import Adding, CopyMemory
    >>> solved_text(CopyMemory), solved_text(Adding)
    ('recall_accuracy >= 0.99', 'mse <= 0.0064')
    """
    sign = ">=" if task.higher_is_better else "<="
    words = _in_words(task, "solved_at")
    return f"{task.headline} {sign} {words[0].lower()}{words[1:].rstrip('.')}"


def sample_rows(task: Task, seed: int | None = None) -> list[tuple[str, str, str]]:
    """Draw one sequence and return a row for each step: step, input, target.

    Classes and labels have the names of the task; "-" is an input of zeros or an ignored
    position. Padding at the end is one row.

    Parameters
    ----------
    task : Task
    seed : int, optional
        Seed of the sample; fresh entropy by default.

    Examples
    --------
    >>> from rnnlab.tasks import CopyMemory
    >>> for row in sample_rows(CopyMemory(delay=1, payload=1, alphabet=8), seed=0):
    ...     print(row)
    ('1', '6', 'blank')
    ('2', 'marker', 'blank')
    ('3', 'blank', '6')
    """
    check_once(task)
    check_size(task, 1)
    with errors_of_task(task, "sample"):
        drawn = task.sample(1, np.random.default_rng(seed))
    inputs, targets = check_sample(task, 1, drawn)
    rows = [
        (str(step), _input_text(task, x[0]), _target_text(task, y[0]))
        for step, (x, y) in enumerate(zip(inputs, targets, strict=True), 1)
    ]
    inside = max(step for step, row in enumerate(rows, 1) if row[1:] != ("-", "-"))
    if inside < len(rows) - 1:
        rows[inside:] = [(f"{inside + 1}..{len(rows)}", "-", "-")]
    return rows


def _input_text(task: Task, value: Any) -> str:
    if np.ndim(value) == 0:
        return "-" if value < 0 else task.input_names[value]
    return " ".join(f"{number:g}" if number.is_integer() else f"{number:.3f}" for number in value)


def _target_text(task: Task, value: Any) -> str:
    if np.ndim(value) == 0:
        return "-" if value < 0 else task.output_names[value]
    if np.isnan(value).any():
        return "-"
    if task.loss == "binary-cross-entropy":
        names = [name for name, holds in zip(task.output_names, value, strict=True) if holds]
        return " ".join(names) or "none"
    return " ".join(f"{number:.3f}" for number in value)


def _in_words(task: type[Task], name: str) -> str:
    """Return a number of the class, or the first line of the docstring of its property."""
    value = inspect.getattr_static(task, name, None)
    if isinstance(value, property | cached_property):
        return _first_line(value)
    return setting_text(value)


def _first_line(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]
