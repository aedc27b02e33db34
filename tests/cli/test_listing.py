"""`rnnlab cells`, `rnnlab plot` and what they print."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from rnnlab.cli import main
from rnnlab.cli.output import print_summary
from rnnlab.registry import cells, figures


def test_cells_are_plain_lines_with_the_name_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cells"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == cells.names()
    assert {"rnn", "lstm", "peephole-lstm", "gru"} <= set(cells.names())


def test_figures_are_plain_lines_with_the_name_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == figures.names()
    assert all(len(line.split()) > 3 for line in lines)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "plot needs the name of a figure: choose one of copy-task, task-study"),
        ("copy-tsk", "got 'copy-tsk': did you mean 'copy-task'?"),
        ("copy-task", "results/copy-task must hold a copy-task result for copy-task, got no such"),
        ("gradient-decay", "make one with: rnnlab run gradient-flow --out results/gradient-flow"),
        ("gradient-path", "got 'gradient-path': did you mean 'gradient-paths'?"),
        (
            "gate-map --from=here",
            "here must hold a gradient-flow result for gate-map, got no result there",
        ),
        (
            "gate-saturation --from=empty",
            "at least one row: no cell of the study has what gate-saturation",
        ),
        ("copy-task --from=here --out=there.pdf", "path must end in .png, got 'there.pdf'"),
        (
            "copy-task --from=file",
            "file must hold a copy-task result for copy-task, got a file; name the",
        ),
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
    Path("file").touch()
    Path("empty").mkdir()
    Path("empty/gates.csv").write_text("cell,seed,phase,gate,unit,shut,open\n")
    Path("here").mkdir()
    row = {"cell": "gru", "delay": 3, "seeds": 2, "parameters": 9, "recall_accuracy": 0.5}
    more = {"ci_low": 0.4, "ci_high": 0.6, "sequence_accuracy": 0.1, "chance": 0.125}
    pd.DataFrame([{**row, **more, "solved_share": 0.0, "updates_to_solve": float("inf")}]).to_csv(
        "here/summary.csv", index=False
    )
    assert main(["plot", *options.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Error: ")
    assert printed.err.count("\n") == 1
    assert message in printed.err
    assert not list(tmp_path.rglob("*.p??"))


def test_a_summary_says_once_what_is_the_same_and_puts_intervals_beside_their_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_summary(
        pd.DataFrame(
            {
                "cell": ["rnn", "[bold]"],
                "seeds": [3, 3],
                "half_life": [1.25, float("inf")],
                "ci_low": [1.0, 2.5],
                "ci_high": [2.0, float("inf")],
                "slope": [-0.5, float("nan")],
            }
        )
    )
    assert capsys.readouterr().out.splitlines() == [
        "seeds 3",
        "cell    half_life             slope",
        "rnn     1.250 [1.000, 2.000]  -0.500",
        "[bold]  inf [2.500, inf]      -",
    ]


def test_a_number_without_an_interval_is_printed_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One seed printed an interval from itself to itself."""
    gap = float("nan")
    one = {"cell": ["gru"], "seeds": 1, "accuracy": 0.957, "ci_low": gap, "ci_high": gap}
    print_summary(pd.DataFrame(one))
    assert capsys.readouterr().out.splitlines() == ["seeds 1", "cell  accuracy", "gru   0.957"]
