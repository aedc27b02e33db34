"""`rnnlab status`: what it says of a study at every stage, from its files alone."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rnnlab as package
from rnnlab.cli import main
from rnnlab.experiments import Progress, Run
from rnnlab.experiments.results.reading import RUNNER
from rnnlab.experiments.results.status import SILENT

OPTIONS: dict[str, Any] = {
    "cells": ["rnn"],
    "delays": [3],
    "payload": 2,
    "alphabet": 3,
    "hidden": 5,
    "batch": 7,
    "updates": 6,
    "seeds": 4,
    "evaluation_batch": 9,
    "evaluate_every": 2,
    "jobs": 1,
}


class Look(Progress):
    """Copies the folder of a study while it runs, and ends it after some runs."""

    def __init__(self, folder: Path, end_after: int) -> None:
        self._folder, self._left = folder, end_after

    def step(self, run: Run, update: int) -> None:
        if self._left == 0 and update == 4:
            time.sleep(0.3)  # the heartbeat below is faster
            shutil.copytree(self._folder, self._folder.with_name("moment"))
            raise KeyboardInterrupt

    def finished(self, run: Run, outcome: str) -> None:
        self._left -= 1


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a study that was interrupted in its third run; `moment` is as it was."""
    monkeypatch.setattr("rnnlab.experiments.store.heartbeat.EVERY", 0.05)
    with pytest.raises(KeyboardInterrupt):
        package.run(
            "copy-task", out=tmp_path / "out", progress=Look(tmp_path / "out", 2), **OPTIONS
        )
    return tmp_path / "out"


def lines(capsys: pytest.CaptureFixture[str], folder: Path) -> dict[str, str]:
    assert main(["status", str(folder)]) == 0
    printed = capsys.readouterr().out.splitlines()
    return dict(line.split("  ", 1) for line in printed if "  " in line)


def change(folder: Path, **values: Any) -> None:
    file = folder / "runs" / RUNNER
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_a_runner_at_work(capsys: pytest.CaptureFixture[str], study: Path) -> None:
    moment = study.with_name("moment")
    change(moment, beat=time.time())
    said = {name: text.strip() for name, text in lines(capsys, moment).items()}
    assert said["study"].startswith(f"copy-task in {moment}, started 20")
    assert said["done"] == "2 of 4 runs (50%)"
    assert (said["under way"], said["failed"], said["to do"]) == ("1", "0", "1")
    assert said["runner"].startswith("at work: process ")
    assert "1 at a time; last sign of life 0." in said["runner"]
    assert said["time left"].startswith("about ")
    assert said["rnn, delay 3, seed 2"] == "4/6 updates"


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_a_runner_that_is_dead(capsys: pytest.CaptureFixture[str], study: Path, where: str) -> None:
    moment = study.with_name("moment")
    if where == "here":  # no such process
        change(moment, beat=time.time(), pid=2**22 + 1)
    else:
        change(moment, beat=time.time() - SILENT - 5, host="a-node-of-the-cluster")
    said = lines(capsys, moment)
    assert said["runner"].strip().startswith("dead: process ")
    assert said["runner"].endswith("the same command goes on from here")
    assert said["under way"].strip() == "0"
    assert said["to do"].strip() == "2"
    assert "time left" not in said


def test_a_runner_that_was_interrupted_and_one_that_finished(
    capsys: pytest.CaptureFixture[str], study: Path
) -> None:
    said = lines(capsys, study)
    assert said["runner"].strip().startswith("ended (interrupted): process ")
    assert said["done"].strip() == "2 of 4 runs (50%)"
    before = {path: path.read_bytes() for path in study.rglob("*") if path.is_file()}
    lines(capsys, study)
    assert {path: path.read_bytes() for path in study.rglob("*") if path.is_file()} == before
    package.run("copy-task", out=study, **OPTIONS)
    assert lines(capsys, study)["done"].strip().startswith("all runs, 20")


def test_where_there_is_no_study(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["status", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"Error: {tmp_path} must hold a study that was started, got no result")
    (tmp_path / "manifest.json").write_text("{")
    assert main(["status", str(tmp_path)]) == 2
    assert "manifest.json must be JSON, got: " in capsys.readouterr().err


def test_status_from_another_process(
    rnnlab: Callable[..., Any], tmp_path: Path, study: Path
) -> None:
    done = rnnlab("status", str(study))
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 of 4 runs" in done.stdout
