"""Files that decide the numbers: what they hold counts, and it must not change on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import rnnlab
from rnnlab.experiments import Progress, RefusedError, Run, Study, load_spec
from rnnlab.experiments.settings.grid import planned
from rnnlab.experiments.settings.sizes import hidden_size, learned_numbers
from rnnlab.experiments.store.lock import Lock
from rnnlab.tasks import VariableCopy

TASK = """
from dataclasses import dataclass
import numpy as np
from rnnlab.tasks import IGNORED, Classification

print("loaded")

@dataclass(frozen=True)
class Mine(Classification):
    span = "length"
    paper = "nobody's"
    input_size = output_size = 2
    chance = {chance}
    baseline_loss = 0.7
    length: int = 3

    def sample(self, batch, rng):
        bits = rng.integers(2, size=(self.length, batch))
        return bits, bits
"""
CELL = """
from rnnlab import cell, linear, sigmoid, tanh

@cell
def mine(x, h):
    g = tanh(linear("g", x, h))
    {gates}
    return h
"""
ONE, TWO = "h = 0.5 * h + g", 'f = sigmoid(linear("f", x, h)); h = f * h + g'


class Changing(Progress):
    """Changes a file once the first run is finished."""

    def __init__(self, file: Path, text: str) -> None:
        self.file, self.text = file, text

    def finished(self, run: Run, outcome: str) -> None:
        self.file.write_text(self.text)


@pytest.fixture
def options(tiny: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "mine.py").write_text(TASK.format(chance=0.5))
    left = {name: tiny[name] for name in tiny if name not in ("delays", "payload", "alphabet")}
    return left | {"cells": ["rnn"], "task": [f"{tmp_path / 'mine.py'}:Mine"], "jobs": 1}


def test_a_task_that_was_edited_is_another_one_in_the_same_process(
    tmp_path: Path, options: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    before = rnnlab.run("task-study", out=tmp_path / "before", **options)
    assert capsys.readouterr().out == "loaded\n"  # once, however many runs there are
    (tmp_path / "mine.py").write_text(TASK.format(chance=0.25))
    after = rnnlab.run("task-study", out=tmp_path / "after", **options)
    assert before.summary["chance"].tolist() == [0.5]
    assert after.summary["chance"].tolist() == [0.25]


def test_a_cell_that_was_edited_has_a_size_of_its_own(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    file = tmp_path / "cells.py"
    del options["hidden"], options["jobs"]
    options |= {"cells": [f"{file}:mine"], "parameters": 300}
    sizes = []
    for gates in (ONE, TWO):
        file.write_text(CELL.format(gates=gates))
        spec = load_spec("task-study", options)
        run = Run(spec.labels[0], spec.task_points()[0].columns, 0)
        settings = planned(spec, run).settings
        sizes.append(hidden_size(settings))
        assert learned_numbers(settings) <= 300
    assert sizes[0] > sizes[1]


def test_a_task_that_changes_on_the_way_ends_the_study(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    file, out = tmp_path / "mine.py", tmp_path / "out"
    original = file.read_text()
    with pytest.raises(RefusedError, match=r"must stay as they are .*got task\[0\]\.sha256 = "):
        rnnlab.run("task-study", out=out, progress=Changing(file, original + "\n"), **options)
    assert pd.read_csv(out / "metrics.csv")["seed"].unique().tolist() == [0]
    with pytest.raises(ValueError, match=r"same settings, got task\[0\]\.sha256"):
        rnnlab.run("task-study", out=out, **options)
    file.write_text(original)
    resumed = rnnlab.run("task-study", out=out, **options)
    whole = rnnlab.run("task-study", out=tmp_path / "whole", **options)
    pd.testing.assert_frame_equal(
        resumed.metrics.drop(columns="seconds"), whole.metrics.drop(columns="seconds")
    )


def test_a_file_that_goes_is_named(tmp_path: Path, options: dict[str, Any]) -> None:
    study = Study("task-study", out=tmp_path / "out", **options)
    (tmp_path / "mine.py").unlink()
    with pytest.raises(
        RefusedError, match=r"got a file = there at its start and No such file .*mi"
    ):
        study.execute()


def table(answer: int) -> pd.DataFrame:
    rows = [
        {"sequence": n, "time": t, "v": (n * 7 + t) % 5 / 5, "label": (n + answer) % 2}
        for n in range(20)
        for t in range(3)
    ]
    return pd.DataFrame(rows)


FIT: dict[str, Any] = {"cells": ["rnn"], "hidden": 3, "epochs": 2, "seeds": 2, "jobs": 1}


def test_data_that_change_on_the_way_end_a_fit(tmp_path: Path) -> None:
    file = tmp_path / "walks.csv"
    table(0).to_csv(file, index=False)
    changing = Changing(file, table(1).to_csv(index=False))
    with pytest.raises(RefusedError, match=r"must stay as they are .*got data_sha256 = "):
        rnnlab.fit(file, "label", out=tmp_path / "out", progress=changing, **FIT)
    assert pd.read_csv(tmp_path / "out" / "metrics.csv")["seed"].unique().tolist() == [0]


def test_a_table_is_not_replaced_under_a_fit_that_is_at_work(tmp_path: Path) -> None:
    out = tmp_path / "out"
    rnnlab.fit(table(0), "label", out=out, **FIT)
    before = (out / "data.csv").read_text()
    (out / "runs").mkdir()
    lock = Lock(out / "runs" / "lock")
    lock.acquire()
    with pytest.raises(RefusedError, match="one runner at a time"):
        rnnlab.fit(table(1), "label", out=out, force=True, **FIT)
    assert (out / "data.csv").read_text() == before
    lock.release()
    rnnlab.fit(table(1), "label", out=out, force=True, **FIT)
    assert (out / "data.csv").read_text() != before


def test_the_manifest_has_the_settings_that_nobody_wrote(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    options |= {"task": ["variable-copy,delay=4"], "updates": 2}
    rnnlab.run("task-study", out=tmp_path / "out", **options)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    (task,) = manifest["tasks"]
    settings = {"task": "variable-copy", "delay": 4, "payload": 3, "alphabet": 8}
    assert {name: task[name] for name in settings} == settings
    assert (task["headline"], task["direction"]) == ("recall_accuracy", "higher")
    assert (task["chance"], task["criterion"]) == (
        VariableCopy(4).chance,
        VariableCopy(4).solved_at,
    )
