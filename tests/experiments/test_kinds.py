"""Commands on folders of another kind: they say what the folder holds and what works on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rnnlab
from rnnlab.cli.main import main

PUBLISHED = Path(__file__).parents[2] / "results" / "published"


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small fit."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"id": np.repeat(np.arange(30), 4), "x": rng.standard_normal(120)})
    table["label"] = np.where(table.groupby("id")["x"].transform("sum") > 0, "up", "down")
    out = tmp_path_factory.mktemp("fit") / "fit-walks"
    rnnlab.fit(table, "label", out=out, sequence="id", epochs=2, hidden=4, seeds=1, jobs=1)
    return out


def said(capsys: Any, *words: str) -> str:
    """Return the one line of a command that fails for the user's sake."""
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    return str(line)


@pytest.mark.parametrize("name", ["copy-task", "gate-map"])
def test_a_fit_has_a_summary_and_a_plot_of_its_own(fitted: Path, name: str, capsys: Any) -> None:
    line = said(capsys, "plot", name, "--from", str(fitted))
    assert f"got a fit of a table (rnnlab fit); its scores are in {fitted / 'summary.csv'}" in line
    assert f"rnnlab plot loss-curves --from {fitted} draws it" in line
    assert "rnnlab run" not in line
    assert "--out" not in line  # no advice that would put another study there


def test_what_is_said_to_work_on_a_fit_works(fitted: Path, capsys: Any) -> None:
    assert main(["plot", "loss-curves", "--from", str(fitted)]) == 0
    assert main(["status", str(fitted)]) == 0
    assert rnnlab.report(fitted).path.exists()
    assert main(["plot", "outcomes", "--from", str(fitted)]) == 0


def test_the_table_alone_shows_that_it_is_a_fit(fitted: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "metrics.csv").write_bytes((fitted / "metrics.csv").read_bytes())
    line = said(capsys, "report", str(tmp_path))
    assert "must hold manifest.json for a report of a fit: report the folder that rnnlab" in line


def test_figures_of_another_study(capsys: Any) -> None:
    line = said(capsys, "plot", "outcomes", "--from", str(PUBLISHED / "gradient-flow"))
    assert (
        "must hold a study of tasks for outcomes, got a gradient-flow study; rnnlab report" in line
    )
    assert "gradient-decay" in line
    line = said(capsys, "plot", "gate-map", "--from", str(PUBLISHED / "adding"))
    assert "must hold a gradient-flow result for gate-map, got a study of tasks; " in line
    assert "of task-study, loss-curves, outcomes, learning-rates, comparison, survival" in line


def test_a_benchmark(capsys: Any) -> None:
    folder = PUBLISHED / "benchmark"
    for words in (["report"], ["status"], ["plot", "comparison", "--from"]):
        line = said(capsys, *words, str(folder))
        assert (
            f"got a benchmark (rnnlab bench); its numbers are in {folder / 'benchmark.csv'}" in line
        )


def test_empty_folders_and_files(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "file").touch()
    for name, came in (
        ("", "got no result"),
        ("nowhere", "got no such folder"),
        ("file", "got a file; name the folder it is in"),
    ):
        for words in (["report"], ["status"], ["plot", "outcomes", "--from"]):
            assert came in said(capsys, *words, str(tmp_path / name))
    assert not (tmp_path / "nowhere").exists()


def test_a_table_that_was_not_measured(tmp_path: Path, capsys: Any) -> None:
    settings = {"experiment": "gradient-flow"}
    (tmp_path / "manifest.json").write_text(json.dumps({"settings": settings}))
    line = said(capsys, "plot", "gate-map", "--from", str(tmp_path))
    assert "must have the table gate-map.csv for gate-map: this study did not" in line
    assert "rnnlab run gradient-flow --measure gates does, with a folder of its own" in line
