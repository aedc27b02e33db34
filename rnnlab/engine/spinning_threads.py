"""Threads that stay awake for a moment: a training step is too short to wait for the system.

To wake a sleeping thread takes 50 to 150 microseconds, and a pass over a small batch a thousand.
So a thread that has done its part watches for the next one for about a tenth of a millisecond,
without the interpreter's lock, before it goes to sleep; so does who waits for it.
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

#: How often a waiting thread looks before it sleeps; a look takes 15 to 45 nanoseconds.
LOOKS = 6000

#: Name under which the compiled loop is kept.
WATCH = "watch_counter"

Task = Callable[[], None]

# Places of a worker's counters: a cache line apart.
_GIVEN, _DONE = 0, 8


def _find_processor() -> Callable[[], int] | None:
    """Return the C function that names the calling thread's processor, where there is one."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    try:
        return ctypes.PyDLL(None).sched_getcpu
    except (OSError, AttributeError):
        return None


_processor = _find_processor()


def leave(taken: set[int]) -> None:
    """Move the calling thread to a processor that is not in `taken`, if it may use one.

    Linux wakes a thread on the processor of the one that woke it, and takes 50 milliseconds and
    more to move it to an idle one. The thread may use the same processors as before afterwards.
    """
    allowed = os.sched_getaffinity(0)
    if free := allowed - taken:
        os.sched_setaffinity(0, free)
        os.sched_setaffinity(0, allowed)


def watch(counters: Any, place: int, goal: int, looks: int) -> bool:
    """Look at a counter until it reaches `goal`, or `looks` times; tell whether it did."""
    for _ in range(looks):
        if read_shared(counters, place) >= goal:
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
    """Compile or load what waiting needs."""
    _watch()(np.zeros(1, np.int64), 0, 0, 1)


class Worker:
    """One thread beside the caller's."""

    def __init__(self, name: str) -> None:
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._results: SimpleQueue[tuple[int, BaseException | None]] = SimpleQueue()
        self._counters = np.zeros(16, np.int64)
        self._given = 0
        self._caller = -1  # the processor on which the task was handed over
        self._watch: Any = _watch()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def give(self, task: Task | None) -> None:
        """Hand over a task that releases the interpreter's lock; None ends the thread."""
        self._given += 1
        if _processor is not None:
            self._caller = _processor()
        self._tasks.put(task)
        self._counters[_GIVEN] = self._given

    def result(self) -> BaseException | None:
        """Wait until the last task is done, and return what it raised."""
        self._watch(self._counters, _DONE, self._given, LOOKS)
        while True:
            number, error = self._results.get()
            if number == self._given:  # not one for which nobody waited, as Ctrl-C came between
                return error

    def stop(self) -> None:
        """End the thread."""
        self.give(None)
        self._thread.join()

    def _serve(self) -> None:
        done = 0
        while True:
            self._watch(self._counters, _GIVEN, done + 1, LOOKS)
            task = self._tasks.get()
            if task is None:
                return
            if _processor is not None and _processor() == self._caller:
                leave({self._caller})
            try:
                task()
                error = None
            except BaseException as caught:
                error = caught  # whoever asked for the result raises it
            done += 1
            self._results.put((done, error))
            self._counters[_DONE] = done
