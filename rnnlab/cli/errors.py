"""From the library's errors to the command line's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn a ValueError or TypeError about what the user gave into a line on stderr.

    To be put around the checks alone: an error after them is ours and keeps its traceback.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        raise click.ClickException(str(error)) from error
