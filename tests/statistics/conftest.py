"""Studies that never ran: tables of evaluations with known numbers."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

Study = Callable[..., pd.DataFrame]


@pytest.fixture
def study() -> Study:
    """Return a function from the runs of each cell to metrics, an evaluation every 100 updates."""

    def make(
        runs: dict[str, list[list[float]]], metric: str = "recall_accuracy", **columns: object
    ) -> pd.DataFrame:
        rows = [
            {"cell": cell, **columns, "seed": seed, "update": 100 * (number + 1), metric: value}
            for cell, own in runs.items()
            for seed, values in enumerate(own)
            for number, value in enumerate(values)
        ]
        return pd.DataFrame(rows)

    return make
