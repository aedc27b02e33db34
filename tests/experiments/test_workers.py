"""The processes that compute: how they start."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from rnnlab.experiments.runner.processes import ONE_THREAD, _Context


def test_a_worker_has_one_blas_thread() -> None:
    with ProcessPoolExecutor(1, _Context()) as pool:
        values = {name: pool.submit(os.getenv, name).result() for name in ONE_THREAD}
    assert values == dict.fromkeys(ONE_THREAD, "1")


def test_a_worker_knows_nothing_of_the_script_that_started_it() -> None:
    assert "pytest" in sys.modules
    with ProcessPoolExecutor(1, _Context()) as pool:
        found = pool.submit(eval, "'pytest' in __import__('sys').modules").result()
    assert found is False


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signal masks are POSIX")
def test_a_worker_is_deaf_to_ctrl_c_from_its_first_moment() -> None:
    with ProcessPoolExecutor(1, _Context()) as pool:
        blocked = pool.submit(signal.pthread_sigmask, signal.SIG_BLOCK, []).result()
    assert signal.SIGINT in blocked
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signal masks are POSIX")
def test_the_first_worker_of_a_program_is_as_deaf_as_the_others() -> None:
    script = """
from rnnlab.experiments.runner.processes import _Context

worker = _Context().Process(
    target=exec, args=("import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))",)
)
worker.start()
worker.join()
"""
    program = [sys.executable, "-c", script]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert done.stdout == f"{ {signal.SIGINT} }\n"


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signal masks are POSIX")
def test_a_ctrl_c_that_another_thread_takes_does_not_cut_a_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mask is of one thread; what the system gives to another is handled in the first too."""
    popen: Any = importlib.import_module("multiprocessing.popen_spawn_posix").Popen
    launching, sent = threading.Event(), threading.Event()

    def take() -> None:
        launching.wait()
        signal.raise_signal(signal.SIGINT)
        sent.set()

    def launch(self: Any, process: object) -> None:
        launching.set()
        sent.wait()
        original(self, process)

    original = popen._launch
    monkeypatch.setattr(popen, "_launch", launch)
    thread = threading.Thread(target=take)
    thread.start()
    worker = _Context().Process(target=pow, args=(2, 3))
    with pytest.raises(KeyboardInterrupt):
        worker.start()
    thread.join()
    worker.join()
    assert worker.exitcode == 0
