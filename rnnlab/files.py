"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Replace `path` by `data` at once, so that no reader and no crash ever sees a part of it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):  # moved, or never written
            partial.unlink()
    _sync_folder(path.parent)


def remove_partials(folder: Path, name: str = "*") -> None:
    """Remove what a kill left in `folder` of files called `name` that were being written."""
    for partial in folder.glob(f".{name}.*.part"):
        partial.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable too, where the system has a way to."""
    with contextlib.suppress(OSError):  # Windows cannot open a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
