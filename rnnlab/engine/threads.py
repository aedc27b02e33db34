"""The batch over the processor's cores: the same parts whatever the number of threads."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

#: Sequences of a part at least: enough to use what a tile of the micro-kernel loads.
PART_ROWS = 10
MAX_PARTS = 16
#: Multiply-adds below which handing work to another thread, some 60 microseconds, does not pay.
LEAST_WORK = 5e6

_lock = threading.Lock()
_threads: int | None = None
_pool: ThreadPoolExecutor | None = None


def set_num_threads(count: int) -> None:
    """Set how many threads a layer's passes use; results do not depend on it.

    Parameters
    ----------
    count : int
        At least 1. The environment variable RNNLAB_NUM_THREADS sets the initial number, which is
        otherwise the number of cores that the process may use.
    """
    global _threads, _pool
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"the number of threads must be an int, got {type(count).__name__}")
    if count < 1:
        raise ValueError(f"the number of threads must be at least 1, got {count}: use 1 for none")
    with _lock:
        if _pool is not None:
            _pool.shutdown(wait=True)
        _threads, _pool = count, None


def get_num_threads() -> int:
    """Return how many threads a layer's passes use."""
    global _threads
    if _threads is None:
        wanted = os.environ.get("RNNLAB_NUM_THREADS", "")
        if wanted and not (wanted.isdigit() and int(wanted) >= 1):
            raise ValueError(
                f"RNNLAB_NUM_THREADS must be a whole number of 1 or more, got {wanted!r}: unset it"
            )
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
        _threads = int(wanted) if wanted else available or os.cpu_count() or 1
    return _threads


def split_batch(batch: int) -> list[tuple[int, int]]:
    """Cut a batch into parts (lo, hi) that depend on its size alone.

    There are a power of two of them, which two, four or eight threads share evenly.
    """
    parts = 1
    while parts < MAX_PARTS and batch >= 2 * parts * PART_ROWS:
        parts *= 2
    tiles = -(-batch // 8)  # cut between tiles of 8 rows
    edges = [min(batch, 8 * (tiles * k // parts)) for k in range(parts + 1)]
    return [(lo, hi) for lo, hi in itertools.pairwise(edges) if hi > lo]


def run_parts(
    run: Callable[[int, int, int], Any], parts: Sequence[tuple[int, int]], work: float
) -> None:
    """Call `run(number, lo, hi)` for every part, on several threads where that pays.

    Parameters
    ----------
    run : callable
        Releases the interpreter's lock.
    parts : sequence of (lo, hi)
    work : float
        Multiply-adds in all.
    """
    threads = min(get_num_threads(), len(parts)) if work >= LEAST_WORK else 1

    def share(thread: int) -> None:
        for number in range(thread, len(parts), threads):
            run(number, *parts[number])

    others = [_get_pool().submit(share, thread) for thread in range(1, threads)]
    try:
        share(0)  # the caller works too
    finally:
        for other in others:
            other.exception()  # nobody writes into the caller's arrays after this call
    for other in others:
        other.result()


def _get_pool() -> ThreadPoolExecutor:
    global _pool
    count = get_num_threads()
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(count, thread_name_prefix="rnnlab")
        return _pool


def _forget_pool() -> None:
    """Drop the pool: a forked child has none of its parent's threads."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
