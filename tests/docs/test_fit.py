"""docs/fit.md does what it says: its files are written and its commands run, in order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rnnlab.cli import main
from rnnlab.cli.fit import fit

PAGE = Path(__file__).parents[2] / "docs" / "fit.md"


def test_the_page_from_top_to_bottom(reader: Any) -> None:
    errors = []

    def try_a_bad_table(language: str, text: str) -> bool:
        """Where the page shows an error, make the table that it is about."""
        if not text.startswith("Error"):
            return False
        table = (reader.folder / "machines.csv").read_text().splitlines()
        fields = table[16].split(",")
        table[16] = ",".join([*fields[:2], "n/a", *fields[3:]])
        bad = reader.folder / "bad"
        bad.mkdir()
        (bad / "machines.csv").write_text("\n".join(table))
        done = reader.start("rnnlab fit machines.csv --sequence=machine --target=failed", bad)
        assert (done.returncode, done.stderr) == (2, text)
        errors.append(text)
        return True

    reader.follow("fit.md", special=try_a_bad_table)
    assert errors
    folder = reader.folder
    # what the page says of its files
    found = pd.read_csv(folder / "who-fails.csv")
    assert list(found) == ["machine", "predicted_failed", "probability_no", "probability_yes"]
    summary = pd.read_csv(folder / "results" / "fit-machines" / "summary.csv")
    assert (summary["accuracy"] > summary["baseline"]).all()
    names = {path.name for path in (folder / "results" / "fit-machines").iterdir()}
    named = set(re.findall(r"^\| `([\w.-]+)/?", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert names <= named
    forecast = pd.read_csv(folder / "results" / "forecast" / "summary.csv")
    assert "rmse" in forecast


@pytest.mark.parametrize("option", [name for one in fit.params for name in one.opts])
def test_options_on_the_page_exist(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    if option.startswith("--"):
        assert main(["fit", "--help"]) == 0
        assert option in capsys.readouterr().out


def test_the_page_names_no_option_that_is_not_there() -> None:
    known = {name for one in fit.params for name in one.opts} | {"--from", "--help"}
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE.read_text(encoding="utf-8"))) <= known
