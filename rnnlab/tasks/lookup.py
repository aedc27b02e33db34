"""Lookup of tasks by name, by `FILE.py:NAME` or by class."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from rnnlab.registry import tasks, unknown_name
from rnnlab.tasks.task import LOSSES, Task
from rnnlab.user_code import UserCodeError, place_of_class
from rnnlab.user_files import file_and_name, members

# The attributes that a task must have, next to its abstract methods.
STATED = (
    *("loss", "metrics", "headline", "solved_at", "span", "paper"),
    *("length", "input_size", "output_size", "chance", "baseline_loss"),
)


def find_task(spec: str | type[Task]) -> type[Task]:
    """Return the class of a task, to be called with its settings.

    Parameters
    ----------
    spec : str or type
        A name ("adding"), of rnnlab or of an installed package; a file and a class in it
        ("my_tasks.py:Echo"); or a task's class, which is checked and returned.

    Returns
    -------
    type
        A subclass of `Task`.

    Raises
    ------
    ValueError
        If there is no such task (the message proposes the nearest name), if a file or a package
        cannot be loaded, or if the task lacks an attribute.
    TypeError
        If `spec` is neither a string nor a task.

    Examples
    --------
    >>> find_task("adding")(length=100).chance
    0.16666666666666666
    >>> find_task("ading")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: task must be one of adding, ... got 'ading': did you mean 'adding'?
    """
    if isinstance(spec, type) and issubclass(spec, Task):
        return check_task(spec.__name__, spec)
    if not isinstance(spec, str):
        raise TypeError(
            f"task must be a name or a class that derives from rnnlab.tasks.Task, got {spec!r}: "
            'write "adding" or rnnlab.tasks.Adding'
        )
    if place := file_and_name(spec):
        return _from_file(*place)
    found: type[Task] = tasks[spec]
    return found


def check_task(name: str, value: object) -> type[Task]:
    """Return `value` if it is a task with all attributes and methods.

    Parameters
    ----------
    name : str
        Name of the task in messages.
    value : object

    Raises
    ------
    ValueError
        If an attribute is missing or invalid; the message names all that are missing.
    TypeError
        If it is not a class that derives from `Task`.
    """
    if not (isinstance(value, type) and issubclass(value, Task)):
        raise TypeError(
            f"{name} must be a class that derives from rnnlab.tasks.Task, got {value!r}: "
            f"write class {name}(Task)"
        )
    parameters = vars(value).get("__dataclass_params__")
    if parameters is None or not parameters.frozen:
        raise ValueError(
            f"{name} must be a frozen dataclass: write @dataclass(frozen=True) above it"
        )
    fields = set(value.setting_names())
    missing = [key for key in STATED if key not in fields and not hasattr(value, key)]
    missing += [f"{method}()" for method in sorted(value.__abstractmethods__)]
    if missing:
        raise ValueError(
            f"{name} must define {', '.join(missing)}: help(rnnlab.tasks.Task) describes them"
        )
    for holds, requirement, given, remedy in _requirements(value):
        if not holds:
            raise ValueError(f"{name}.{requirement}, got {given!r}: {remedy}")
    return value


def _requirements(task: type[Task]) -> list[tuple[bool, str, Any, str]]:
    """Return for each requirement whether it holds, its text, the value given and the remedy."""
    metrics, settings = task.metrics, task.setting_names()
    return [
        (task.loss in LOSSES, f"loss must be one of {', '.join(LOSSES)}", task.loss, "name one"),
        (
            isinstance(metrics, tuple) and metrics[:1] == ("loss",),
            'metrics must be a tuple that begins with "loss"',
            metrics,
            "put it first",
        ),
        (
            task.headline in metrics,
            "headline must be one of its metrics",
            task.headline,
            f"choose from {', '.join(map(str, metrics))}",
        ),
        (
            task.span in settings,
            "span must be one of its settings",
            task.span,
            f"choose from {', '.join(settings)}" if settings else "add a field of that name",
        ),
    ]


def _from_file(path: Path, name: str) -> type[Task]:
    found = members(
        "task",
        path,
        lambda value: (
            inspect.isclass(value)
            and issubclass(value, Task)
            and value.__module__ == f"rnnlab_user_{path.stem}"  # not one that it imports
        ),
        made="that derives from rnnlab.tasks.Task",
        remedy=f"write class {name}(Task)",
    )
    if name not in found:
        raise ValueError(unknown_name(f"task of {path}", name, found))
    try:
        return check_task(name, found[name])
    except (ValueError, TypeError) as error:
        raise UserCodeError(f"{place_of_class(path, name)}: {error}") from None


tasks.open_to("rnnlab.tasks", check_task)
