"""What goes wrong while a study runs: dead workers, exceptions, a full disk, a second runner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rnnlab
from rnnlab.experiments import Progress, Run, RunsFailedError, Study
from rnnlab.experiments.results.status import read_status
from rnnlab.experiments.results.tables import read_csv
from rnnlab.experiments.runner.outcomes import OwnCodeFailedError

# A cell whose file, where a worker reads it, does what WHEN says: there it is imported anew.
CELL = """
import multiprocessing, os, pathlib, signal
from rnnlab import cell, linear, tanh

marker = pathlib.Path(__file__).with_suffix(".marker")
if multiprocessing.parent_process() is not None and {when}:
    marker.touch()
    {act}

@cell
def mine(x, h):
    return tanh(linear("g", x, h))
"""
KILL = "os.kill(os.getpid(), signal.SIGKILL)"


class Recorder(Progress):
    """Writes down what it is told of trouble."""

    def __init__(self) -> None:
        self.retries: list[tuple[str, str]] = []
        self.failures: list[tuple[str, str]] = []

    def retried(self, run: Run, reason: str) -> None:
        self.retries.append((str(run), reason))

    def failed(self, run: Run, reason: str) -> None:
        self.failures.append((str(run), reason))


@pytest.fixture
def study(tmp_path: Path, tiny: dict[str, Any]) -> dict[str, Any]:
    """Return options of a study with a cell from a file, which is not there yet."""
    cells = ["rnn", f"{tmp_path}/mine.py:mine,label=mine"]
    return {**tiny, "cells": cells, "delays": [3], "seeds": 1, "out": tmp_path / "out", "jobs": 2}


def write_cell(folder: Path, when: str, act: str = KILL) -> None:
    (folder / "mine.py").write_text(CELL.format(when=when, act=act))


def test_a_worker_that_dies_costs_its_run_a_second_try(
    tmp_path: Path, study: dict[str, Any]
) -> None:
    write_cell(tmp_path, "not marker.exists()")
    recorder = Recorder()
    result = rnnlab.run("copy-task", progress=recorder, **study)
    [(run, reason)] = recorder.retries
    assert run == "mine, delay 3, seed 0"
    assert reason == "its worker was killed (SIGKILL, as when memory runs out)"
    assert recorder.failures == []
    assert result.summary["cell"].tolist() == ["rnn", "mine"]
    # the same numbers as without the trouble: the rnn is the same cell
    once = rnnlab.run("copy-task", **{**study, "out": tmp_path / "once"})
    assert once.metrics.drop(columns="seconds").equals(result.metrics.drop(columns="seconds"))


def test_a_run_over_which_workers_die_is_named_while_the_others_finish(
    tmp_path: Path, study: dict[str, Any]
) -> None:
    write_cell(tmp_path, "True")
    recorder = Recorder()
    with pytest.raises(
        RunsFailedError,
        match=r"1 of 2 runs must be computed again, got mine, delay 3, seed 0: its worker was "
        r"killed \(SIGKILL, as when memory runs out\), after another had died over it\. The others",
    ):
        rnnlab.run("copy-task", progress=recorder, **study)
    assert len(recorder.retries) == len(recorder.failures) == 1
    assert read_csv(tmp_path / "out" / "metrics.csv")["cell"].unique().tolist() == ["rnn"]
    status = read_status(tmp_path / "out")
    assert (status.total, status.done, status.alive) == (2, 1, False)
    assert status.failed[0]["run"] == "mine, delay 3, seed 0"
    assert not (tmp_path / "out" / "summary.csv").exists()
    assert Study("copy-task", **study).missing == [Run("mine", {"delay": 3}, 0)]


def test_a_run_that_raises_is_named_while_the_others_finish(
    tmp_path: Path, study: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception in rnnlab's own code, which is what the file's name makes this one."""
    from rnnlab.experiments import CopyTask

    write_cell(tmp_path, "False")
    text = """def fail(self, run, report):
        if run.cell == "mine":
            raise ValueError("no such luck")
        return original(self, run, report)"""
    made: dict[str, Any] = {"original": CopyTask.run}
    exec(compile(text, rnnlab.__file__, "exec"), made)
    monkeypatch.setattr(CopyTask, "run", made["fail"])
    with pytest.raises(RunsFailedError, match=r"mine, delay 3, seed 0: .*no such luck") as caught:
        rnnlab.run("copy-task", **{**study, "jobs": 1})
    assert "Traceback" in caught.value.details
    assert read_csv(tmp_path / "out" / "metrics.csv")["cell"].unique().tolist() == ["rnn"]
    # what was wrong is put right, and the same study computes the rest
    monkeypatch.undo()
    again, whole = (
        rnnlab.run("copy-task", **study | {"out": tmp_path / name, "jobs": 1})
        for name in ("out", "whole")
    )
    assert again.metrics["cell"].unique().tolist() == ["rnn", "mine"]
    assert again.summary.equals(whole.summary)
    columns = whole.metrics.columns.drop("seconds")
    assert again.metrics[columns].equals(whole.metrics[columns])


