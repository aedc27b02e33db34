"""docs/fit.md does what it says: its files are written and its commands run, in order."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from rnnlab.cli import main
from rnnlab.cli.fit import fit

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "fit.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_from_top_to_bottom(tmp_path: Path) -> None:
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    programs = {
        "rnnlab": [sys.executable, "-W", "error", "-m", "rnnlab.cli"],
        "python": [sys.executable, "-W", "error"],
    }

    def run(line: str) -> subprocess.CompletedProcess[str]:
        program, *arguments = shlex.split(line, comments=True)
        return subprocess.run(
            [*programs[program], *arguments], cwd=tmp_path, env=environment, text=True,
            capture_output=True, check=False, timeout=300,
        )  # fmt: skip

    output = ""
    for language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language == "python":
            (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
        elif language == "sh":
            output = ""
            for line in text.splitlines():
                done = run(line)
                assert done.returncode == 0, f"{line}\n{done.stderr}"
                output += done.stdout
        elif text.startswith("Error"):
            table = (tmp_path / "machines.csv").read_text().splitlines()
            fields = table[16].split(",")
            table[16] = ",".join([*fields[:2], "n/a", *fields[3:]])
            (tmp_path / "bad").mkdir()
            (tmp_path / "bad" / "machines.csv").write_text("\n".join(table))
            environment["PWD"] = str(tmp_path / "bad")
            done = subprocess.run(
                [*programs["rnnlab"], "fit", "machines.csv", "--sequence=machine",
                 "--target=failed"],
                cwd=tmp_path / "bad", env=environment, text=True, capture_output=True, check=False,
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (2, text)
        else:
            printed = {line.strip() for line in output.splitlines()}
            for line in text.splitlines():
                assert line in printed, line
    # what the page says of its files
    found = pd.read_csv(tmp_path / "who-fails.csv")
    assert list(found) == ["machine", "predicted_failed", "probability_no", "probability_yes"]
    summary = pd.read_csv(tmp_path / "results" / "fit-machines" / "summary.csv")
    assert (summary["accuracy"] > summary["baseline"]).all()
    names = {path.name for path in (tmp_path / "results" / "fit-machines").iterdir()}
    named = set(re.findall(r"^\| `([\w.-]+)/?", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert names <= named
    forecast = pd.read_csv(tmp_path / "results" / "forecast" / "summary.csv")
    assert "rmse" in forecast


@pytest.mark.parametrize("option", [name for one in fit.params for name in one.opts])
def test_options_on_the_page_exist(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    if option.startswith("--"):
        assert main(["fit", "--help"]) == 0
        assert option in capsys.readouterr().out


def test_the_page_names_no_option_that_is_not_there() -> None:
    known = {name for one in fit.params for name in one.opts} | {"--from", "--help"}
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE.read_text(encoding="utf-8"))) <= known
