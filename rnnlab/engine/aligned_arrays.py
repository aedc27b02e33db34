"""Arrays aligned to cache lines of 64 bytes, and row lengths that avoid powers of two."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnlab.engine.protocol import Array

LINE = 64


def spread_rows(numbers: int, itemsize: int) -> int:
    """Return a row length of whole cache lines that is no multiple of 1 KiB.

    Rows whose distance is a power of two compete for the same lines of the cache.
    """
    line = LINE // itemsize
    length = _whole_lines(numbers, itemsize)
    return length + line if length * itemsize % 1024 == 0 else length


def aligned(length: int, dtype: Any) -> Array:
    """Return an empty array that begins on a cache line and shares none with another array.

    A vector then lies in one line, and no other thread writes into it.
    """
    itemsize = np.dtype(dtype).itemsize
    raw = np.empty(_whole_lines(length, itemsize) * itemsize + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    array: Array = raw[start : start + length * itemsize].view(dtype)
    return array


def carve(lengths: Sequence[int], dtype: Any) -> list[Array]:
    """Return empty arrays of these lengths, each beginning on a cache line, from one piece."""
    itemsize = np.dtype(dtype).itemsize
    starts = [0, *itertools.accumulate(_whole_lines(length, itemsize) for length in lengths)]
    whole = aligned(starts.pop(), dtype)
    return [whole[at : at + length] for at, length in zip(starts, lengths, strict=True)]


def _whole_lines(numbers: int, itemsize: int) -> int:
    line = LINE // itemsize
    return -(-numbers // line) * line