def test_an_exception_in_a_users_file_ends_the_study_with_its_line(
    tmp_path: Path, study: dict[str, Any]
) -> None:
    write_cell(tmp_path, "True", 'raise ArithmeticError("no such luck")')
    where = rf"{tmp_path}/mine\.py:8: mine\.py must run, got ArithmeticError: no such luck"
    with pytest.raises(OwnCodeFailedError, match=rf"^{where}; .*in the run mine, delay 3, seed 0"):
        rnnlab.run("copy-task", **study)
    status = read_status(tmp_path / "out")
    assert (status.total, status.alive) == (2, False)
    assert [one["run"] for one in status.failed] == ["mine, delay 3, seed 0"]
    write_cell(tmp_path, "False")
    with pytest.raises(ValueError, match="sha256"):  # another file is another setting
        rnnlab.run("copy-task", **study)


@pytest.mark.skipif(os.name == "nt", reason="limits of file sizes are POSIX")
def test_a_full_disk_ends_a_study_with_one_line_and_a_result_that_can_be_read(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    options = {**tiny, "seeds": 3, "updates": 12, "evaluate_every": 1}
    rnnlab.run("copy-task", out=tmp_path / "whole", jobs=1, **options)
    sizes = {file.name: file.stat().st_size for file in (tmp_path / "whole").iterdir()}
    limit = sizes["manifest.json"] + 1000
    assert limit < sizes["metrics.csv"] / 2
    command = [
        *(sys.executable, "-W", "error", "-m", "rnnlab.cli", "run", "copy-task", "--jobs=2"),
        *("--cell=rnn", "--cell=gru", "--delay=3", "--delay=6", f"--out={tmp_path / 'full'}"),
        *(f"--{name.replace('_', '-')}={value}" for name, value in options.items()
          if name not in ("cells", "delays")),
    ]  # fmt: skip
    import resource

    full = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert full.returncode == 2
    [last] = [line for line in full.stderr.splitlines() if line.startswith("Error")]
    assert "metrics.csv must be written, got: File too large; make room there" in last
    assert "Traceback" not in full.stderr
    kept = read_csv(tmp_path / "full" / "metrics.csv")  # whole rows alone
    assert 0 < len(kept) < 12 * 12
    assert not list((tmp_path / "full").glob(".*.part"))
    done = read_status(tmp_path / "full").done
    assert done is not None
    assert done >= kept.groupby(["cell", "delay", "seed"]).ngroups

    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    # the table grows too large before or after the last run, as it is written from time to time
    assert ("all done before" if done == 12 else f"{done} of them done before") in again.stdout
    whole, late = (read_csv(tmp_path / name / "metrics.csv") for name in ("whole", "full"))
    assert whole.drop(columns="seconds").equals(late.drop(columns="seconds"))


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Return a runner at work in `tmp_path/out` that will not end by itself."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "rnnlab.cli", "run", "copy-task", f"--out={tmp_path / 'out'}"),
            *("--cell=rnn", "--delay=3", "--seeds=2", "--updates=10000000", "--jobs=1"),
            "--evaluate-every=100",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 200
    while not (tmp_path / "out" / "runs" / "runner.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="a kill without warning is POSIX")
def test_a_second_runner_is_kept_out_until_the_first_is_gone(
    tmp_path: Path, busy: subprocess.Popen[str]
) -> None:
    same: dict[str, Any] = {"cells": ["rnn"], "delays": [3], "seeds": 2, "updates": 10_000_000}
    message = rf"one runner at a time, got process {busy.pid} on .* at work there: .*rnnlab status"
    for force in (False, True):
        with pytest.raises(ValueError, match=message):
            rnnlab.run("copy-task", out=tmp_path / "out", force=force, evaluate_every=100, **same)
    assert read_status(tmp_path / "out").alive
    os.kill(busy.pid, signal.SIGKILL)
    busy.wait()
    status = read_status(tmp_path / "out")
    assert not status.alive
    assert status.runner is not None
    assert status.runner["ended"] is None
    # the lock of a dead process stands in nobody's way
    other: dict[str, Any] = {**same, "updates": 2}
    result = rnnlab.run("copy-task", out=tmp_path / "out", force=True, jobs=1, **other)
    assert len(result.metrics) == 2 * 2
