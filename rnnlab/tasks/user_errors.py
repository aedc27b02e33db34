"""Errors of tasks that users wrote: with the line of the user's file."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rnnlab.user_code import UserCodeError, describe, place_of_class, place_of_error

if TYPE_CHECKING:
    from rnnlab.tasks.task import Task


def is_own(task: type[Task]) -> bool:
    """Return whether a task is none of rnnlab's."""
    return not task.__module__.startswith("rnnlab.")


def place(task: type[Task], attribute: str = "") -> str:
    """Return "FILE:LINE" of a task's class, or of what it says of an attribute."""
    for kind in task.__mro__:
        methods = [
            value
            for name, value in vars(kind).items()
            if inspect.isfunction(value) and not name.startswith("__")  # those of dataclass
        ]
        if methods and is_own(kind) and (attribute in vars(kind) or not attribute):
            return place_of_class(methods[0].__code__.co_filename, kind.__name__, attribute)
    return place(task) if attribute else task.__name__


@contextmanager
def blaming(task: Task, method: str) -> Iterator[None]:
    """Turn an exception of a user's task into a `UserCodeError` with the user's own line."""
    try:
        yield
    except UserCodeError:
        raise
    except Exception as error:
        kind = type(task)
        if not is_own(kind):
            raise
        where = place_of_error(error) or place(kind, method)
        raise UserCodeError(
            f"{where}: {kind.__name__}.{method} must run, got {describe(error)}; correct it there"
        ) from error


def wrong(task: Task, attribute: str, what: str) -> UserCodeError | ValueError:
    """Return the error that says what is wrong with an attribute, with its line if it is own."""
    kind = type(task)
    if not is_own(kind):
        return ValueError(what)
    return UserCodeError(f"{place(kind, attribute)}: {what}")
