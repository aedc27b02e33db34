"""From times to tables and files."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from rnnlab.benchmark import Case, Shape, compare, measure
from rnnlab.benchmark.rivals import Rnnlab
from rnnlab.benchmark.suite import COLUMNS
from rnnlab.cli import main
from rnnlab.engine import get_num_threads
from rnnlab.plotting import plot_benchmark
from rnnlab.registry import cells


def row(implementation: str, threads: int, median: float, gflops: float) -> dict[str, object]:
    case = ("lstm", "training", "float32", 100, 32, 10, 64)
    values = (*case, implementation, threads, median, median, median, 9, 0.1, gflops)
    return dict(zip(COLUMNS, values, strict=True))


def test_everybody_at_the_best_number_of_threads():
    table = pd.DataFrame(
        [
            row("rnnlab", 1, 5.0, 60.0),
            row("rnnlab", 2, 4.0, 75.0),
            row("torch", 1, 6.0, 50.0),
            row("torch", 2, 9.0, 33.0),
            row("jax-scan", 2, 8.0, 38.0),
            row("sgemm", 1, 20.0, 100.0),
            row("sgemm", 2, 10.0, 150.0),
        ]
    )
    (line,) = compare(table).to_dict("records")
    assert (line["rnnlab_ms"], line["threads"]) == (4.0, 2)
    assert (line["rival"], line["rival_ms"], line["ratio"]) == ("torch", 6.0, 1.5)
    assert line["limit_share"] == 0.5


def test_without_a_rival_there_is_no_ratio():
    table = pd.DataFrame([row("rnnlab", 1, 5.0, 60.0), row("sgemm", 1, 20.0, 100.0)])
    (line,) = compare(table).to_dict("records")
    assert line["rival"] == "-"
    assert pd.isna(line["ratio"])


def test_measuring_gives_a_row_for_each_number_of_threads():
    before = get_num_threads()
    case = Case(cells["rnn"], Shape(3, 2, 2, 4), "float32", "inference")
    table = measure(case, repeats=3, rivals=[Rnnlab()], threads=[1, 2])
    assert list(table.columns) == list(COLUMNS)
    assert table[["implementation", "threads"]].to_numpy().tolist() == [
        ["rnnlab", 1],
        ["rnnlab", 2],
        ["sgemm", 1],
        ["sgemm", 2],
    ]
    assert (table["low_ms"] <= table["median_ms"]).all()
    assert (table["median_ms"] <= table["high_ms"]).all()
    assert (table["repeats"] >= 3).all()
    assert get_num_threads() == before


def test_the_figure_shows_the_rates_and_the_limit():
    table = pd.DataFrame(
        [row("rnnlab", 1, 5.0, 60.0), row("torch", 1, 6.0, 50.0), row("sgemm", 1, 20.0, 100.0)]
    )
    (ax,) = plot_benchmark(table).axes
    bars = [bar for bar in ax.patches if isinstance(bar, Rectangle)]
    assert [bar.get_width() for bar in bars] == [60.0, 50.0]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["100, 32, 10, 64"]
    assert 100.0 in [line.get_xdata()[0] for line in ax.lines]  # type: ignore[index]
    assert "GFLOP/s" in ax.get_xlabel()


def test_the_command_writes_its_files(tmp_path, capsys):
    out = tmp_path / "bench"
    words = ["bench", "--cell", "rnn", "--shape", "3,2,2,4", "--repeats", "3", "--seconds", "0"]
    assert main([*words, "--work", "inference", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "rnn" in printed
    assert "3,2,2,4" in printed
    names = ["benchmark.csv", "benchmark.png", "comparison.csv", "manifest.json"]
    assert sorted(path.name for path in out.iterdir()) == names
    table = pd.read_csv(out / "benchmark.csv")
    assert {"rnnlab", "torch", "sgemm"} <= set(table["implementation"])
    assert json.loads((out / "manifest.json").read_text())["settings"]["shapes"] == ["3,2,2,4"]
    assert main([*words, "--out", str(out)]) == 2
    assert "replace it with --force" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--shape", "3,2,2"], "four whole numbers"),
        (["--cell", "lsmt"], "did you mean 'lstm'"),
        (["--repeats", "1"], "--repeats"),
        (["--out", "/dev/null/x"], "can be written"),
    ],
)
def test_bad_input(words, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["bench", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
