"""docs/experiments.md does what it says: its files are written and its commands run, in order."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab.experiments.settings.cell_entry import ENTRY_OPTIONS
from rnnlab.experiments.settings.schema import SWEPT, TUNED

PAGE = Path(__file__).parents[2] / "docs" / "experiments.md"


def test_the_page_from_top_to_bottom(reader: Any) -> None:
    reader.follow("experiments.md")
    printed, results = reader.printed, reader.folder / "results"
    adding = pd.read_csv(results / "adding" / "summary.csv")
    assert len(adding) == 3 * 2 * 2
    assert adding["best"].sum() == 3 * 2
    manifest = json.loads((results / "adding" / "manifest.json").read_text())
    assert manifest["question"].startswith("At which learning rate does each cell learn to add")
    assert not (results / "adding" / "runs").exists()
    assert "all done before" in printed["rnnlab run adding.toml"]  # the second time
    assert "all runs, " in printed["rnnlab status results/adding"]
    assert pd.read_csv(results / "sizes" / "summary.csv")["hidden"].tolist() == [6, 12]
    two = pd.read_csv(results / "two-tasks" / "summary.csv")
    assert two["task"].tolist() == ["adding", "parity"]
    assert two["parameters"].between(200, 300).all()
    assert f"{24 * 20} evaluations in results/adding" in printed["python analyse.py"]


def test_every_setting_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in (*SWEPT, *ENTRY_OPTIONS, "seeds", "cells", "task", "delays", "payload", "alphabet"):
        assert f"`{name}`" in text, name
    rule = re.search(r"where a study sweeps how\s+models are trained \((.*?)\)", text, re.DOTALL)
    assert rule is not None
    assert sorted(re.findall(r"`(\w+)`", rule.group(1))) == sorted(TUNED)
