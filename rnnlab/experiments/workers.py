"""Runs in processes of their own: one kernel thread each, none left behind."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
import types
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.queues import SimpleQueue
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.experiments.experiment import Experiment, Report, Run
from rnnlab.experiments.interrupts import children_deaf, interrupts_held
from rnnlab.experiments.progress import Progress
from rnnlab.experiments.spec import Spec
from rnnlab.registry import experiments

# A worker is one thread of work: a BLAS that starts its own would fight over the cores.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
LISTEN_EVERY = 0.1  # seconds between two looks at what the workers report


def compute(
    experiment: Experiment[Any], spec: Spec, runs: Sequence[Run], jobs: int, progress: Progress
) -> Generator[tuple[Run, pd.DataFrame]]:
    """Yield every run with its rows, as they finish.

    With one job the work is done here; with more, in as many processes, in the order of `runs`.
    Closing the iterator, or an exception such as a Ctrl-C, ends the processes at once.
    """
    if jobs > 1:
        yield from _in_processes(experiment, spec, runs, jobs, progress)
        return
    for run in runs:
        progress.step(run, 0)
        yield run, _run(experiment, spec, run, _reporter(progress, run))


def _reporter(progress: Progress, run: Run) -> Report:
    return lambda update: progress.step(run, update)


def _run(experiment: Experiment[Any], spec: Spec, run: Run, report: Report) -> pd.DataFrame:
    # a run that diverges says so in its rows; a warning would not say which run it was
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return experiment.run(spec, run, report)


def _in_processes(
    experiment: Experiment[Any], spec: Spec, runs: Sequence[Run], jobs: int, progress: Progress
) -> Iterator[tuple[Run, pd.DataFrame]]:
    context = _Context()
    reports = context.SimpleQueue()
    pool = ProcessPoolExecutor(jobs, context, initializer=_start_worker, initargs=(reports,))
    try:
        waiting: dict[Future[pd.DataFrame], Run] = {
            pool.submit(_work, experiment.name, spec, run): run for run in runs
        }
        while waiting:
            done, _ = wait(waiting, timeout=LISTEN_EVERY, return_when=FIRST_COMPLETED)
            while not reports.empty():
                progress.step(*reports.get())
            # what succeeded comes first: it must not be lost because another run failed
            for future in sorted(done, key=lambda future: future.exception() is not None):
                yield waiting.pop(future), future.result()
    except BaseException:
        _end_workers()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _end_workers() -> None:
    with interrupts_held():  # a second Ctrl-C must not get between the processes and their end
        for process in multiprocessing.active_children():
            if isinstance(process, _Worker):
                process.terminate()


class _Worker(SpawnProcess):
    """A process that starts with one BLAS thread, deaf to Ctrl-C, without the caller's script."""

    def start(self) -> None:
        with children_deaf(), _environment(ONE_THREAD), _script_hidden():
            super().start()


class _Context(SpawnContext):
    Process = _Worker


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _script_hidden() -> Iterator[None]:
    """Keep a worker from running the caller's script again, as spawning otherwise does.

    Workers need nothing of it, and a script without `if __name__ == "__main__"`, or one that came
    through a pipe, could not call `rnnlab.run`.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


# ---- in the worker ----

_reports: SimpleQueue[tuple[Run, int]] | None = None


def _start_worker(reports: SimpleQueue[tuple[Run, int]]) -> None:
    from rnnlab.engine import set_num_threads

    global _reports
    _reports = reports
    set_num_threads(1)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """End this process when the one that started it is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(name: str, spec: Spec, run: Run) -> pd.DataFrame:
    reports = _reports
    if reports is None:
        raise RuntimeError("a worker must be started by its pool")
    reports.put((run, 0))
    experiment: Experiment[Any] = experiments[name]
    return _run(experiment, spec, run, lambda update: reports.put((run, update)))
