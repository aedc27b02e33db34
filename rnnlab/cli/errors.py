"""Errors of the library as messages of the command line."""

from __future__ import annotations

import ast
import csv
import io
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

#: A parameter as the library's messages name it: missing="drop", horizon=N, sequence=.
_PARAMETER = re.compile(
    r"""(?<![\w.,"'-])(?P<name>[a-z]\w*)=(?!\.\.\.)"""
    r"""(?P<value>\[[^]]*\]|"[^"]*"|'[^']*'|[\w.-]*\w)?"""
)


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn an error about the user's input into a line on stderr, with options for parameters.

    These are ValueError and TypeError, and the errors of sizes beyond the machine's memory or of
    nesting that is too deep. Put it around the checks only: an error after them is a fault of the
    program and keeps its traceback.
    """
    try:
        yield
    except (MemoryError, OverflowError, RecursionError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise click.ClickException(f"sizes must be those of this machine, got {why}") from error
    except (ValueError, TypeError) as error:
        raise click.ClickException(with_options(str(error))) from error


def with_options(text: str, command: click.Command | None = None) -> str:
    """Return a message with options of a command, by default the current one, for parameters.

    Examples
    --------
    >>> flag = click.Option(["--bidirectional"], is_flag=True)
    >>> command = click.Command("fit", params=[flag, click.Option(["--ignore"])])
    >>> with_options("use ignore=['a', 'b'] without bidirectional=True", command)
    'use --ignore a,b without --bidirectional'
    >>> with_options("name it with sequence=, got input_size=3", command)
    'name it with sequence=, got input_size=3'
    """
    if command is None:
        context = click.get_current_context(silent=True)
        command = None if context is None else context.command
    options = {
        parameter.name: parameter
        for parameter in (command.params if command else [])
        if isinstance(parameter, click.Option)
    }

    def option(found: re.Match[str]) -> str:
        parameter = options.get(found["name"])
        if parameter is None:
            return found[0]
        flag = max(parameter.opts, key=len)
        value = found["value"]
        return flag if value is None or parameter.is_flag else f"{flag} {_argument(value)}"

    return _PARAMETER.sub(option, text)


def _argument(value: str) -> str:
    """Return a value of Python as it is typed after an option; a word that is no value as it is."""
    try:
        held: Any = ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return value
    if not isinstance(held, list):
        return shlex.quote(str(held))
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(held)
    return shlex.quote(line.getvalue())
