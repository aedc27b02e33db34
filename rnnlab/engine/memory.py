"""Memory of a run: how much there is, and arrays that begin on cache lines of 64 bytes."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from rnnlab.engine.protocol import Array

LINE = 64


def spread_rows(numbers: int, itemsize: int) -> int:
    """Return a row length of whole cache lines that is no multiple of 1 KiB.

    Rows a power of two apart fall on the same lines of the cache.
    """
    line = LINE // itemsize
    length = _whole_lines(numbers, itemsize)
    return length + line if length * itemsize % 1024 == 0 else length


def aligned(length: int, dtype: Any) -> Array:
    """Return an empty array that begins on a cache line: a vector then lies in one."""
    itemsize = np.dtype(dtype).itemsize
    raw = np.empty(length * itemsize + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    array: Array = raw[start : start + length * itemsize].view(dtype)
    return array


def carve(lengths: Sequence[int], dtype: Any) -> list[Array]:
    """Return empty arrays of these lengths, each beginning on a cache line, from one piece."""
    itemsize = np.dtype(dtype).itemsize
    starts = [0, *itertools.accumulate(_whole_lines(length, itemsize) for length in lengths)]
    whole = aligned(starts.pop(), dtype)
    return [whole[at : at + length] for at, length in zip(starts, lengths, strict=True)]


@cache
def _machine_memory() -> int:
    """Return the bytes of the machine's memory; a very large number where it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 1 << 62


def check_memory(what: str, size: int, remedy: str) -> None:
    """Raise a ValueError if `size` bytes are more than the machine's memory.

    The system hands out more than it has, and ends the process when that is used.
    """
    memory = _machine_memory()
    if size > memory:
        raise ValueError(
            f"{what} must fit into memory, {_amount(memory)}, got {_amount(size)}: {remedy}"
        )


def _amount(size: int) -> str:
    """Return bytes in a readable unit: 1.5 GB."""
    power = min((len(str(size)) - 1) // 3, 6)
    return f"{size / 1000**power:.3g} {('bytes', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB')[power]}"


def _whole_lines(numbers: int, itemsize: int) -> int:
    line = LINE // itemsize
    return -(-numbers // line) * line
