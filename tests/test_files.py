"""Files are written whole, and what a kill left of one goes at the next opportunity."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import rnnlab
from rnnlab import files

OPTIONS: dict[str, Any] = {
    "cells": ["rnn"], "delays": [3], "payload": 2, "alphabet": 3, "hidden": 4, "batch": 4,
    "updates": 4, "evaluate_every": 2, "seeds": 1, "evaluation_batch": 5, "jobs": 1,
}  # fmt: skip

# A run that is killed where the rename of one file would be.
KILLED = """
import os, sys
from pathlib import Path
import rnnlab
original = Path.replace
def replace(self, target):
    if Path(target).name == sys.argv[1]:
        os.kill(os.getpid(), 9)
    return original(self, target)
Path.replace = replace
if sys.argv[1] == "report.html":
    rnnlab.report(sys.argv[2])
rnnlab.run("copy-task", out=sys.argv[2], **eval(sys.argv[3]))
"""


def parts(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob(".*.part"))


@pytest.mark.parametrize("name", ["copy-task.png", "summary.csv", "runner.json"])
def test_a_kill_while_a_file_is_written_leaves_nothing_for_ever(tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-c", KILLED, name, str(tmp_path), repr(OPTIONS)]
    assert subprocess.run(command, check=False).returncode == -9
    assert len(parts(tmp_path)) == 1
    rnnlab.run("copy-task", out=tmp_path, **OPTIONS)
    assert parts(tmp_path) == []
    assert (tmp_path / "copy-task.png").exists()


def test_a_kill_of_a_report_too(tmp_path: Path) -> None:
    rnnlab.run("copy-task", out=tmp_path, **OPTIONS)
    command = [sys.executable, "-c", KILLED, "report.html", str(tmp_path), repr(OPTIONS)]
    assert subprocess.run(command, check=False).returncode == -9
    assert len(parts(tmp_path)) == 1
    rnnlab.run("copy-task", out=tmp_path, **OPTIONS)  # which has nothing else to do
    assert parts(tmp_path) == []


def test_what_others_are_writing_stays(tmp_path: Path) -> None:
    mine = files.partial_of(tmp_path / "a.csv").name
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        alive = mine.replace(f"-{os.getpid()}.", f"-{sleeper.pid}.")
        elsewhere = mine.replace("rnnlab-", "rnnlab-elsewhere-")
        abandoned = elsewhere.replace("a.csv", "b.csv")
        foreign = [".book.txt.4242.part", ".part", ".x.part", "a.csv", ".a.rnnlab-x-y.part"]
        for name in (mine, alive, elsewhere, abandoned, *foreign):
            (tmp_path / name).touch()
        hours_ago = time.time() - 7200
        os.utime(tmp_path / abandoned, (hours_ago, hours_ago))
        files.remove_partials(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {alive, elsewhere, *foreign}
    finally:
        sleeper.communicate(b"\n")
    files.remove_partials(tmp_path)
    assert not (tmp_path / alive).exists()
