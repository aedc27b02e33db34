"""`rnnlab run` from end to end, with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from rnnlab.cli import main

Rnnlab = Callable[..., subprocess.CompletedProcess[str]]
PNG = b"\x89PNG\r\n\x1a\n"


def without_seconds(path: Path) -> list[str]:
    return [line.rpartition(",")[0] for line in path.read_text(encoding="utf-8").splitlines()]


def test_copy_task_from_end_to_end(rnnlab: Rnnlab, tiny: list[str], tmp_path: Path) -> None:
    arguments = ["run", "copy-task", "--delay=3", "--delay=6", *tiny, "--evaluate-every=2"]
    done = rnnlab(*arguments)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    # the resolved settings first, the paths last
    assert printed[0].startswith("copy-task: ")
    assert "  delays            3, 6" in printed
    assert "  seeds             2 (0 to 1)" in printed
    files = ["metrics.csv", "summary.csv", "copy-task.png", "manifest.json"]
    assert printed[-4:] == [f"results/copy-task/{name}" for name in files]
    table = [line.split() for line in printed if line.startswith(("rnn ", "gru "))]
    assert [row[:2] for row in table] == [[c, d] for c in ("rnn", "gru") for d in ("3", "6")]
    # a line for each finished run, with what it came to
    finished = [line for line in done.stderr.splitlines() if line.startswith("[")]
    assert [line[:5] for line in finished] == [f"[{number}/8]" for number in range(1, 9)]
    assert all(", seed " in line and ": recall accuracy 0." in line for line in finished)

    folder = tmp_path / "results" / "copy-task"
    assert sorted(path.name for path in folder.iterdir()) == sorted(files)
    metrics = pd.read_csv(folder / "metrics.csv")
    assert len(metrics) == 2 * 2 * 2 * 3
    assert (folder / "copy-task.png").read_bytes().startswith(PNG)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["command"] == "rnnlab " + " ".join(arguments)
    assert manifest["settings"]["cells"][1]["cell"] == "gru"

    # the printed accuracies are those of the files
    summary = pd.read_csv(folder / "summary.csv")
    for row, accuracy in zip(table, summary["recall_accuracy"], strict=True):
        assert float(row[3]) == pytest.approx(accuracy, abs=5e-4)

    again = rnnlab(*arguments)
    assert again.returncode == 0
    assert again.stderr == ""
    assert "8 runs into results/copy-task, all done before" in again.stdout

    plotted = rnnlab("plot", "copy-task", "--out", "again.png")
    assert (plotted.returncode, plotted.stdout) == (0, "again.png\n")
    assert (tmp_path / "again.png").read_bytes() == (folder / "copy-task.png").read_bytes()


def test_gradient_flow_from_end_to_end(rnnlab: Rnnlab, tiny: list[str], tmp_path: Path) -> None:
    arguments = ["run", "gradient-flow", "--delay=4", *tiny, "--out=flow"]
    done = rnnlab(*arguments, "--updates=0", "--jobs=1")
    assert done.returncode == 0, done.stderr
    gradients = pd.read_csv(tmp_path / "flow" / "gradients.csv")
    assert set(gradients["phase"]) == {"init"}

    other = rnnlab(*arguments)
    assert other.returncode == 2
    assert other.stderr.startswith("Error: flow must hold a result of the same settings, got upda")
    done = rnnlab(*arguments, "--force")
    assert done.returncode == 0, done.stderr
    gradients = pd.read_csv(tmp_path / "flow" / "gradients.csv")
    assert set(gradients["phase"]) == {"init", "midway", "trained"}
    assert (gradients.groupby(["cell", "seed", "phase", "state"])["lag"].count() == 9).all()

    before = (tmp_path / "flow" / "gradient-decay.png").read_bytes()
    (tmp_path / "flow" / "gradient-decay.png").unlink()
    (tmp_path / "flow" / "manifest.json").unlink()  # the CSV alone is enough
    plotted = rnnlab("plot", "gradient-decay", "--from=flow")
    assert (plotted.returncode, plotted.stdout) == (0, "flow/gradient-decay.png\n")
    assert (tmp_path / "flow" / "gradient-decay.png").read_bytes() == before


def test_a_study_from_a_file_with_a_cell_of_its_own(
    rnnlab: Rnnlab, tiny: list[str], tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "cells.py").write_text(
        "from rnnlab import cell, linear, tanh\n\n"
        "@cell\ndef leaky(x, h):\n    return 0.9 * h + 0.1 * tanh(linear('g', x, h))\n"
    )
    (tmp_path / "mine" / "study.toml").write_text(
        'experiment = "copy-task"\ndelays = [3]\n'
        'cells = ["cells.py:leaky", { cell = "lstm", forget_bias = "chrono", label = "chrono" }]\n'
    )
    done = rnnlab("run", "mine/study.toml", *tiny[2:], "--seeds=1")
    assert done.returncode == 0, done.stderr
    summary = pd.read_csv(tmp_path / "results" / "study" / "summary.csv")
    assert summary["cell"].tolist() == ["cells.py:leaky", "chrono"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("copy-tsk", "experiment must be one of .*got 'copy-tsk': did you mean 'copy-task'"),
        ("no.toml", "the spec must be a file that can be read, got 'no.toml'"),
        ("copy-task --delay 0", "delays must be whole numbers of at least 1, got 0"),
        ("copy-task --delay -10", "delays must be whole numbers of at least 1, got -10"),
        (
            "gradient-flow --measure path",
            "measure must be one of .*decay, .*got 'path': did you mean 'paths'",
        ),
        ("copy-task --measure decay", "setting of copy-task must be one of .*got 'measure'"),
        ("copy-task --payload 0", "payload must be a whole number of at least 1, got 0"),
        ("copy-task --alphabet 1", "alphabet must be a whole number of at least 2, got 1"),
        ("copy-task --hidden -64", "hidden must be a whole number of at least 1, got -64"),
        ("copy-task --batch 0", "batch must be a whole number of at least 1, got 0"),
        ("copy-task --updates 0", "updates must be a whole number from 1 to 10..12, got 0"),
        ("copy-task --seeds 0", "seeds must be a whole number from 1 to 100000, got 0"),
        ("copy-task --lr 0", "lr must be a number above 0, got 0.0"),
        ("copy-task --lr nan", "lr must be a number above 0, got nan"),
        ("copy-task --optimizer adm", "optimizer must be one of .*did you mean 'adam'"),
        ("copy-task --clip lots", "clip must be a number above 0 or \"none\", got 'lots'"),
        ("copy-task --clip-value -1", 'clip_value must be a number above 0 or "none", got -1'),
        ("copy-task --clip 1 --clip-value 1", "clip and clip_value must not both be set"),
        ("copy-task --forget-bias crono", 'forget_bias must be a number or "chrono", got \'cro'),
        ("copy-task --cell rnn --cell gru --forget-bias 1", "must reach a cell with a gate f"),
        ("copy-task --cell grru", "cell must be one of .*got 'grru': did you mean 'gru'"),
        ("copy-task --cell lstm,hiden=3", "option of the cell 'lstm' .*did you mean 'hidden'"),
        ("copy-task --cell mine.py:mine", "the cell's file must exist, got 'mine.py'"),
        ("copy-task --preset papr", "preset of copy-task must be .*did you mean 'paper'"),
        ("copy-task --evaluate-every 0", "evaluate_every must be a whole number from 1 to"),
        ("copy-task --jobs 0", "jobs must be a whole number of at least 1, got 0"),
        ("copy-task --out file", "out must be a folder that can be written, got 'file'"),
        ("copy-task --out file/deeper", "out must be a folder that can be written, got 'file/d"),
        ("gradient-flow --evaluate-every 3", "setting of gradient-flow must be one of"),
        ("gradient-flow --delay 3 --delay 4", "delays must be one delay in gradient-flow"),
        ("gradient-flow --updates -1", "updates must be a whole number from 0 to 10..12, got -1"),
    ],
)
def test_what_the_user_got_wrong_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    options: str,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("in the way")
    assert main(["run", *options.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    with pytest.raises(ValueError, match=message):
        raise ValueError(printed.err.removeprefix("Error: "))
    assert printed.err.startswith("Error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_existing_result_of_other_settings_is_kept(
    rnnlab: Rnnlab, tiny: list[str], tmp_path: Path
) -> None:
    arguments = ["run", "copy-task", "--delay=3", *tiny, "--out=out", "--jobs=1"]
    assert rnnlab(*arguments).returncode == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    done = rnnlab(*arguments, "--lr=0.01")
    assert (done.returncode, done.stdout) == (2, "")
    assert "got lr = 0.005 there and 0.01 now: replace it with --force" in done.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert rnnlab(*arguments, "--lr=0.01", "--force").returncode == 0
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["settings"]["lr"] == 0.01


def test_a_mistake_of_ours_keeps_its_traceback(
    tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rnnlab.experiments import CopyTask

    def mistaken(self: CopyTask, spec: object, table: object) -> object:
        return dict(zip([1], [1, 2], strict=True))

    monkeypatch.setattr(CopyTask, "summarise", mistaken)
    arguments = ["run", "copy-task", "--delay=3", *tiny, f"--out={tmp_path / 'out'}", "--jobs=1"]
    with pytest.raises(ValueError, match="zip"):
        main(arguments)


def test_swept_numbers_are_printed_as_they_were_given(
    tiny: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "copy-task", "--delay=3", *tiny, f"--out={tmp_path / 'out'}", "--jobs=1"]
    assert main([*arguments, "--lr=0.0001,0.0003"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    header = next(row for row in rows if row[:2] == ["cell", "delay"])
    place = header.index("lr")
    assert [row[place] for row in rows[rows.index(header) + 1 :][:2]] == ["0.0001", "0.0003"]


@pytest.mark.skipif(os.name == "nt", reason="process groups are POSIX")
def test_ctrl_c_keeps_what_is_finished_and_leaves_no_process(
    command: list[str], rnnlab: Rnnlab, tmp_path: Path
) -> None:
    arguments = [
        *("run", "copy-task", "--out=cut", "--cell=gru", "--hidden=24", "--delay=12"),
        *("--payload=2", "--seeds=6", "--updates=400", "--evaluate-every=200", "--jobs=2"),
    ]
    process = subprocess.Popen(
        [*command, *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of its own, as a shell gives it
    )
    metrics = tmp_path / "cut" / "metrics.csv"
    deadline = time.monotonic() + 200
    while not metrics.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # the terminal sends it to every process
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    kept = pd.read_csv(metrics)
    runs = kept["seed"].nunique()
    assert f"Interrupted: {runs} of 6 runs are in cut/metrics.csv; the same" in errors
    assert 1 <= runs < 6
    assert len(kept) == 2 * runs
    assert _group_when_it_has_settled(process.pid) == []

    assert rnnlab(*arguments).returncode == 0
    whole = [argument.replace("cut", "whole") for argument in arguments]
    assert rnnlab(*whole, "--jobs=1").returncode == 0
    assert without_seconds(metrics) == without_seconds(tmp_path / "whole" / "metrics.csv")
    assert "" not in kept["cell"].tolist()


@pytest.fixture
def endless(command: list[str], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Return a study that has just put its workers to work and will not end by itself."""
    process = subprocess.Popen(
        [
            *(*command, "run", "copy-task", "--out=cut", "--cell=gru", "--delay=3"),
            *("--seeds=2", "--updates=1000000", "--jobs=2"),
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 200
    while len(_group(process.pid)) < 4 and time.monotonic() < deadline:  # 2 workers, the tracker
        time.sleep(0.05)
    yield process
    if _group(process.pid):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="process groups are POSIX")
def test_ctrl_c_does_not_wait_for_what_is_under_way(endless: subprocess.Popen[str]) -> None:
    os.killpg(endless.pid, signal.SIGINT)
    _, errors = endless.communicate(timeout=60)
    assert endless.returncode == 130
    assert errors.splitlines()[-1] == "Interrupted: no run was finished."
    assert "Traceback" not in errors
    assert _group_when_it_has_settled(endless.pid) == []


@pytest.mark.skipif(os.name == "nt", reason="a kill without warning is POSIX")
def test_workers_do_not_outlive_a_parent_that_is_killed(endless: subprocess.Popen[str]) -> None:
    os.kill(endless.pid, signal.SIGKILL)
    endless.wait()
    assert _group_when_it_has_settled(endless.pid) == []


def _group_when_it_has_settled(leader: int) -> list[str]:
    deadline = time.monotonic() + 30
    while _group(leader) and time.monotonic() < deadline:
        time.sleep(0.05)
    return _group(leader)


def _group(leader: int) -> list[str]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pgid=,stat=,args="], capture_output=True, text=True, check=True
    )
    lines = [line.split(None, 2) for line in listed.stdout.splitlines()]
    return [words[-1] for words in lines if words[0] == str(leader) and words[1][0] != "Z"]
