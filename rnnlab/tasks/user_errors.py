"""Errors in tasks that users wrote: they begin with the line of the user's file."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager

from rnnlab.tasks.interface import TaskInterface
from rnnlab.user_code import UserCodeError, describe, place_of_class, place_of_error


def is_user_task(task: type[TaskInterface]) -> bool:
    """Return whether a task is defined outside rnnlab."""
    return not task.__module__.startswith("rnnlab.")


def place(task: type[TaskInterface], attribute: str = "") -> str:
    """Return "FILE:LINE" of a task's class, or of the definition of one of its attributes."""
    for kind in task.__mro__:
        methods = [
            value
            for name, value in vars(kind).items()
            if inspect.isfunction(value) and not name.startswith("__")  # those of dataclass
        ]
        if methods and is_user_task(kind) and (attribute in vars(kind) or not attribute):
            return place_of_class(methods[0].__code__.co_filename, kind.__name__, attribute)
    return place(task) if attribute else task.__name__


@contextmanager
def errors_of_task(task: TaskInterface, method: str) -> Iterator[None]:
    """Turn an exception in a user's task into a `UserCodeError` with the user's own line."""
    try:
        yield
    except UserCodeError:
        raise
    except Exception as error:
        kind = type(task)
        if not is_user_task(kind):
            raise
        where = place_of_error(error) or place(kind, method)
        raise UserCodeError(
            f"{where}: {kind.__name__}.{method} must run, got {describe(error)}; correct it there"
        ) from error


def task_error(task: TaskInterface, attribute: str, text: str) -> UserCodeError | ValueError:
    """Return an error about an attribute of a task, with its line if the task is a user's."""
    kind = type(task)
    if not is_user_task(kind):
        return ValueError(text)
    return UserCodeError(f"{place(kind, attribute)}: {text}")
