"""What is printed: whole numbers at any width, and nothing that a terminal obeys."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import rnnlab.cli
from rnnlab.cli.output import print_rows, print_summary, say

PUBLISHED = Path(__file__).parents[2] / "results" / "published"


def test_everything_is_printed_by_one_function() -> None:
    for file in Path(rnnlab.cli.__file__).parent.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        if file.name != "output.py":
            assert not re.search(
                r"click\.s?echo\(|(?<!\w)print\(", text.replace("console.print", "")
            )


def test_control_characters_are_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[31mb\x07 \u202e\u2028\ud800\nfine größe 模型")
    print_rows(("name",), [("\x1b]0;title\x07",)], title=False)
    assert capsys.readouterr().out == (
        "a\\x1b[31mb\\x07 \\u202e\\u2028\\ud800\nfine größe 模型\n\\x1b]0;title\\x07\n"
    )


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_number_is_cut(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    summary = pd.read_csv(PUBLISHED / "learning-rates" / "summary.csv")
    print_summary(summary)
    printed = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)  # bold headers
    assert "…" not in printed
    assert all(len(line) <= width for line in printed.splitlines())
    for rate in ("0.0003", "0.001", "0.003", "0.01", "0.03"):
        assert len(re.findall(rf"(?<![\d.]){re.escape(rate)}(?![\d.])", printed)) >= 8
    row = summary[(summary["cell"] == "gru") & (summary["lr"] == 0.03)].iloc[0]
    assert f"{row['value']:.3f} [{row['ci_low']:.3f}, {row['ci_high']:.3f}]" in printed
