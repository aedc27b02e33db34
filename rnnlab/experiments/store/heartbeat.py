"""State of a runner, written to its folder for other processes to read.

A runner writes `runs/runner.json` every few seconds: who it is, what is under way, what failed, and
when it wrote. A file that has not been written for a while is that of a runner that is dead, or cut
off. It is read from anywhere that sees the folder; nothing talks to the runner itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnnlab import files
from rnnlab.experiments.progress import Progress, Remaining
from rnnlab.experiments.results.reading import RUNNER
from rnnlab.experiments.settings.runs import Run

EVERY = 2.0  # seconds between two signs of life


class Heartbeat(Progress):
    """Writes down what a study tells of its progress, every two seconds, until it is closed.

    Parameters
    ----------
    folder : Path
    command : str
        What the runner was started with.
    where : str
        Where it computes, in words.
    before : int
        Runs that were done when it started.
    """

    def __init__(self, folder: Path, command: str, where: str, before: int) -> None:
        self.path = folder / RUNNER
        self._state: dict[str, Any] = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "command": command,
            "where": where,
            "started": time.time(),
            "before": before,
            "ended": None,
        }
        self._remaining: Remaining | None = None
        self._updates: Mapping[Run, int] = {}
        self._under_way: dict[Run, int] = {}
        self._failed: dict[Run, str] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._write()
        self._thread.start()

    def begin(self, work: Mapping[Run, float], updates: Mapping[Run, int], jobs: int) -> None:
        """Record the runs that will be computed."""
        with self._lock:
            self._remaining, self._updates = Remaining(work, updates), updates

    def step(self, run: Run, update: int) -> None:
        """Record the progress of a run."""
        with self._lock:
            self._under_way[run] = update
            if self._remaining:
                self._remaining.step(run, update)

    def finished(self, run: Run, outcome: str) -> None:
        """Record that a run is finished."""
        with self._lock:
            self._under_way.pop(run, None)
            if self._remaining:
                self._remaining.finished(run)

    def failed(self, run: Run, reason: str) -> None:
        """Record that a run has failed."""
        with self._lock:
            self._under_way.pop(run, None)
            self._failed[run] = reason
            if self._remaining:
                self._remaining.failed(run)

    def close(self, how: str) -> None:
        """Write how it ended, and stop writing."""
        self._closed.set()
        self._thread.join()
        self._state["ended"] = how
        self._under_way.clear()
        self._write()

    def _beat(self) -> None:
        while not self._closed.wait(EVERY):
            self._write()

    def _write(self) -> None:
        with self._lock:
            left = self._remaining
            state = self._state | {
                "beat": time.time(),
                "running": [
                    {"run": str(run), "update": update, "updates": self._updates.get(run, 0)}
                    for run, update in self._under_way.items()
                ],
                "failed": [{"run": str(run), "why": why} for run, why in self._failed.items()],
                "finished": left.done if left else 0,
                "seconds_left": left.seconds() if left else None,
            }
        with contextlib.suppress(OSError):  # a full disk must not end what can go on
            files.write_whole(self.path, json.dumps(state).encode("utf-8"), durable=False)
