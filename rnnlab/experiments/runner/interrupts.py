"""Ctrl-C where it must not get in between."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Put off Ctrl-C to the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python hands interrupts to the main thread alone
        return
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        received.append(number)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if received:
        signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def children_deaf() -> Iterator[None]:
    """Let a process that is started in the block never hear a Ctrl-C.

    The terminal sends it to every process; this one ends the others. A signal mask is inherited, so
    that there is no moment at which a child would still listen.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
