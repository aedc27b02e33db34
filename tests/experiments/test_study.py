"""Whole studies from Python: files, resumption, workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rnnlab
import rnnlab.plotting
from rnnlab.experiments import Progress, Run, Study, draw
from rnnlab.experiments.results.tables import read_csv


class Recorder(Progress):
    """Writes down what it is told."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.began: list[Run] = []
        self.done: list[Run] = []
        self.steps: dict[Run, list[int]] = {}
        self.ended = 0
        self._interrupt_after = interrupt_after

    def begin(self, work: Mapping[Run, float], updates: Mapping[Run, int], jobs: int) -> None:
        assert all(amount > 0 for amount in work.values())
        self.began = list(work)

    def step(self, run: Run, update: int) -> None:
        self.steps.setdefault(run, []).append(update)

    def finished(self, run: Run, outcome: str) -> None:
        assert outcome
        self.done.append(run)
        if len(self.done) == self._interrupt_after:
            raise KeyboardInterrupt

    def end(self) -> None:
        self.ended += 1


def without_seconds(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].endswith(",seconds")
    return [line.rpartition(",")[0] for line in lines]


def test_a_study_writes_the_files_of_the_contract(tmp_path: Path, tiny: dict[str, Any]) -> None:
    out = tmp_path / "deep" / "result"
    result = rnnlab.run("copy-task", out=out, jobs=1, **tiny)
    names = {"metrics.csv", "summary.csv", "copy-task.png", "manifest.json"}
    assert {path.name for path in out.iterdir()} == names
    assert result.path == out
    assert len(result.metrics) == 2 * 2 * 2 * 3
    assert result.summary.columns.tolist() == [
        "cell",
        "delay",
        "seeds",
        "parameters",
        "recall_accuracy",
        "ci_low",
        "ci_high",
        "sequence_accuracy",
        "chance",
        "solved_share",
        "updates_to_solve",
    ]
    keys = result.metrics[["cell", "delay", "seed"]].drop_duplicates()
    assert keys.values.tolist() == [
        [cell, delay, seed] for cell in ("rnn", "gru") for delay in (3, 6) for seed in (0, 1)
    ]
    final = result.metrics.groupby(["cell", "delay", "seed"], sort=False).last()
    means = final.groupby(["cell", "delay"], sort=False)["recall_accuracy"].mean()
    assert result.summary["recall_accuracy"].to_numpy() == pytest.approx(means.to_numpy())
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["settings"]["delays"] == [3, 6]
    assert manifest["command"].startswith("rnnlab.run('copy-task', cells=['rnn', 'gru'], ")
    assert manifest["end"] is not None


