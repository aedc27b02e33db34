"""Objects of users' Python files, given as `FILE.py:NAME`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnnlab.user_code import UserCodeError, describe, place_of_error


def file_and_name(spec: str) -> tuple[Path, str] | None:
    """Return file and name of `FILE.py:NAME`; None for any other text.

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
    """Run a Python file and return its objects of one kind by the names of their variables.

    Parameters
    ----------
    kind : str
        The kind of object in the singular, for messages ("cell").
    path : Path
    belongs : callable
        Returns whether an object is of that kind.
    made, remedy : str
        How such an object is made ("with @cell"), and what to do if the file has none, for
        messages.
    explain : callable
        Returns the remedy for a name that cannot be imported; empty for the usual message.

    Raises
    ------
    ValueError
        If the file does not exist, does not run, or has no such object.
    """
    if not path.is_file():
        raise ValueError(f"the {kind}'s file must exist, got {str(path)!r}: check the path")
    module_spec = importlib.util.spec_from_file_location(f"rnnlab_user_{path.stem}", path)
    if module_spec is None or module_spec.loader is None:
        raise ValueError(f"{path} must be a Python file: give it the ending .py")
    module = importlib.util.module_from_spec(module_spec)
    # dataclasses look their module up while they are defined; it is not needed there later
    sys.modules[module.__name__] = module
    try:
        module_spec.loader.exec_module(module)
    except UserCodeError:  # has file and line already
        raise
    except (Exception, SystemExit) as error:  # a file may raise anything
        raise UserCodeError(_why(path, error, explain)) from error
    finally:
        sys.modules.pop(module.__name__, None)
    found = {name: value for name, value in vars(module).items() if belongs(value)}
    if not found:
        raise ValueError(f"{path} must define a {kind} {made}: {remedy}")
    return found


def _why(path: Path, error: BaseException, explain: Callable[[ImportError], str]) -> str:
    """Return one line with the place and the reason of a file's failure."""
    place = place_of_error(error) or str(path)
    if isinstance(error, ImportError) and (advice := explain(error)):
        return f"{place}: {advice}"
    if isinstance(error, SyntaxError):
        error = SyntaxError(error.msg)  # without the place, which is in the message already
    return f"{place}: {path.name} must run, got {describe(error)}; correct it there"
