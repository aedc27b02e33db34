"""Atomic file writes, and removal of partial files that a killed process left."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from pathlib import Path

_HOST = re.sub(r"[^\w-]", "_", socket.gethostname())[:64]
_PARTIAL = re.compile(r"\..+\.rnnlab-(?P<host>[\w-]*)-(?P<pid>\d+)\.part", re.DOTALL)
# Seconds after which a partial file of another host is removed: its process cannot be checked.
_ABANDONED = 3600.0


def write_whole(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace the file at `path` by `data` atomically: no reader or crash sees it incomplete.

    Parameters
    ----------
    path : Path
    data : bytes
    durable : bool
        Whether to flush the file to disk before returning, so that it survives a power cut.
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
        with contextlib.suppress(OSError):  # renamed, or never created
            partial.unlink()
    if durable:
        _sync_folder(path.parent)


def partial_of(path: Path) -> Path:
    """Return the path of the hidden temporary file that this process renames to `path`."""
    return path.with_name(f".{path.name}.rnnlab-{_HOST}-{os.getpid()}.part")


def remove_partials(folder: Path) -> None:
    """Remove partial files of dead processes from `folder` and its subfolders.

    Files of other running processes are kept. This process must not be writing in the folder. The
    files of another host are removed after an hour.
    """
    for pattern in (".*.part", "*/.*.part"):
        for file in folder.glob(pattern):
            written_by = _PARTIAL.fullmatch(file.name)
            if written_by is not None:
                with contextlib.suppress(OSError):  # removed meanwhile, or no permission
                    if _is_dead(file, written_by["host"], int(written_by["pid"])):
                        file.unlink()


def is_running(pid: int) -> bool:
    """Return whether a process with this id runs on this host."""
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
    """Flush the directory entry to disk, where the system supports it."""
    with contextlib.suppress(OSError):  # Windows cannot open a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
