"""Threads that stay awake for a moment after a job, to start the next one without delay.

Waking a sleeping thread takes 50 to 150 microseconds, a pass over a small batch a thousand. A
thread that has finished its job therefore watches for the next one for about a tenth of a
millisecond, without the interpreter's lock, before it sleeps; so does the thread that waits for it.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from functools import cache
from queue import SimpleQueue
from typing import Any

import numpy as np
from numba import njit

from rnnlab.engine.caching import enable_cache
from rnnlab.engine.intrinsics import pause, read_shared, rename
from rnnlab.engine.panels import OPTIONS

#: Number of looks of a waiting thread before it sleeps; a look takes 15 to 45 nanoseconds.
LOOKS = 6000

#: Name of the compiled loop in the cache.
WATCH = "watch_counter"

Job = Callable[[], None]

# Positions of a thread's counters, a cache line apart.
_GIVEN, _DONE = 0, 8


def _find_processor() -> Callable[[], int] | None:
    """Return the C function that returns the calling thread's processor, None if there is none."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    try:
        return ctypes.PyDLL(None).sched_getcpu
    except (OSError, AttributeError):
        return None


_processor = _find_processor()


def leave(taken: set[int]) -> None:
    """Move the calling thread to a processor that is not in `taken`, if it may use one.

    Linux starts a woken thread on the processor of the thread that woke it, and takes 50
    milliseconds or more to move it to an idle one. Afterwards the thread may use the same
    processors as before.
    """
    allowed = os.sched_getaffinity(0)
    if free := allowed - taken:
        os.sched_setaffinity(0, free)
        os.sched_setaffinity(0, allowed)


def watch(counters: Any, position: int, goal: int, looks: int) -> bool:
    """Look at a counter until it reaches `goal`, at most `looks` times; return whether it did."""
    for _ in range(looks):
        if read_shared(counters, position) >= goal:
            return True
        pause()
    return False


@cache
def _watch() -> Callable[..., bool]:
    function = rename(watch, WATCH)
    dispatcher: Callable[..., bool] = njit(nogil=True, **OPTIONS)(function)
    enable_cache(dispatcher, function)
    return dispatcher


def prepare() -> None:
    """Compile or load the loop in which threads wait."""
    _watch()(np.zeros(1, np.int64), 0, 0, 1)


class SpinningThread:
    """A thread that runs jobs for the caller's thread."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._results: SimpleQueue[tuple[int, BaseException | None]] = SimpleQueue()
        self._counters = np.zeros(16, np.int64)
        self._given = 0
        self._caller = -1  # processor of the thread that gave the job
        self._watch: Any = _watch()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def give(self, job: Job | None) -> None:
        """Give the thread a job, which releases the interpreter's lock; None ends the thread."""
        self._given += 1
        if _processor is not None:
            self._caller = _processor()
        self._jobs.put(job)
        self._counters[_GIVEN] = self._given

    def result(self) -> BaseException | None:
        """Wait until the last job is done, and return its exception, if it raised one."""
        self._watch(self._counters, _DONE, self._given, LOOKS)
        while True:
            number, error = self._results.get()
            if number == self._given:  # an older result was left when Ctrl-C ended the waiting
                return error

    def stop(self) -> None:
        """End the thread."""
        self.give(None)
        self._thread.join()

    def _serve(self) -> None:
        done = 0
        while True:
            self._watch(self._counters, _GIVEN, done + 1, LOOKS)
            job = self._jobs.get()
            if job is None:
                return
            if _processor is not None and _processor() == self._caller:
                leave({self._caller})
            try:
                job()
                error = None
            except BaseException as caught:
                error = caught  # re-raised in the caller's thread
            done += 1
            self._results.put((done, error))
            self._counters[_DONE] = done
