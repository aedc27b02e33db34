"""The files of examples/ run as their first lines say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(file: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "error", str(EXAMPLES / file), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_run() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(re.findall(r'run\("(.*?)"', text))


@pytest.mark.parametrize("updates", [20, pytest.param(400, marks=pytest.mark.slow)])
def test_own_cell(tmp_path: Path, updates: int) -> None:
    printed = run("own_cell.py", str(tmp_path / "out"), str(updates))
    error = re.search(r"largest relative error of \d+ gradients: (\S+)", printed)
    assert error is not None
    assert float(error[1]) < 1e-6
    summary = pd.read_csv(tmp_path / "out" / "summary.csv").set_index("cell")
    assert list(summary.index) == ["lstm", "gru", "reset-lstm"]
    assert (tmp_path / "out" / "copy-task.png").stat().st_size > 10_000
    if updates == 400:
        assert summary.loc["reset-lstm", "recall_accuracy"] > 3 * summary["chance"].iloc[0]
