"""The batch over the processor's cores: the same parts whatever the number of threads."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

from rnnlab.engine.spinning_threads import Worker

#: Sequences of a part at least: enough to use what a tile of the micro-kernel loads.
PART_ROWS = 10
MAX_PARTS = 16
#: Multiply-adds below which handing work to another thread, some 20 microseconds, does not pay.
LEAST_WORK = 5e6

_threads: int | None = None
#: The threads beside the caller's, and who may use them: one caller at a time.
_workers: list[Worker] = []
_lock = threading.Lock()


def set_num_threads(count: int) -> None:
    """Set how many threads a layer's passes use; results do not depend on it.

    Parameters
    ----------
    count : int
        At least 1. The environment variable RNNLAB_NUM_THREADS sets the initial number, which is
        otherwise the number of cores that the process may use.
    """
    global _threads
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"the number of threads must be an int, got {type(count).__name__}")
    if count < 1:
        raise ValueError(f"the number of threads must be at least 1, got {count}: use 1 for none")
    with _lock:
        _threads = count
        while len(_workers) > count - 1:
            _workers.pop().stop()


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


@lru_cache(maxsize=256)
def split_batch(batch: int) -> tuple[tuple[int, int], ...]:
    """Cut a batch into parts (lo, hi) of equal height, or one row more, by its size alone.

    There are a power of two of them, which two, four or eight threads share evenly.
    """
    parts = 1
    while parts < MAX_PARTS and batch >= 2 * parts * PART_ROWS:
        parts *= 2
    return tuple(itertools.pairwise(batch * k // parts for k in range(parts + 1)))


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
    alone = threads == 1 or not _lock.acquire(blocking=False)  # other threads may be training too
    if alone:
        for number, (lo, hi) in enumerate(parts):
            run(number, lo, hi)
        return

    def share(thread: int) -> None:
        for number in range(thread, len(parts), threads):
            run(number, *parts[number])

    try:
        while len(_workers) < threads - 1:
            _workers.append(Worker(f"rnnlab-{len(_workers) + 1}"))
        busy = _workers[: threads - 1]
        for thread, worker in enumerate(busy, start=1):
            worker.give(partial(share, thread))
        try:
            share(0)  # the caller works too
        finally:
            # Nobody writes into the caller's arrays after this call.
            errors = [error for worker in busy if (error := worker.result()) is not None]
    finally:
        _lock.release()
    if errors:
        raise errors[0]


def _forget_workers() -> None:
    """Drop the workers: a forked child has none of its parent's threads."""
    global _workers, _lock
    _workers, _lock = [], threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_workers)
