"""Programs in processes, and tables and files made of their times."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from rnnlab.benchmark import Case, Programs, Shape, compare, measure, summarise
from rnnlab.benchmark.programs import AVX2
from rnnlab.benchmark.rivals import Rnnlab
from rnnlab.benchmark.suite import ROUNDS
from rnnlab.cli import main
from rnnlab.engine import get_num_threads, instruction_set
from rnnlab.plotting import plot_benchmark
from rnnlab.registry import cells

CASE = ("lstm", "training", "float32", 100, 32, 10, 64)


def rounds_of(implementation: str, threads: int, medians: list[float]) -> list[dict[str, object]]:
    """Rows of rounds.csv: the fastest call takes half of the median, the work is 300 MFLOP."""
    return [
        dict(
            zip(
                ROUNDS,
                (*CASE, implementation, threads, k, 9, median, median / 2, 0.1, 3e8),
                strict=True,
            )
        )
        for k, median in enumerate(medians)
    ]


def test_ratios_are_paired_by_round_at_the_best_number_of_threads():
    rows = [
        *rounds_of("rnnlab", 1, [5.0, 5.0, 5.0]),
        *rounds_of("rnnlab", 2, [4.0, 8.0, 2.0]),  # the second round was slow for all
        *rounds_of("torch", 1, [6.0, 16.0, 3.2]),
        *rounds_of("torch", 2, [9.0, 9.0, 9.0]),
        *rounds_of("jax-scan", 2, [8.0, 8.0, 8.0]),
        *rounds_of("sgemm", 1, [3.0, 3.0, 3.0]),
        *rounds_of("sgemm", 2, [2.0, 2.0, 2.0]),
    ]
    (line,) = compare(pd.DataFrame(rows)).to_dict("records")
    assert (line["rnnlab_ms"], line["threads"]) == (4.0, 2)
    assert (line["rival"], line["rival_ms"]) == ("torch", 6.0)
    assert line["ratio"] == pytest.approx(1.6)  # of 1.5, 2 and 1.6
    assert (line["ratio_low"], line["ratio_high"]) == pytest.approx((1.55, 1.8))
    assert line["min_ratio"] == pytest.approx(1.6 / 1.0)
    assert line["gflops"] == pytest.approx(75)
    assert line["limit_share"] == pytest.approx(0.5)


def test_without_a_rival_there_is_no_ratio():
    rows = [*rounds_of("rnnlab", 1, [5.0]), *rounds_of("sgemm", 1, [20.0])]
    (line,) = compare(pd.DataFrame(rows)).to_dict("records")
    assert line["rival"] == "-"
    assert pd.isna(line["ratio"])


def test_measuring_gives_a_row_for_each_program_and_round():
    case = Case(cells["rnn"], Shape(3, 2, 2, 4), "float32", "inference")
    with Programs([Rnnlab()], [1, 2]) as programs:
        rounds = measure(case, programs, repeats=3)
    assert list(rounds.columns) == list(ROUNDS)
    assert rounds[["implementation", "threads", "round"]].to_numpy().tolist() == [
        [name, threads, number]
        for number in range(3)
        for threads in (1, 2)
        for name in ("rnnlab", "sgemm")
    ]
    assert (rounds["min_ms"] <= rounds["median_ms"]).all()
    assert (rounds["calls"] >= 1).all()
    table = summarise(rounds)
    assert len(table) == 4
    assert (table["min_ms"] <= table["low_ms"]).all()
    assert (table["low_ms"] <= table["median_ms"]).all()
    assert (table["median_ms"] <= table["high_ms"]).all()


class Threads(Rnnlab):
    """Reports the number of threads of its process as an error."""

    name = "threads"

    def prepare(self, case, layer, x, d_output):
        raise ValueError(f"{get_num_threads()} threads, {os.environ['OMP_NUM_THREADS']} of OpenMP")


def test_a_program_has_a_process_and_threads_of_its_own():
    before = get_num_threads()
    case = Case(cells["rnn"], Shape(3, 2, 2, 4), "float32", "inference")
    with Programs([Threads()], [3]) as programs:
        message = "threads on 3 threads: ValueError: 3 threads, 3 of OpenMP"
        with pytest.raises(RuntimeError, match=message):
            programs[0].prepare(case)
        with pytest.raises(RuntimeError, match="a case must be prepared before a turn"):
            programs[0].turn()
        processes = multiprocessing.active_children()
        assert len(processes) == 1
    assert not multiprocessing.active_children()
    assert get_num_threads() == before


class Instructions(Rnnlab):
    """Reports the instruction set of its process as an error."""

    name = "instructions"

    def prepare(self, case, layer, x, d_output):
        raise ValueError(f"{instruction_set()}, OpenBLAS for {os.environ['OPENBLAS_CORETYPE']}")


@pytest.mark.skipif(instruction_set() not in ("AVX2", "AVX-512"), reason="needs AVX2")
def test_a_program_can_be_kept_to_avx2():
    case = Case(cells["rnn"], Shape(3, 2, 2, 4), "float32", "inference")
    with (
        Programs([Instructions()], [1], AVX2) as programs,
        pytest.raises(RuntimeError, match="AVX2, OpenBLAS for Haswell"),
    ):
        programs[0].prepare(case)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_program_is_stopped_between_its_turns():
    with Programs([Rnnlab()], [1]):
        (process,) = multiprocessing.active_children()
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        assert fields[0] == "T"


def test_the_figure_shows_the_rates_and_the_limit():
    table = pd.DataFrame(
        [
            *rounds_of("rnnlab", 1, [5.0]),
            *rounds_of("torch", 1, [6.0]),
            *rounds_of("sgemm", 1, [3.0]),
        ]
    )
    (ax,) = plot_benchmark(summarise(table)).axes
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
    names = ["benchmark.csv", "benchmark.png", "comparison.csv", "manifest.json", "rounds.csv"]
    assert sorted(path.name for path in out.iterdir()) == names
    table = pd.read_csv(out / "benchmark.csv")
    assert {"rnnlab", "torch", "sgemm"} <= set(table["implementation"])
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["settings"]["shapes"] == ["3,2,2,4"]
    assert manifest["instruction_set"] in ("AVX-512", "AVX2", "AVX", "SSE2", "NEON")
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
