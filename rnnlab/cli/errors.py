"""From the library's errors to the command line's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn an error about what the user gave into a line on stderr.

    A ValueError or TypeError, and what sizes beyond the machine's or nesting too deep lead to.
    To be put around the checks alone: an error after them is ours and keeps its traceback.
    """
    try:
        yield
    except (MemoryError, OverflowError, RecursionError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise click.ClickException(f"sizes must be those of this machine, got {why}") from error
    except (ValueError, TypeError) as error:
        raise click.ClickException(str(error)) from error
