"""Errors in equations, with file and line of the user's code."""

from __future__ import annotations

import sys
from types import FrameType
from typing import NoReturn

from rnnlab.user_code import UserCodeError, frame_outside, is_installed, text_at

_LANGUAGE = __name__.rpartition(".")[0]


class EquationError(UserCodeError):
    """A cell's equations cannot be used; the message names the line and the remedy."""


def calling_frame() -> FrameType:
    """Return the innermost frame outside the language and outside installed packages."""
    return frame_outside(
        sys._getframe(1),
        lambda frame: (
            str(frame.f_globals.get("__name__", "")).startswith(_LANGUAGE)
            or is_installed(frame.f_code.co_filename)
        ),
    )


def calling_place() -> str:
    """Return "FILE:LINE" of the statement that called the language."""
    frame = calling_frame()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def fail(message: str) -> NoReturn:
    """Raise `EquationError` with the place in the user's code."""
    raise EquationError(f"{calling_place()}: {message}")


def called_name() -> str:
    """Return the name of the function that the user's code calls; empty if unknown."""
    frame = calling_frame()
    written = text_at(frame).partition("(")[0].strip()
    if not written.replace(".", "").isidentifier():
        return ""
    first, *rest = written.split(".")
    found = frame.f_locals.get(first, frame.f_globals.get(first))  # may be an alias
    for part in rest:
        found = getattr(found, part, None)
    return str(getattr(found, "__name__", written.rpartition(".")[2]))
