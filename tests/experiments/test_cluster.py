"""Runs on a Dask cluster: a real scheduler, real workers, one of which is killed on the way."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import rnnlab
from rnnlab.experiments import Progress, Run

pytest.importorskip("distributed")


def start(*arguments: str, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments], stdout=file, stderr=subprocess.STDOUT
        )


def wait_for(log: Path, pattern: str) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = re.search(pattern, log.read_text())
        if found:
            return found.group(found.lastindex or 0)
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Return the address of a scheduler with two workers, and the workers."""
    processes = [
        start(
            *("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"),
            log=tmp_path / "scheduler.log",
        )
    ]
    try:
        address = wait_for(tmp_path / "scheduler.log", r"Scheduler at:\s+(tcp://\S+)")
        for number in range(2):
            log = tmp_path / f"worker{number}.log"
            options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--name", str(number))
            processes.append(start("worker", address, *options, log=log))
        for number in range(2):
            wait_for(tmp_path / f"worker{number}.log", "Registered to")
        yield address, processes[1:]
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


class Killer(Progress):
    """Kills a process when the first run reports an update."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.steps: set[Run] = set()
        self._killed = threading.Event()

    def step(self, run: Run, update: int) -> None:
        self.steps.add(run)
        if update and not self._killed.is_set():
            self._killed.set()
            os.kill(self._process.pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a kill without warning is POSIX")
def test_a_cluster_computes_the_same_numbers_though_a_worker_is_killed(
    tmp_path: Path, tiny: dict[str, Any], cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, workers = cluster
    options = {**tiny, "updates": 300, "evaluate_every": 20}
    killer = Killer(workers[0])
    far = rnnlab.run("copy-task", out=tmp_path / "far", dask=address, progress=killer, **options)
    assert workers[0].wait(timeout=30) == -signal.SIGKILL
    assert len(killer.steps) == 8
    here = rnnlab.run("copy-task", out=tmp_path / "here", jobs=1, **options)
    pd.testing.assert_frame_equal(
        far.metrics.drop(columns="seconds"), here.metrics.drop(columns="seconds"), check_exact=True
    )
    assert f'"dask": "{address}"' in (tmp_path / "far" / "manifest.json").read_text()


def test_no_scheduler_at_that_address(
    tmp_path: Path, tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnnlab.experiments.runner.cluster.CONNECT", 0.5)
    for address in ("tcp://127.0.0.1:9", "nowhere"):
        with pytest.raises(ValueError, match="dask must be the address of a scheduler that answer"):
            rnnlab.run("copy-task", out=tmp_path / "new", dask=address, **tiny)
    # a result that was to be replaced is still there
    rnnlab.run("copy-task", out=tmp_path / "old", jobs=1, **tiny)
    before = {path: path.read_bytes() for path in (tmp_path / "old").iterdir()}
    other: dict[str, Any] = {**tiny, "lr": 0.1, "force": True}
    with pytest.raises(ValueError, match="dask must be the address of a scheduler that answer"):
        rnnlab.run("copy-task", out=tmp_path / "old", dask=address, **other)
    assert {path: path.read_bytes() for path in (tmp_path / "old").iterdir()} == before
