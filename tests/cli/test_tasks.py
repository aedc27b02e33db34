"""`rnnlab tasks` and its `show`: what they print, and what the user may get wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rnnlab.cli import main
from rnnlab.registry import tasks
from rnnlab.tasks import find_task

Capture = pytest.CaptureFixture[str]


def printed(capsys: Capture, *arguments: str) -> str:
    assert main(arguments) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_tasks_are_plain_lines_with_the_name_first(capsys: Capture) -> None:
    lines = printed(capsys, "tasks").splitlines()
    assert [line.split()[0] for line in lines] == tasks.names()
    assert re.split(r"\s{2,}", lines[0]) == [
        "copy-memory",
        "delay=10, payload=3, alphabet=8",
        "recall_accuracy >= 0.99",
        "Recall a few symbols after a long delay, in their order.",
    ]


@pytest.mark.parametrize("name", tasks.names())
def test_every_task_shows(capsys: Capture, tmp_path: Path, name: str) -> None:
    book = tmp_path / "book.txt"
    book.write_text("so it goes " * 60)
    given = f"text,file={book}" if name == "text" else name
    text = printed(capsys, "tasks", "show", given)
    assert text.startswith(f"{name}: ")
    for label in ("Paper", "Settings", "Sizes", "Trained on", "Metrics", "Chance", "Solved"):
        assert text.count(f"\n{label}: ") == 1
    assert f"\nPaper: {find_task(name).paper}\n" in text
    assert "\n\nOne sample, seed 0\nstep" in text


def test_settings_reach_the_sample(capsys: Capture) -> None:
    text = printed(capsys, "tasks", "show", "latch, distractors=2", "--seed", "1")
    assert "\nSettings: distractors=2\nSizes: T = 3, I = 4, O = 4\n" in text
    assert "\nChance: latch_accuracy 0.5 (Accuracy of a guess at the last symbol: 1/2)\n" in text
    first = re.search(r"\n1\s+([xy])\s+a1\n", text)
    assert first is not None
    assert re.search(rf"\n3\s+a2\s+{first[1]}\n$", text)


def test_a_long_sample_is_cut_in_the_middle_unless_all_is_wanted(capsys: Capture) -> None:
    def steps(*options: str) -> list[str]:
        text = printed(capsys, "tasks", "show", "adding,length=200", *options)
        return [line.split()[0] for line in text.partition("\nstep")[2].splitlines()[1:]]

    ends = [*map(str, range(1, 13)), "...", *map(str, range(189, 201))]
    assert steps() == ends
    assert steps("--all") == [str(step) for step in range(1, 201)]


def test_padding_is_one_row(capsys: Capture) -> None:
    lines = printed(capsys, "tasks", "show", "embedded-reber").splitlines()
    assert re.fullmatch(r"\d+\.\.40\s+-\s+-", lines[-1])
    assert lines[-2].split()[2] == "E"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("ading", "got 'ading': did you mean 'adding'?"),
        ("adding,lenth=5", "setting of the task adding must be one of length, got 'lenth': did"),
        ("adding,length", "must be written setting=value, got 'length' in 'adding,length': write"),
        ("adding,length=", "must be written setting=value, got 'length='"),
        ("adding,length=1", "length must be at least 2, got 1: each half holds a marked number"),
        ("adding,length=a", "length must be an integer, got 'a' (str): pass a whole number"),
        ("parity,asked=lst", "asked must be one of every, last, got 'lst': did you mean 'last'?"),
        ("text", "file of the task text must be given: write text,file=..."),
        ("text,file=absent.txt", "got 'absent.txt': No such file or directory; check the path"),
        ("absent.py:Mine", "the task's file must exist, got 'absent.py': check the path"),
    ],
)
def test_what_the_user_got_wrong_is_one_line_and_code_2(
    capsys: Capture, given: str, message: str
) -> None:
    assert main(["tasks", "show", given]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