def test_gradient_flow_writes_the_files_of_the_contract(
    tmp_path: Path, tiny_flow: dict[str, Any]
) -> None:
    result = rnnlab.run("gradient-flow", out=tmp_path, jobs=1, **tiny_flow)
    names = {"gradients.csv", "summary.csv", "gradient-decay.png", "manifest.json"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert result.metrics["cell"].unique().tolist() == ["rnn", "gru"]
    assert result.summary.columns.tolist()[:8] == [
        "cell",
        "phase",
        "state",
        "seeds",
        "half_life",
        "ci_low",
        "ci_high",
        "log10_decay_per_step",
    ]
    assert result.summary["seeds"].tolist() == [2] * 6


def test_the_numbers_do_not_depend_on_the_number_of_workers(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    recorder = Recorder()
    rnnlab.run("copy-task", out=tmp_path / "1", jobs=1, **tiny)
    rnnlab.run("copy-task", out=tmp_path / "3", jobs=3, progress=recorder, **tiny)
    one, three = (without_seconds(tmp_path / name / "metrics.csv") for name in ("1", "3"))
    assert one == three
    for name in ("summary.csv", "copy-task.png"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "3" / name).read_bytes()
    assert recorder.ended == 1
    assert sorted(map(str, recorder.done)) == sorted(map(str, recorder.began))
    assert all(updates == [0, 2, 4, 6] for updates in recorder.steps.values())


def test_gradients_are_the_same_bytes_each_time(tmp_path: Path, tiny_flow: dict[str, Any]) -> None:
    for name, jobs in (("a", 1), ("b", 2)):
        rnnlab.run("gradient-flow", out=tmp_path / name, jobs=jobs, **tiny_flow)
    for name in ("gradients.csv", "summary.csv", "gradient-decay.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_study_is_continued_to_the_same_table(
    tmp_path: Path, tiny: dict[str, Any], jobs: int
) -> None:
    rnnlab.run("copy-task", out=tmp_path / "whole", jobs=1, **tiny)
    first = Recorder(interrupt_after=3)
    with pytest.raises(KeyboardInterrupt):
        rnnlab.run("copy-task", out=tmp_path / "cut", jobs=jobs, progress=first, **tiny)
    assert first.ended == 1
    kept = read_csv(tmp_path / "cut" / "metrics.csv")
    assert len(kept.groupby(["cell", "delay", "seed"])) == 3
    assert json.loads((tmp_path / "cut" / "manifest.json").read_text())["end"] is None
    assert not (tmp_path / "cut" / "summary.csv").exists()

    second = Recorder()
    rnnlab.run("copy-task", out=tmp_path / "cut", jobs=jobs, progress=second, **tiny)
    assert len(second.done) == 5
    assert not set(first.done) & set(second.done)
    whole, cut = (without_seconds(tmp_path / name / "metrics.csv") for name in ("whole", "cut"))
    assert whole == cut
    assert (tmp_path / "whole" / "summary.csv").read_text() == (
        tmp_path / "cut" / "summary.csv"
    ).read_text()


def test_nothing_is_touched_where_nothing_is_missing(tmp_path: Path, tiny: dict[str, Any]) -> None:
    first = rnnlab.run("copy-task", out=tmp_path, jobs=1, **tiny)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    recorder = Recorder()
    again = rnnlab.run("copy-task", out=tmp_path, jobs=1, progress=recorder, **tiny)
    assert recorder.began == recorder.done == []
    pd.testing.assert_frame_equal(again.metrics, first.metrics)
    pd.testing.assert_frame_equal(again.summary, first.summary)
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    assert after == before


def test_a_reference_reaches_a_finished_study(tmp_path: Path, tiny: dict[str, Any]) -> None:
    """It decides no number of a run: another one needs no other result."""
    rnnlab.run("copy-task", out=tmp_path, jobs=1, **tiny)
    before = json.loads((tmp_path / "manifest.json").read_text())
    table = (tmp_path / "metrics.csv").read_bytes()
    rnnlab.run("copy-task", out=tmp_path, jobs=1, reference="gru", **tiny)
    after = json.loads((tmp_path / "manifest.json").read_text())
    assert after == {**before, "reference": "gru"}
    assert (tmp_path / "metrics.csv").read_bytes() == table


def test_a_lost_picture_or_summary_is_made_again_without_a_run(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    rnnlab.run("copy-task", out=tmp_path, jobs=1, **tiny)
    manifest = (tmp_path / "manifest.json").read_bytes()
    for name in ("copy-task.png", "summary.csv"):
        before = (tmp_path / name).read_bytes()
        (tmp_path / name).unlink()
        recorder = Recorder()
        rnnlab.run("copy-task", out=tmp_path, jobs=1, progress=recorder, **tiny)
        assert (tmp_path / name).read_bytes() == before
        assert recorder.done == []
    assert (tmp_path / "manifest.json").read_bytes() == manifest  # it still tells of the runs


def test_other_settings_need_force_which_starts_anew(tmp_path: Path, tiny: dict[str, Any]) -> None:
    rnnlab.run("copy-task", out=tmp_path, jobs=1, **tiny)
    other = {**tiny, "lr": 0.01}
    with pytest.raises(ValueError, match=r"got lr = 0\.005 there and 0\.01 now: .*force=True"):
        rnnlab.run("copy-task", out=tmp_path, jobs=1, **other)
    recorder = Recorder()
    rnnlab.run("copy-task", out=tmp_path, jobs=1, force=True, progress=recorder, **other)
    assert len(recorder.done) == 8
    flow = {key: value for key, value in tiny.items() if key != "evaluate_every"} | {"delays": [3]}
    for measure in (["decay", "gates"], ["decay"]):  # nor is what else was measured left over
        options = {**flow, "measure": measure}
        rnnlab.run("gradient-flow", out=tmp_path, jobs=1, force=True, **options)
    names = {"gradients.csv", "summary.csv", "gradient-decay.png", "manifest.json"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_a_cell_from_a_file_runs_in_workers(tmp_path: Path, tiny: dict[str, Any]) -> None:
    (tmp_path / "cells.py").write_text(
        "from rnnlab import cell, linear, tanh\n\n"
        "@cell\ndef leaky(x, h):\n    return 0.9 * h + 0.1 * tanh(linear('g', x, h))\n"
    )
    options = {**tiny, "cells": ["rnn", f"{tmp_path}/cells.py:leaky,label=leaky"]}
    result = rnnlab.run("copy-task", out=tmp_path / "out", jobs=2, **options)
    assert result.summary["cell"].unique().tolist() == ["rnn", "leaky"]


@pytest.mark.parametrize("jobs", [0, -1, 1.5, True])
def test_jobs_must_be_a_number_of_processes(tiny: dict[str, Any], jobs: Any) -> None:
    with pytest.raises(ValueError, match="jobs must be a whole number of at least 1, got"):
        Study("copy-task", jobs=jobs, **tiny)


def test_unknown_optimizer(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"optimizer must be one of .*: did you mean 'adam'"):
        Study("copy-task", out=tmp_path / "out", optimizer="adm")
    assert not (tmp_path / "out").exists()  # a wrong setting leaves no folder behind


def test_no_more_processes_than_runs(tmp_path: Path, tiny: dict[str, Any]) -> None:
    assert Study("copy-task", out=tmp_path, jobs=64, **tiny).jobs == 8


@pytest.mark.parametrize("how", ["script", "pipe"])
def test_a_script_needs_no_guard(tmp_path: Path, tiny: dict[str, Any], how: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import rnnlab\n"
        f"result = rnnlab.run('copy-task', out={str(tmp_path / 'out')!r}, jobs=2, **{tiny!r})\n"
        "print(len(result.metrics))\n"
    )
    command = [sys.executable, "-W", "error", *([str(script)] if how == "script" else ["-"])]
    with script.open() as source:
        done = subprocess.run(command, stdin=source, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("24\n", "", 0)


def test_workers_change_neither_the_environment_nor_the_main_module(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    environment, main = dict(os.environ), sys.modules["__main__"]
    rnnlab.run("copy-task", out=tmp_path, jobs=2, **tiny)
    assert dict(os.environ) == environment
    assert sys.modules["__main__"] is main


@pytest.mark.parametrize("name", ["copy-task", "gradient-decay"])
def test_the_picture_shows_the_numbers_of_the_csv(
    tmp_path: Path,
    tiny: dict[str, Any],
    tiny_flow: dict[str, Any],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if name == "copy-task":
        summary = rnnlab.run("copy-task", out=tmp_path, jobs=1, **tiny).summary
    else:
        rnnlab.run("gradient-flow", out=tmp_path, jobs=1, **tiny_flow)
    drawn: list[Any] = []

    def keep(figure: Any, path: Path) -> Path:
        drawn.append(figure)
        return path

    monkeypatch.setattr(rnnlab.plotting, "save_figure", keep)
    assert draw(name, tmp_path) == tmp_path / f"{name}.png"
    lines = [line for axes in drawn[0].axes for line in axes.get_lines()]
    heights = [np.asarray(line.get_ydata(), float) for line in lines]
    if name == "copy-task":
        for cell in ("rnn", "gru"):
            expected = summary.loc[summary["cell"] == cell, "recall_accuracy"].to_numpy()
            assert any(np.array_equal(height, expected) for height in heights)
    else:
        assert drawn[0].axes[0].get_yscale() == "log"
        assert sum(len(height) == 4 + 2 * 2 + 1 for height in heights) >= 4


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"figure must be one of .*: did you mean 'copy-task'"):
        draw("copy-tsk", tmp_path)
    with pytest.raises(ValueError, match=r"must hold a copy-task result for copy-task, got no r"):
        draw("copy-task", tmp_path)
    (tmp_path / "summary.csv").write_text("")
    with pytest.raises(ValueError, match=r"summary.csv must be a table whose first line names"):
        draw("copy-task", tmp_path)
    (tmp_path / "summary.csv").write_text("cell,delay\n")
    with pytest.raises(ValueError, match="must have at least one row: "):
        draw("copy-task", tmp_path)
    (tmp_path / "summary.csv").write_text("cell,delay\ngru,3\n")
    with pytest.raises(ValueError, match="must have the column"):
        draw("copy-task", tmp_path)


def test_force_takes_the_report_along_and_nothing_else(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    options = {**tiny, "out": tmp_path, "jobs": 1}
    rnnlab.run("copy-task", **options)
    before = {path.name for path in tmp_path.iterdir()}
    rnnlab.report(tmp_path)
    (tmp_path / "notes.csv").write_text("mine")
    assert (tmp_path / "survival.csv").exists()
    rnnlab.run("copy-task", **options | {"lr": 0.1, "force": True})
    assert {path.name for path in tmp_path.iterdir()} == before | {"notes.csv"}
