"""Ctrl-C waits where it has to, and is never lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from rnnlab.experiments.runner.interrupts import children_deaf, interrupts_held


def test_an_interrupt_waits_for_the_end_of_the_block() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        with interrupts_held():
            signal.raise_signal(signal.SIGINT)
            done.append("inside")
        done.append("after")
    assert done == ["inside"]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)  # the handler is back


def test_nothing_happens_without_an_interrupt_and_errors_pass() -> None:
    handler = signal.getsignal(signal.SIGINT)
    with interrupts_held():
        pass
    with pytest.raises(ZeroDivisionError), interrupts_held():
        _ = 1 / 0
    assert signal.getsignal(signal.SIGINT) is handler


def test_other_threads_may_use_it() -> None:
    entered = []

    def work() -> None:
        with interrupts_held():
            entered.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert entered == [True]


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signal masks are POSIX")
def test_a_child_started_deaf_stays_deaf_while_its_parent_hears_again() -> None:
    script = "import sys; print('ready', flush=True); sys.stdin.read(); print('heard nothing')"
    with children_deaf():
        child = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    os.kill(child.pid, signal.SIGINT)
    output, _ = child.communicate("", timeout=60)
    assert (output, child.returncode) == ("heard nothing\n", 0)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
