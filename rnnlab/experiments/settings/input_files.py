"""Files that a study names: their paths, and the digests that identify their contents."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any


def locate(written: str, folder: Path | None) -> Path:
    """Return the path of a file as a spec names it: relative to `folder`, that of the spec.

    Examples
    --------
    >>> locate("book.txt", Path("studies")).as_posix(), locate("book.txt", None).as_posix()
    ('studies/book.txt', 'book.txt')
    """
    return (folder or Path()) / Path(written).expanduser()


def locate_object(written: str, folder: Path | None) -> str:
    """Return a registered name as it is, and FILE.py:NAME with the file's path.

    Examples
    --------
    >>> locate_object("lstm", Path("studies"))
    'lstm'
    """
    file, separator, name = written.rpartition(":")
    return f"{locate(file, folder)}:{name}" if separator else written


def found(find: Callable[[str], Any], source: str) -> Any:
    """Return `find(source)`, of a FILE.py:NAME once for every content of the file.

    Parameters
    ----------
    find : callable
        `find_cell` or `find_task`.
    source : str
        As `locate_object` returns it.
    """
    file, separator, _ = source.rpartition(":")
    if not (separator and Path(file).is_file()):
        return find(source)
    return _found(find, source, digest(Path(file)))


@lru_cache(maxsize=256)
def _found(find: Callable[[str], Any], source: str, _content: str) -> Any:
    return find(source)


def digest(file: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    state = file.stat()
    return _digest(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _digest(file: Path, _changed: int, _size: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
