"""Parallel run of the parts of a batch; the parts do not depend on the number of threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnlab.engine.spinning_threads import SpinningThread

#: Multiply-adds below which a second thread does not pay: to start it takes 20 microseconds.
LEAST_WORK = 5e6

_threads: int | None = None
#: The threads besides the caller's. One caller at a time may use them: it holds the lock.
_helpers: list[SpinningThread] = []
_lock = threading.Lock()


def set_num_threads(count: int) -> None:
    """Set the number of threads that a layer's passes use; results do not depend on it.

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
        while len(_helpers) > count - 1:
            _helpers.pop().stop()


def get_num_threads() -> int:
    """Return the number of threads that a layer's passes use."""
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


def run_parts(
    run: Callable[[int, int, int], Any], parts: Sequence[tuple[int, int]], work: float
) -> None:
    """Call `run(number, lo, hi)` for every part, on several threads if there is enough work.

    Parameters
    ----------
    run : callable
        A function that releases the interpreter's lock.
    parts : sequence of (lo, hi)
    work : float
        Number of multiply-adds of all parts.
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
        from rnnlab.engine.spinning_threads import SpinningThread

        while len(_helpers) < threads - 1:
            _helpers.append(SpinningThread(f"rnnlab-{len(_helpers) + 1}"))
        busy = _helpers[: threads - 1]
        for thread, helper in enumerate(busy, start=1):
            helper.give(partial(share, thread))
        try:
            share(0)  # the caller works too
        finally:
            # After this call, no thread writes into the caller's arrays.
            errors = [error for helper in busy if (error := helper.result()) is not None]
    finally:
        _lock.release()
    if errors:
        raise errors[0]


def _forget_threads() -> None:
    """Forget the threads: a forked child has none of its parent's."""
    global _helpers, _lock
    _helpers, _lock = [], threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
