"""Folders of results, written as a run writes them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

PUBLISHED = Path(__file__).parents[2] / "results" / "published"

Folder = Callable[..., Path]


@pytest.fixture
def published(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that copies a published result."""

    def copy(name: str) -> Path:
        return shutil.copytree(PUBLISHED / name, tmp_path / name)

    return copy


def study_of(
    cells: dict[str, float],
    columns: dict[str, list[Any]],
    *,
    seeds: int = 12,
    metric: str = "recall_accuracy",
    task: str | None = None,
) -> pd.DataFrame:
    """Runs of three evaluations that get better, each cell by its own rate."""
    rng = np.random.default_rng(11)
    grid = pd.MultiIndex.from_product([list(cells), *columns.values(), range(seeds)])
    grid.names = ["cell", *columns, "seed"]
    rows = []
    for point in grid.to_frame(index=False).to_dict("records"):
        level = rng.uniform(0.4, 1.0) * cells[point["cell"]]
        for number in (1, 2, 3):
            value = min(1.0, level * number / 2)
            value = 1 - value if metric == "mse" else value
            row = {**point, "update": 100 * number, "loss": 1.0, metric: value}
            rows.append({**row, "grad_norm": 1.0, "status": "ok", "seconds": 0.1})
    table = pd.DataFrame(rows)
    if task is not None:
        table.insert(1, "task", task)
    return table


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Return a function that writes a folder with a table of runs and its manifest."""

    def write(metrics: pd.DataFrame, name: str = "study", **manifest: Any) -> Path:
        path = tmp_path / name
        path.mkdir()
        metrics.to_csv(path / "metrics.csv", index=False)
        settings = {
            "experiment": "copy-task",
            "cells": [{"cell": cell, "label": cell} for cell in metrics["cell"].unique()],
            "payload": 3,
            "alphabet": 8,
            "seeds": int(metrics["seed"].max()) + 1,
            "lr": 0.005,
            **manifest.pop("settings", {}),
        }
        full = {
            "command": f"rnnlab run copy-task --out {name}",
            "settings": settings,
            "rnnlab": "0.1.0",
            "git_commit": "0" * 40,
            "git_changed": False,
            "start": "2026-01-01T00:00:00+00:00",
            "end": "2026-01-01T00:10:00+00:00",
            **manifest,
        }
        (path / "manifest.json").write_text(json.dumps(full))
        return path

    return write


@pytest.fixture(scope="session")
def study() -> Callable[..., pd.DataFrame]:
    """Return the function that makes metrics."""
    return study_of
