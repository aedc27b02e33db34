"""Check of sizes against the memory of this machine."""

from __future__ import annotations

import os
from decimal import Decimal
from functools import cache
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup/memory.max")  # the limit of a container


@cache
def memory() -> int:
    """Return the bytes of memory of the machine, or of the container if its limit is lower."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # some systems do not tell
        total = 1 << 47
    try:
        return min(total, int(_CGROUP.read_text()))
    except (OSError, ValueError):  # no container, or no limit ("max")
        return total


def amount(size: int) -> str:
    """Return a number of bytes as text in a readable unit.

    Examples
    --------
    >>> amount(1500), amount(3 * 10**12), amount(10**400)
    ('1.5 kB', '3 TB', '1.00e+382 EB')
    """
    units = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
    power = min((len(str(size)) - 1) // 3, len(units) - 1)
    try:
        number = f"{size / 1000**power:.3g}"
    except OverflowError:  # too large for a float
        number = f"{Decimal(size) / 1000**power:.3g}"
    return f"{number} {units[power]}"


def check_memory(what: str, size: int, remedy: str = "choose smaller sizes") -> None:
    """Raise a ValueError if `size` bytes exceed the memory.

    Parameters
    ----------
    what : str
        Subject of the message, such as "the parameters of lstm".
    size : int
        Least number of bytes needed.
    remedy : str
        How to fix it.
    """
    if size > memory():
        raise ValueError(
            f"{what} must fit into memory, {amount(memory())}, got {amount(size)}: {remedy}"
        )
