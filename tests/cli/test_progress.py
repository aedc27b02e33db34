"""What is shown while a study runs."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from rnnlab.cli.progress import Lines, Live
from rnnlab.experiments import Run
from rnnlab.experiments.progress import Remaining

RUNS = [Run("rnn", {"delay": 10}, 0), Run("gru", {"delay": 30}, 0), Run("gru", {"delay": 30}, 1)]
UPDATES = dict.fromkeys(RUNS, 10)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def test_remaining_time_follows_the_work_and_not_the_number_of_runs() -> None:
    clock = Clock()
    remaining = Remaining(dict(zip(RUNS, (1.0, 2.0, 5.0), strict=True)), UPDATES, clock)
    assert remaining.seconds() is None
    remaining.step(RUNS[0], 0)
    assert remaining.seconds() is None
    remaining.finished(RUNS[0])
    remaining.step(RUNS[1], 5)
    clock.time += 20
    assert remaining.share() == pytest.approx(2 / 8)
    assert remaining.seconds() == pytest.approx(60)
    assert remaining.done == 1
    remaining.finished(RUNS[1])
    remaining.finished(RUNS[2])
    assert remaining.seconds() == 0


def test_a_run_at_its_last_update_is_not_finished_before_its_rows_are_safe() -> None:
    remaining = Remaining(dict.fromkeys(RUNS, 1.0), UPDATES, Clock())
    remaining.step(RUNS[0], 10)
    assert remaining.done == 0


def test_remaining_time_without_updates() -> None:
    clock = Clock()
    remaining = Remaining(dict.fromkeys(RUNS, 1.0), dict.fromkeys(RUNS, 0), clock)
    remaining.step(RUNS[0], 0)
    assert remaining.seconds() is None
    remaining.finished(RUNS[0])
    clock.time += 3
    assert remaining.seconds() == pytest.approx(6)


def test_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines.compiling("gru", "float32")
    lines.compiled("gru", "float32", 4.7)
    lines.begin(dict.fromkeys(RUNS, 1.0), UPDATES, jobs=1)
    for run in RUNS:
        lines.step(run, 5)
        lines.finished(run, "recall accuracy 0.500")
    lines.end()
    printed = capsys.readouterr()
    assert printed.out == ""
    compiling, compiled, first, _, last = printed.err.splitlines()
    assert compiling == "Compiling the kernels of gru in float32, once for this machine ..."
    assert compiled == "Compiled gru in float32: 4.7 s"
    assert first.startswith("[1/3] rnn, delay 10, seed 0: recall accuracy 0.500; about ")
    assert first.endswith(" left")
    assert last == "[3/3] gru, delay 30, seed 1: recall accuracy 0.500"


def test_live_bars_show_which_runs_are_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, color_system=None)
    monkeypatch.setattr("rnnlab.cli.progress.Console", lambda **_: console)
    live = Live()
    live.begin(dict.fromkeys(RUNS, 1.0), UPDATES, jobs=2)
    live.step(RUNS[0], 0)
    live.step(RUNS[1], 4)
    shown = [str(task.description) for task in live.bars.tasks]
    assert shown == ["3 runs", "rnn, delay 10, seed 0", "gru, delay 30, seed 0"]
    assert live.bars.tasks[2].fields["state"] == "4/10 updates"
    assert "left" in live.bars.tasks[0].fields["state"]
    live.finished(RUNS[0], "[red]solved[/red]")
    assert len(live.bars.tasks) == 2
    live.end()
    # what a cell or an outcome is called is text, not markup
    assert "[1/3] rnn, delay 10, seed 0: [red]solved[/red]" in screen.getvalue()
