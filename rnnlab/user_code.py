"""File and line in users' code, for error messages."""

from __future__ import annotations

import inspect
import linecache
import os
import re
import sysconfig
import traceback
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any


class UserCodeError(ValueError):
    """An error in the user's code; the message begins with its FILE:LINE."""


_RNNLAB = f"{Path(__file__).parent}{os.sep}"
_STANDARD = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})


@lru_cache(maxsize=1024)
def is_installed(file: str) -> bool:
    """Return whether a file belongs to Python or to an installed package.

    Examples
    --------
    >>> is_installed(inspect.__file__), is_installed("lab/my_cells.py")
    (True, False)
    """
    if file.startswith(("<frozen", *_STANDARD)) or file.endswith((".pyx", ".pxd")):
        return True
    return not {"site-packages", "dist-packages"}.isdisjoint(Path(file).parts)


def is_own(file: str) -> bool:
    """Return whether a file is the user's: neither of rnnlab nor installed."""
    return not (file.startswith(_RNNLAB) or is_installed(file))


def place_of_error(error: BaseException) -> str | None:
    """Return "FILE:LINE" of the innermost line of the user's code in a traceback, if any.

    For an exception that was raised from another one, the other one's traceback comes first.
    """
    if isinstance(error, SyntaxError) and error.filename and is_own(error.filename):
        return f"{error.filename}:{error.lineno}"
    cause = error.__cause__
    if cause is not None and (place := place_of_error(cause)):
        return place
    lines = traceback.extract_tb(error.__traceback__)
    own = [line for line in lines if is_own(line.filename)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else None


def describe(error: BaseException) -> str:
    """Return an exception's type and message on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def place_of_class(file: str | Path, name: str, attribute: str = "") -> str:
    """Return "FILE:LINE" of a class in a file, or of one of its attributes.

    An attribute is found if it is a method or assigned in the body of the class.
    """
    linecache.checkcache(str(file))
    lines = linecache.getlines(str(file))
    of_class = (k for k, line in enumerate(lines) if re.match(rf"\s*class {name}\b", line))
    first = next(of_class, 0)
    for number, line in enumerate(lines[first + 1 :] if attribute else [], first + 2):
        if re.match(r"\S", line) and not line.startswith(("#", ")")):
            break  # the end of the class
        if re.match(rf"\s+(def {attribute}\b|([\w, =]+ = |){attribute}\s*[:=])", line):
            return f"{file}:{number}"
    return f"{file}:{first + 1}"


def place_of_function(function: Any) -> str:
    """Return "FILE:LINE" of a function's `def`, which may come after decorators."""
    code = inspect.unwrap(function).__code__
    file, first = code.co_filename, code.co_firstlineno
    linecache.checkcache(file)
    head = linecache.getlines(file)[first - 1 : first + 30]
    defined = (k for k, line in enumerate(head) if line.lstrip().startswith(("def ", "async def ")))
    return f"{file}:{first + next(defined, 0)}"


def frame_outside(frame: FrameType, inside: Callable[[FrameType], bool]) -> FrameType:
    """Return the innermost frame, from `frame` outwards, for which `inside` is false."""
    while frame.f_back is not None and inside(frame):
        frame = frame.f_back
    return frame


def text_at(frame: FrameType) -> str:
    """Return the source of a frame's current expression, "math.cos(a)"; empty if unknown."""
    positions = islice(frame.f_code.co_positions(), frame.f_lasti // 2, None)
    first, last, start, end = next(positions, (None, None, None, None))
    if first is None or first != last:
        return ""
    linecache.checkcache(frame.f_code.co_filename)
    line = linecache.getline(frame.f_code.co_filename, first)
    return line.encode()[start:end].decode(errors="replace")
