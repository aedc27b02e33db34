"""Processes that are timed: one for each implementation and number of threads.

Threads of OpenMP and OpenBLAS spin for a while after their work and would take a core from the next
program in the same process. Therefore every program has its own process, which is stopped (SIGSTOP)
while the others have their turns.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

from rnnlab.benchmark.cases import Case
from rnnlab.benchmark.rivals import Limit, Rival
from rnnlab.engine import prepare
from rnnlab.layers import Recurrent
from rnnlab.layers.seeding import random_numbers

#: Seconds for which a program runs untimed at the start of its turn: threads that slept may share a
#: processor for so long, and clocks may be low.
WARM_UP = 0.1
#: Seconds for which it then runs timed.
TURN = 0.05
#: Seconds that idle threads need to fall asleep, on systems where a process cannot be stopped.
SETTLE = 0.0 if hasattr(signal, "SIGSTOP") else 0.25
#: Environment variables that set a library's number of threads when it is loaded.
THREADS = ("RNNLAB_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

#: Environment variables that restrict this engine, OpenBLAS, PyTorch and JAX to AVX2.
AVX2 = {
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma,+f16c,+bmi,+bmi2,+popcnt,+sse4.2",
    "OPENBLAS_CORETYPE": "Haswell",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
}


@dataclass(frozen=True)
class Turn:
    """Times of one turn, in seconds per call.

    Attributes
    ----------
    times : list of float
        Times of the case.
    limit : list of float
        Times of NumPy's product of two large matrices in the same process; only for rnnlab.
    """

    times: list[float]
    limit: list[float]


class Program:
    """Process of one implementation with one number of threads.

    Parameters
    ----------
    rival : Rival
    threads : int
    environment : mapping of str to str, optional
        Further environment variables of the process.
    """

    def __init__(
        self, rival: Rival, threads: int, environment: Mapping[str, str] | None = None
    ) -> None:
        self.rival = rival
        self.threads = threads
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, rival), daemon=True)
        with _environment({**dict.fromkeys(THREADS, str(threads)), **(environment or {})}):
            self._process.start()
        other.close()
        self._ask(None)
        self._stop()

    def prepare(self, case: Case) -> float:
        """Make the layer and the data of `case`; return the seconds of the first call."""
        return float(self._take(case))

    def turn(self) -> Turn:
        """Run the case for `TURN` seconds and return the times of its calls."""
        result: Turn = self._take("turn")
        return result

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.kill()
        self._process.join()

    def _take(self, request: Any) -> Any:
        self._signal("SIGCONT")
        result = self._ask(request)
        self._stop()
        return result

    def _ask(self, request: Any) -> Any:
        try:
            self._connection.send(request)
            failed, result = self._connection.recv()
        except (EOFError, OSError) as error:
            raise RuntimeError(f"the process of {self} ended without an answer") from error
        if failed:
            raise RuntimeError(f"{self}: {result}")
        return result

    def _stop(self) -> None:
        self._signal("SIGSTOP")
        time.sleep(SETTLE)

    def _signal(self, name: str) -> None:
        number = getattr(signal, name, None)
        if number is not None and self._process.pid is not None:
            os.kill(self._process.pid, number)

    def __str__(self) -> str:
        return f"{self.rival.name} on {self.threads} thread{'s' * (self.threads > 1)}"


class Programs(list[Program]):
    """Several programs that are ended together.

    Parameters
    ----------
    rivals : sequence of Rival
    threads : sequence of int
        Numbers of threads; an implementation that cannot set them runs once.
    environment : mapping of str to str, optional
        Further environment variables of the processes.
    """

    def __init__(
        self,
        rivals: list[Rival],
        threads: list[int],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        try:
            for rival in rivals:
                for count in threads if rival.sets_threads else [max(threads)]:
                    self.append(Program(rival, count, environment))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End all processes."""
        for program in self:
            program.close()

    def __enter__(self) -> Programs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables for the processes that are started in the context."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(connection: Connection, rival: Rival) -> None:
    """Answer requests in the program's own process: None, a case to prepare, or "turn"."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Ctrl-C the parent ends this process
    run: Callable[[], Any] | None = None
    limit: Limit | None = None
    while True:
        try:
            request = connection.recv()
        except EOFError:
            return
        try:
            answer: Any = None
            if isinstance(request, Case):
                run = _prepare(request, rival)
                limit = Limit(request.dtype) if rival.name == "rnnlab" else None
                start = time.perf_counter()
                run()
                answer = time.perf_counter() - start
            elif request is not None:
                answer = Turn(take_turn(run), [] if limit is None else take_turn(limit))
        except Exception as error:
            connection.send((True, f"{type(error).__name__}: {error}"))
        else:
            connection.send((False, answer))


def _prepare(case: Case, rival: Rival) -> Callable[[], Any]:
    """Return the work of a case; the data are the same in every process."""
    shape = case.shape
    layer = Recurrent(case.cell, shape.inputs, shape.hidden, dtype=case.dtype, init="torch", seed=0)
    rng, _ = random_numbers(0, "data")
    x = rng.standard_normal((shape.steps, shape.batch, shape.inputs)).astype(case.dtype)
    d_output = rng.standard_normal((shape.steps, shape.batch, shape.hidden)).astype(case.dtype)
    if rival.name == "rnnlab":
        prepare(case.cell, case.dtype)
    return rival.prepare(case, layer, x, d_output)


def take_turn(run: Callable[[], Any] | None) -> list[float]:
    """Call `run` for `WARM_UP` seconds, then for `TURN`; return the seconds of each later call."""
    if run is None:
        raise RuntimeError("a case must be prepared before a turn")
    begin = time.perf_counter()
    while time.perf_counter() < begin + WARM_UP:
        run()
    times: list[float] = []
    begin = time.perf_counter()
    while not times or time.perf_counter() < begin + TURN:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return times
