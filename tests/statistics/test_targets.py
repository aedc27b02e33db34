"""Mean scores of each target, against means taken by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from rnnlab.statistics import summarise_targets


def test_a_row_for_each_cell_and_target_in_the_order_of_appearance() -> None:
    rows = pd.DataFrame(
        [
            ("lstm", 0, "b", 1.0, 5.0),
            ("lstm", 0, "a", 2.0, 6.0),
            ("lstm", 1, "b", 3.0, 5.0),
            ("lstm", 1, "a", math.nan, 6.0),
            ("gru", 0, "b", 7.0, 5.0),
        ],
        columns=["cell", "seed", "target", "rmse", "baseline_constant"],
    )
    found = summarise_targets(rows)
    assert found.to_numpy().tolist() == [
        ["lstm", "b", 2, 2.0, 5.0],
        ["lstm", "a", 2, 2.0, 6.0],  # over the runs that have a score
        ["gru", "b", 1, 7.0, 5.0],
    ]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="target"):
        summarise_targets(pd.DataFrame({"cell": ["gru"], "seed": [0], "rmse": [1.0]}))
