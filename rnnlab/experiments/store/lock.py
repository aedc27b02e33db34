"""Lock of a folder for one runner, which ends with its process."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path


class TakenError(Exception):
    """Another process holds the lock."""


class Lock:
    """A lock of the operating system on a file, which it frees when the process ends.

    It holds between the processes of one host, and of several where the file system passes locks
    on; `rnnlab.experiments.store.heartbeat` covers the others.

    Parameters
    ----------
    path : Path
        Made where it is missing, and removed by `release`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock, at once or not at all.

        Raises
        ------
        TakenError
            If another process holds it.
        """
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                _lock(descriptor)
            except OSError:
                os.close(descriptor)
                raise TakenError from None
            if self._is_still(descriptor):
                self._descriptor = descriptor
                return
            os.close(descriptor)  # its holder removed the file since we opened it

    def release(self) -> None:
        """Free the lock and remove its file, while no other process can hold it."""
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):  # Windows keeps a file that is open
            self.path.unlink()
        os.close(self._descriptor)
        self._descriptor = None
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                self.path.unlink()

    def _is_still(self, descriptor: int) -> bool:
        """Return whether the locked file is the one that others would open."""
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.stat())
        except FileNotFoundError:
            return False


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
