"""The batch is cut the same way whatever the number of threads."""

from __future__ import annotations

import ctypes
import itertools
import os
import threading
import time
from functools import partial

import pytest

from rnnlab.engine.sizes import split_batch
from rnnlab.engine.spinning_threads import SpinningThread, leave
from rnnlab.engine.threads import get_num_threads, run_parts, set_num_threads


@pytest.fixture(autouse=True)
def threads():
    before = get_num_threads()
    yield
    set_num_threads(before)


@pytest.mark.parametrize("batch", [1, 2, 7, 8, 15, 16, 31, 32, 33, 64, 100, 257, 1000, 5000])
def test_parts_cover_the_batch_once(batch):
    parts = split_batch(batch)
    assert parts[0][0] == 0
    assert parts[-1][1] == batch
    assert all(hi == lo for (_, hi), (lo, _) in itertools.pairwise(parts))
    heights = [hi - lo for lo, hi in parts]
    assert 1 <= min(heights) <= max(heights) <= min(heights) + 1
    for count in (1, 2, 5):
        set_num_threads(count)
        assert split_batch(batch) == parts


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("work", [0.0, 1e12])
def test_every_part_runs_once(count, work):
    set_num_threads(count)
    seen = []
    run_parts(lambda number, lo, hi: seen.append((number, lo, hi)), [(0, 3), (3, 4), (4, 9)], work)
    assert sorted(seen) == [(0, 0, 3), (1, 3, 4), (2, 4, 9)]


def test_an_error_in_a_part_surfaces():
    set_num_threads(2)

    def fail(number: int, lo: int, hi: int) -> None:
        raise RuntimeError(f"part {number}")

    with pytest.raises(RuntimeError, match="part"):
        run_parts(fail, [(0, 1), (1, 2)], 1e12)


def test_a_result_for_which_nobody_waited_is_not_taken_for_the_next_one():
    """Ctrl-C came while the caller waited for the thread."""
    helper = SpinningThread("test")

    def fail() -> None:
        raise RuntimeError("first")

    helper.give(fail)
    helper.give(lambda: None)
    assert helper.result() is None
    helper.give(fail)
    assert isinstance(helper.result(), RuntimeError)
    helper.stop()


def test_a_thread_that_fell_asleep_wakes_up():
    helper = SpinningThread("test")
    seen: list[int] = []
    for number in range(3):
        time.sleep(0.05)  # far beyond the time for which it watches
        helper.give(partial(seen.append, number))
        assert helper.result() is None
    helper.stop()
    assert seen == [0, 1, 2]


def test_callers_in_several_threads_do_not_wait_for_each_other():
    """One caller has the threads, the others run their parts themselves."""
    set_num_threads(2)
    inside = threading.Barrier(2, timeout=20)
    seen: list[tuple[int, int]] = []

    def call(caller: int) -> None:
        def run(number: int, lo: int, hi: int) -> None:
            if number == 0:
                inside.wait()  # both callers are within run_parts now
            seen.append((caller, number))

        run_parts(run, [(0, 1), (1, 2)], 1e12)

    callers = [threading.Thread(target=call, args=(k,)) for k in range(2)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    assert sorted(seen) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_bad_numbers_of_threads(monkeypatch):
    with pytest.raises(ValueError, match="at least 1, got 0"):
        set_num_threads(0)
    with pytest.raises(TypeError, match="must be an int, got float"):
        set_num_threads(2.0)  # type: ignore[arg-type]
    monkeypatch.setattr("rnnlab.engine.threads._threads", None)
    monkeypatch.setenv("RNNLAB_NUM_THREADS", "many")
    with pytest.raises(ValueError, match="RNNLAB_NUM_THREADS must be a whole number"):
        get_num_threads()
    monkeypatch.setenv("RNNLAB_NUM_THREADS", "3")
    assert get_num_threads() == 3


needs_affinity = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs two processors and a system that names them",
)


@needs_affinity
def test_a_thread_runs_on_another_processor_than_its_caller():
    """Whatever processor it slept on; and it may use all of them afterwards."""
    current, allowed = ctypes.PyDLL(None).sched_getcpu, os.sched_getaffinity(0)
    helper, seen = SpinningThread("test"), []

    def note() -> None:
        seen.append((current(), os.sched_getaffinity(0)))

    try:
        for processor in sorted(allowed)[:2] * 3:
            os.sched_setaffinity(0, {processor})  # the caller
            helper.give(note)
            assert helper.result() is None
            assert seen[-1] == (seen[-1][0], allowed)
            assert seen[-1][0] != processor
    finally:
        os.sched_setaffinity(0, allowed)
        helper.stop()


@needs_affinity
def test_a_thread_with_one_processor_stays_there():
    allowed = os.sched_getaffinity(0)
    only = {min(allowed)}
    os.sched_setaffinity(0, only)
    try:
        leave(only)
        assert os.sched_getaffinity(0) == only
    finally:
        os.sched_setaffinity(0, allowed)
