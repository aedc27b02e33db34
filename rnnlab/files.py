"""Atomic file writes, and the removal of what a kill left of them."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from pathlib import Path

_HOST = re.sub(r"[^\w-]", "_", socket.gethostname())[:64]
_PARTIAL = re.compile(r"\..+\.rnnlab-(?P<host>[\w-]*)-(?P<pid>\d+)\.part", re.DOTALL)
# Whether a process of another host is alive is not known; none takes so many seconds for a file.
_ABANDONED = 3600.0


def write_whole(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace `path` by `data` at once: no reader and no crash ever sees a part of it.

    Parameters
    ----------
    path : Path
    data : bytes
    durable : bool
        Whether it is on disk, so that a power cut does not lose it, before the function returns.
    """
    partial = partial_of(path)
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):  # moved, or never written
            partial.unlink()
    if durable:
        _sync_folder(path.parent)


def partial_of(path: Path) -> Path:
    """Return the hidden file next to `path` that this process writes before it takes its place."""
    return path.with_name(f".{path.name}.rnnlab-{_HOST}-{os.getpid()}.part")


def remove_partials(folder: Path) -> None:
    """Remove from `folder` and the folders in it what writers that are dead left half written.

    Files of a process that is alive stay, but for those of this one, which must not be writing
    there. A writer on another host counts as dead after an hour.
    """
    for pattern in (".*.part", "*/.*.part"):
        for file in folder.glob(pattern):
            written_by = _PARTIAL.fullmatch(file.name)
            if written_by is not None:
                with contextlib.suppress(OSError):  # gone, or in a folder of somebody else
                    if _is_dead(file, written_by["host"], int(written_by["pid"])):
                        file.unlink()


def is_running(pid: int) -> bool:
    """Return whether this host has a process of that number."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _is_dead(file: Path, host: str, pid: int) -> bool:
    if time.time() - file.stat().st_mtime > _ABANDONED:
        return True
    return host == _HOST and os.name == "posix" and (pid == os.getpid() or not is_running(pid))


def _sync_folder(folder: Path) -> None:
    """Make the new name durable too, where the system has a way to."""
    with contextlib.suppress(OSError):  # Windows cannot open a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
