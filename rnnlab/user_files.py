"""Objects that a user names by `FILE.py:NAME`: the same for cells and tasks."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnnlab.user_code import UserCodeError, describe, place_of_error


def file_and_name(spec: str) -> tuple[Path, str] | None:
    """Split `FILE.py:NAME`; None if `spec` is not written so.

    Examples
    --------
    >>> file_and_name("lab/my_cells.py:cifg")
    (PosixPath('lab/my_cells.py'), 'cifg')
    >>> file_and_name("lstm") is None
    True
    """
    file, separator, name = spec.rpartition(":")
    return (Path(file), name) if separator and file.endswith(".py") else None


def members(
    kind: str,
    path: Path,
    belongs: Callable[[Any], bool],
    *,
    made: str,
    remedy: str,
    explain: Callable[[ImportError], str] = lambda _: "",
) -> dict[str, Any]:
    """Run a Python file and return what it defines of a kind, by the names of the variables.

    Parameters
    ----------
    kind : str
        What is looked for, in the singular, for messages ("cell").
    path : Path
    belongs : callable
        Says of a value whether it is of that kind.
    made, remedy : str
        How one is made ("with @cell"), and what to do if there is none, for messages.
    explain : callable
        Returns the message for a name that cannot be imported, or nothing.

    Raises
    ------
    ValueError
        If there is no such file, it fails, or it defines none.
    """
    if not path.is_file():
        raise ValueError(f"the {kind}'s file must exist, got {str(path)!r}: check the path")
    module_spec = importlib.util.spec_from_file_location(f"rnnlab_user_{path.stem}", path)
    if module_spec is None or module_spec.loader is None:
        raise ValueError(f"{path} must be a Python file: give it the ending .py")
    module = importlib.util.module_from_spec(module_spec)
    # dataclasses look their module up while they are made; nobody needs it there later
    sys.modules[module.__name__] = module
    try:
        module_spec.loader.exec_module(module)
    except UserCodeError:  # says file and line itself: wrapped below, it would say them twice
        raise
    except (Exception, SystemExit) as error:  # whatever a file may raise
        raise UserCodeError(_why(path, error, explain)) from error
    finally:
        sys.modules.pop(module.__name__, None)
    found = {name: value for name, value in vars(module).items() if belongs(value)}
    if not found:
        raise ValueError(f"{path} must define a {kind} {made}, got none: {remedy}")
    return found


def _why(path: Path, error: BaseException, explain: Callable[[ImportError], str]) -> str:
    """Return in one line, with the user's own line, why a file does not run."""
    place = place_of_error(error) or str(path)
    if isinstance(error, ImportError) and (advice := explain(error)):
        return f"{place}: {advice}"
    if isinstance(error, SyntaxError):
        error = SyntaxError(error.msg)  # without the place, which is said already
    return f"{place}: {path.name} must run, got {describe(error)}; correct it there"
