"""Sizes beyond the machine, on every command that takes them: one line that says how large."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnlab.capacity import amount, check_memory, memory
from rnnlab.cli import main

HUGE = 99999999999999999999  # no index of an array can be so large
LARGE = 30_000_000  # one that can, with matrices beyond any memory

COMMANDS = [
    (f"run copy-task --hidden {HUGE}", "parameters of rnn (H = 99999999999999999999, I = 10) must"),
    (f"run copy-task --hidden {LARGE}", "parameters of rnn (H = 30000000, I = 10) must fit into"),
    (f"run copy-task --hidden 4,{LARGE}", "parameters of rnn (H = 30000000, I = 10) must fit into"),
    (f"run copy-task --cell lstm,hidden={HUGE}", "parameters of lstm (H = 99999999999999999999"),
    (f"run copy-task --parameters {HUGE}", "parameters of rnn (H = 99"),
    (f"run copy-task --num-layers {HUGE}", f"I = 10, {HUGE} layers) must fit into memory"),
    (f"run copy-task --batch {HUGE}", f"inputs and targets of {HUGE} sequences of CopyMemory"),
    (f"run copy-task --evaluation-batch {HUGE}", f"inputs and targets of {HUGE} sequences"),
    (f"run copy-task --delay {HUGE}", "sequences of CopyMemory (T = 1000000000000000000"),
    (f"run copy-task --alphabet {HUGE}", "sequences of CopyMemory (T = 16, I = 1000000"),
    (f"run copy-task --payload {HUGE}", "sequences of CopyMemory (T = 2"),
    (f"run copy-task --seeds {HUGE}", f"seeds must be a whole number from 1 to 100000, got {HUGE}"),
    ("run copy-task --seeds 99999", "a study must have at most 100000 runs, got 1199988"),
    (f"run copy-task --updates {HUGE}", "updates must be a whole number from 1 to 10**12, got 999"),
    (f"run copy-task --evaluate-every {HUGE}", "evaluate_every must be a whole number from 1 to 1"),
    (f"run gradient-flow --hidden {HUGE}", "parameters of rnn (H = 99999999999999999999"),
    (f"run task-study --task adding,length={HUGE}", f"sequences of Adding (T = {HUGE}, I = 2"),
    (f"run task-study --task adding --hidden {LARGE}", "parameters of rnn (H = 30000000, I = 2)"),
    (f"fit data.csv --hidden {HUGE}", f"parameters of gru (H = {HUGE}, I = 1) must fit into mem"),
    (f"fit data.csv --hidden {LARGE}", "parameters of gru (H = 30000000, I = 1) must fit into mem"),
    (f"fit data.csv --num-layers {HUGE}", f"parameters of gru (H = 32, I = 1, {HUGE} layers) must"),
    (f"fit data.csv --seeds {HUGE}", "seeds must be a whole number from 1 to 100000, got 9999"),
    (f"gradcheck lstm --hidden {HUGE}", f"parameters of lstm (H = {HUGE}, I = 3) must fit into "),
    (f"gradcheck lstm --hidden {LARGE}", "parameters of lstm (H = 30000000, I = 3) must fit into"),
    (f"gradcheck lstm --steps {HUGE}", f"tape of lstm (T = {HUGE}, B = 3"),
    (f"gradcheck lstm --batch {HUGE}", f"tape of lstm (T = 5, B = {HUGE}"),
    (f"gradcheck lstm --inputs {HUGE}", f"parameters of lstm (H = 4, I = {HUGE}) must fit into"),
    (f"bench --cell rnn --shape 1,1,1,{HUGE}", f"parameters of rnn (H = {HUGE}, I = 1) must fit"),
    (f"bench --cell rnn --shape 1,1,1,{LARGE}", "parameters of rnn (H = 30000000, I = 1) must fit"),
    (f"bench --cell rnn --shape {HUGE},1,1,1", f"tape of rnn (T = {HUGE}, B = 1"),
    (f"cells trace lstm --hidden {HUGE}", f"parameters of lstm (H = {HUGE}, I = 3) must fit into"),
    (f"cells trace lstm --hidden {LARGE}", "parameters of lstm (H = 30000000, I = 3) must fit i"),
    (f"cells trace lstm --steps {HUGE}", "the inputs must fit into memory"),
    (f"cells trace lstm --inputs {HUGE}", "the inputs must fit into memory"),
    (f"tasks show adding,length={HUGE}", "inputs and targets of 1 sequence of Adding (T = 9"),
    (f"tasks show copy-memory,alphabet={HUGE}", "targets of 1 sequence of CopyMemory (T = 16, I ="),
    (f"tasks show latch,distractors={LARGE}", "inputs and targets of 1 sequence of Latch (T = 300"),
]


@pytest.mark.parametrize(("command", "message"), COMMANDS)
def test_one_line_says_how_large_it_would_be(
    command: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"s{s},{t},{(s + t) % 3}\n" for s in range(20) for t in range(3))
    (tmp_path / "data.csv").write_text("sequence,time,target\n" + rows)
    before = sorted(tmp_path.rglob("*"))
    words = command.split()
    if words[0] == "fit":
        words += ["--features", "time", "--sequence", "sequence"]
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert message in printed.err
    if "memory" in printed.err:
        assert f"{amount(memory())}, got " in printed.err
        assert printed.err.rstrip().endswith("B: choose smaller sizes")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("brackets", ["[", "{a="])
def test_a_toml_file_that_nests_too_deep(
    brackets: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "deep.toml"
    file.write_text(f"hidden = {brackets * 100_000}")
    assert main(["run", str(file)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"Error: {file} must")
    assert error.count("\n") == 1


def test_a_toml_file_with_a_number_of_too_many_digits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "long.toml"
    file.write_text(f'experiment = "copy-task"\nhidden = {"9" * 5000}')
    assert main(["run", str(file)]) == 2
    assert f"Error: {file} must hold numbers that can be read" in capsys.readouterr().err


def test_what_fits_is_not_refused() -> None:
    check_memory("some numbers", memory())
    with pytest.raises(ValueError, match=r"numbers must fit into memory, .*B, got 1.00e\+382 EB"):
        check_memory("some numbers", 10**400)
