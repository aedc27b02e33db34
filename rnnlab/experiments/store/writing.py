"""Atomic writing of the files of a result."""

from __future__ import annotations

from pathlib import Path

from rnnlab import files
from rnnlab.experiments.errors import CannotWriteError


def write_whole(path: Path, text: str) -> None:
    """Replace `path` by `text` at once, in UTF-8 and with the line ends that it has.

    Raises
    ------
    CannotWriteError
        With what to do about it, on one line.
    """
    try:
        files.write_whole(path, text.encode("utf-8"))
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> CannotWriteError:
    """Return the error for a file that could not be written, with the reason and the remedy."""
    return CannotWriteError(
        f"{path} must be written, got: {error.strerror or error}; make room there, then the same "
        "command goes on: all runs that were finished are safe"
    )


def make_writable(path: Path) -> None:
    """Make the folder where it is missing and try whether files can be written there."""
    probe = files.partial_of(path / "probe")
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ValueError(
            f"out must be a folder that can be written, got {str(path)!r}: "
            f"{error.strerror or error}; name another one"
        ) from None
