"""Safety of folders whose files are run as code: made private, refused if others can write."""

from __future__ import annotations

import os
import stat
from pathlib import Path

#: Owner that Linux shows for files of users outside a container's user namespace, such as its root.
OUTSIDE = 65534
#: Write permission of group and world.
OTHERS_WRITE = 0o022
#: Search permission of group and world: without it they cannot reach a file in the folder.
OTHERS_SEARCH = 0o011


def make_private(folder: Path) -> None:
    """Make a folder and its missing parents, accessible by their owner only (0700)."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)


def reason_to_distrust(folder: Path) -> str | None:
    """Return why another user could write files in a folder, or None if no one can.

    The folder must belong to this user, and group and world must not have write permission. The
    same is required of its parents, up to the root, because a user who can write there can replace
    the folder; they may also belong to root, or be writable with the sticky bit, like /tmp. Files
    in the folder must belong to this user too. Systems without user numbers (Windows) are not
    checked.

    Parameters
    ----------
    folder : Path
        Path of the folder, with symbolic links resolved.

    Raises
    ------
    OSError
        If the folder cannot be read.
    """
    if not hasattr(os, "getuid"):
        return None
    user = os.getuid()
    for path in (folder, *folder.parents):
        found = path.stat()
        owners = {user} if path == folder else {user, 0, OUTSIDE}
        if found.st_uid not in owners:
            return f"{path} belongs to another user (uid {found.st_uid})"
        sticky = path != folder and found.st_mode & stat.S_ISVTX
        if found.st_mode & OTHERS_WRITE and not sticky:
            return f"{path} can be written by others (chmod go-w would end that)"
    reachable = folder.stat().st_mode & OTHERS_SEARCH
    for path in folder.iterdir():
        try:
            found = path.stat()
        except FileNotFoundError:  # a temporary file of another process, or a broken link
            continue
        if found.st_uid != user:
            return f"{path} belongs to another user (uid {found.st_uid})"
        if reachable and found.st_mode & OTHERS_WRITE:
            return f"{path} can be written by others (delete it)"
    return None
