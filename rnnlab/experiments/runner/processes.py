"""Runs in worker processes with one kernel thread each.

A process may die on the way, as when the system runs out of memory. Its run is computed once more,
in a new process; if that one dies too the run has failed, and the others go on.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import traceback
import types
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

import numpy as np

from rnnlab.experiments.kinds.base import Experiment, Report
from rnnlab.experiments.progress import Progress
from rnnlab.experiments.runner.interrupts import children_deaf, interrupts_held
from rnnlab.experiments.runner.outcomes import Failed, Finished, Outcome
from rnnlab.experiments.settings.runs import Run
from rnnlab.registry import experiments
from rnnlab.user_code import UserCodeError, describe, place_of_error

# A worker is one thread of work: a BLAS that starts its own would fight over the cores.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
DEATHS = 2  # how often a worker may die over a run


def compute(
    experiment: Experiment[Any], runs: Sequence[Run], jobs: int, progress: Progress
) -> Generator[Outcome]:
    """Yield the outcome of every run, in the order in which they finish.

    With one job the work is done here; with more, in as many processes, in the order of `runs`.
    Closing the iterator, or an exception such as a Ctrl-C, ends the processes at once.
    """
    if jobs > 1:
        yield from _in_processes(experiment, runs, jobs, progress)
        return
    for run in runs:
        progress.step(run, 0)
        yield attempt(experiment, run, _reporter(progress, run))


def attempt(experiment: Experiment[Any], run: Run, report: Report) -> Outcome:
    """Compute one run; an exception is its failure, not that of the others."""
    # a run that diverges says so in its rows; a warning would not say which run it was
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            return Finished(run, experiment.run(run, report))
        except UserCodeError as error:
            return Failed(run, " ".join(str(error).split()), in_users_code=True)
        except Exception as error:
            if place := place_of_error(error):
                return Failed(run, f"{place}: {describe(error)}", in_users_code=True)
            return Failed(run, describe(error), traceback.format_exc())


def _reporter(progress: Progress, run: Run) -> Report:
    return lambda update: progress.step(run, update)


def _in_processes(
    experiment: Experiment[Any], runs: Sequence[Run], jobs: int, progress: Progress
) -> Iterator[Outcome]:
    waiting, deaths = deque(runs), dict.fromkeys(runs, 0)
    hands: list[_Hand] = []
    try:
        hands += [_Hand(experiment.name) for _ in range(jobs)]
        while waiting or any(hand.run for hand in hands):
            for hand in hands:
                if hand.run is None and waiting:
                    hand.give(waiting.popleft())
            ready = wait([hand.pipe for hand in hands if hand.run])
            for hand in [hand for hand in hands if hand.pipe in ready]:
                message, run = hand.message(), hand.run
                if run is None:
                    continue
                if isinstance(message, int):
                    progress.step(run, message)
                elif message is not None:
                    hand.run = None
                    yield message
                else:
                    how = hand.death()
                    hands[hands.index(hand)] = _Hand(experiment.name)
                    deaths[run] += 1
                    if deaths[run] < DEATHS:
                        progress.retried(run, f"its worker {how}")
                        waiting.append(run)
                    else:
                        yield Failed(run, f"its worker {how}, after another had died over it")
        for hand in hands:
            hand.pipe.close()  # which ends its process
    except BaseException:
        _end_workers()
        raise
    finally:
        for hand in hands:
            hand.process.join()


class _Hand:
    """A worker process, and this end of the pipe to it."""

    def __init__(self, experiment: str) -> None:
        context = _Context()
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, experiment), daemon=True)
        self.process.start()
        theirs.close()  # else the pipe would not end with the process
        self.run: Run | None = None

    def give(self, run: Run) -> None:
        """Send a run to the worker; `message` returns None if the worker is dead."""
        self.run = run
        with contextlib.suppress(OSError):
            self.pipe.send(run)

    def message(self) -> int | Outcome | None:
        """Return the updates that are done, or what became of the run; None from the dead."""
        try:
            message: int | Outcome = self.pipe.recv()
        except (EOFError, OSError):
            return None
        return message

    def death(self) -> str:
        """Return how the process ended."""
        self.process.join()
        self.pipe.close()
        code = self.process.exitcode or 0
        if code < 0:
            hint = ", as when memory runs out" if -code == signal.SIGKILL else ""
            return f"was killed ({signal.Signals(-code).name}{hint})"
        return f"ended with exit code {code}"


def _end_workers() -> None:
    with interrupts_held():  # a second Ctrl-C must not get between the processes and their end
        for process in multiprocessing.active_children():
            if isinstance(process, _Worker):
                process.terminate()


class _Worker(SpawnProcess):
    """A process that starts with one BLAS thread, deaf to Ctrl-C, without the caller's script."""

    def start(self) -> None:
        with interrupts_held():  # between the start and what the process is told, it would be lost
            if os.name != "nt":
                # the first start of all would start it, and it ends by letting Ctrl-C through again
                resource_tracker.ensure_running()
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


def _serve(pipe: Connection[Any, Any], experiment: str) -> None:
    """Compute the runs that come through the pipe, until it is closed."""
    from rnnlab.engine import set_num_threads

    set_num_threads(1)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        while True:
            run: Run = pipe.recv()
            pipe.send(0)
            pipe.send(attempt(experiments[experiment], run, pipe.send))


def _leave_with_parent() -> None:
    """End this process when the one that started it is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
