"""`kill -9` of runners and workers at random moments: nothing is lost, nothing is doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from rnnlab.experiments.results.tables import read_csv

KILLS = 20  # at least


def command(out: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "rnnlab.cli", "run", "copy-task", f"--out={out}", "--jobs=2"),
        *("--cell=rnn", "--cell=gru", "--delay=5", "--delay=9", "--seeds=6", "--payload=2"),
        *("--hidden=16", "--updates=600", "--evaluate-every=100", "--evaluation-batch=16"),
    ]


def start(out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def workers_of(runner: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    lines = [line.split(None, 2) for line in listed.stdout.splitlines()]
    return [int(w[0]) for w in lines if w[1] == str(runner) and "spawn_main" in w[2]]


def records(out: Path) -> dict[str, bytes]:
    """Return the finished runs that are on disk by themselves."""
    return {file.name: file.read_bytes() for file in (out / "runs").glob("*.csv")}


class Kills:
    """Kills runners and their workers at random moments, and looks at what is left."""

    def __init__(self, out: Path, dice: random.Random) -> None:
        self.out, self._dice = out, dice
        self.runner = start(out)
        self.killed = {"runner": 0, "worker": 0}
        self.safe: dict[str, bytes] = {}
        self.lost = self.changed = 0

    def kill_one(self) -> None:
        """Kill a worker, or the runner, which is then started again; some while it starts."""
        if self._dice.random() < 0.7:
            deadline = time.monotonic() + 60
            while not (workers := workers_of(self.runner.pid)) and time.monotonic() < deadline:
                if self.runner.poll() is not None:
                    return
                time.sleep(0.02)
        time.sleep(self._dice.uniform(0, 1.5))
        workers = workers_of(self.runner.pid)
        if self.runner.poll() is not None:
            return
        if workers and self._dice.random() < 0.6:
            os.kill(self._dice.choice(workers), signal.SIGKILL)
            self.killed["worker"] += 1
            return
        os.kill(self.runner.pid, signal.SIGKILL)
        self.runner.wait()
        self.killed["runner"] += 1
        self._look()
        self.runner = start(self.out)

    def _look(self) -> None:
        found = records(self.out)
        if not (self.out / "summary.csv").exists():  # records go when all is in the table
            self.lost += len(self.safe.keys() - found.keys())
            self.changed += sum(
                found[name] != self.safe[name] for name in self.safe if name in found
            )
        self.safe = found

    def let_it_finish(self) -> None:
        """Start it until it is finished: a run that cost two workers needs one more start."""
        for _ in range(4):
            if self.runner.wait(timeout=200) == 0:
                return
            self.runner = start(self.out)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a kill without warning is POSIX")
def test_studies_that_are_killed_again_and_again_end_as_if_nothing_had_happened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = tmp_path / "whole"
    subprocess.run(command(whole), capture_output=True, check=True)
    expected = read_csv(whole / "metrics.csv")
    key, dice = ["cell", "delay", "seed", "update"], random.Random(1)
    kills = dict.fromkeys(("runner", "worker"), 0)
    lost = changed = missing = doubled = 0
    while sum(kills.values()) < KILLS:
        study = Kills(tmp_path / f"cut{sum(kills.values())}", dice)
        try:
            for _ in range(10):
                if study.runner.poll() is None:
                    study.kill_one()
            study.let_it_finish()
        finally:
            study.runner.kill()
            study.runner.wait()
        table = read_csv(study.out / "metrics.csv")
        doubled += int(table.duplicated(key).sum())
        missing += len(expected) - len(table.drop_duplicates(key))
        lost, changed = lost + study.lost, changed + study.changed
        kills = {who: number + study.killed[who] for who, number in kills.items()}
        pd.testing.assert_frame_equal(
            expected.drop(columns="seconds"), table.drop(columns="seconds"), check_exact=True
        )
        assert (whole / "summary.csv").read_text() == (study.out / "summary.csv").read_text()
        names = [{file.name for file in out.iterdir()} for out in (whole, study.out)]
        assert names[0] == names[1]
    with capsys.disabled():
        print(  # noqa: T201  # what was done is the point
            f"\nkills {sum(kills.values())} (runner {kills['runner']}, worker {kills['worker']}), "
            f"finished runs lost {lost}, computed again {changed}, "
            f"rows missing {missing}, rows doubled {doubled}"
        )
    assert min(kills.values()) >= 5
    assert (lost, changed, missing, doubled) == (0, 0, 0, 0)
