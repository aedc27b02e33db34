"""Medians and bands of the gradient lab's tables, worked by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnlab.statistics import (
    clipping_medians,
    forget_bias_medians,
    histogram_means,
    lyapunov_medians,
    memory_time_shares,
    path_medians,
    share_medians,
    spectrum_medians,
    training_medians,
)
from rnnlab.statistics.gradient_medians import over_seeds


def rows(values: dict[int, float], **point: Any) -> pd.DataFrame:
    """One value a seed at a point."""
    return pd.DataFrame({**point, "seed": list(values), "value": list(values.values())})


class TestOverSeeds:
    def test_is_the_median_and_the_tenth_and_ninetieth_percentile(self) -> None:
        table = rows({seed: float(seed) for seed in range(10)}, cell="gru")
        found = over_seeds(table, "table", ["cell"], "value").iloc[0]
        assert found.tolist() == ["gru", 4.5, 0.5, 8.5, 10]
        values = np.arange(10.0)
        expected = np.quantile(values, [0.5, 0.1, 0.9], method="averaged_inverted_cdf")
        assert found[["median", "low", "high"]].tolist() == expected.tolist()

    def test_infinities_count_and_nan_does_not(self) -> None:
        table = rows({0: 1.0, 1: math.inf, 2: math.nan, 3: 2.0}, cell="gru")
        found = over_seeds(table, "table", ["cell"], "value").iloc[0]
        assert found.tolist() == ["gru", 2.0, 1.0, math.inf, 3]
        nothing = over_seeds(rows({0: math.nan}, cell="gru"), "table", ["cell"], "value").iloc[0]
        assert nothing["seeds"] == 0
        assert nothing[["median", "low", "high"]].isna().all()

    def test_points_keep_their_order_and_cells_come_first(self) -> None:
        order = [("rnn", "trained"), ("gru", "init"), ("rnn", "init")]
        parts = [rows({0: 1.0, 1: 2.0}, cell=cell, phase=phase) for cell, phase in order]
        table = over_seeds(pd.concat(parts), "table", ["cell", "phase"], "value")
        found = table[["cell", "phase"]].to_numpy().tolist()
        assert found == [["rnn", "trained"], ["rnn", "init"], ["gru", "init"]]

    def test_what_is_wrong_is_said(self) -> None:
        table = rows({0: 1.0}, cell="gru")
        with pytest.raises(ValueError, match="jacobians must have the column lag, got cell, seed"):
            over_seeds(table, "jacobians", ["cell", "lag"], "value")
        with pytest.raises(ValueError, match="one row for each cell, seed, got several"):
            over_seeds(pd.concat([table, table]), "jacobians", ["cell"], "value")
        assert over_seeds(table.iloc[:0], "table", ["cell"], "value").empty


def curve(path: str, values: list[float], column: str, state: str = "c", **point: Any) -> Any:
    table = pd.DataFrame({"lag": range(len(values)), column: values})
    return table.assign(cell="lstm", phase="init", state=state, path=path, seed=0, **point)


def test_states_without_a_direct_path_are_left_out() -> None:
    table = pd.concat(
        [
            curve("direct", [0.0, -1.0], "log10_norm"),
            curve("direct", [0.0, -math.inf], "log10_norm", state="h"),
            curve("exact", [0.0, -0.5], "log10_norm"),
            curve("exact", [0.0, -0.5], "log10_norm", state="h"),
        ]
    )
    assert path_medians(table)["state"].unique().tolist() == ["c"]
    none = table[table["state"] == "h"].assign(cell="rnn")
    assert path_medians(pd.concat([table, none]))["cell"].unique().tolist() == ["lstm", "rnn"]
    shares = pd.concat(
        [
            curve("direct", [1.0, 0.5], "share"),
            curve("direct", [1.0, 0.0], "share", state="h"),
            curve("around_h", [0.0, 0.5], "share"),
        ]
    )
    assert share_medians(shares)["state"].unique().tolist() == ["c"]


def test_the_plain_ones() -> None:
    jacobians = pd.DataFrame(
        {
            "cell": "rnn", "phase": "init", "seed": [0, 0, 1, 1], "lag": 1, "index": [1, 2, 1, 2],
            "log10_singular_value": [0.0, -1.0, 1.0, -math.inf],
        }
    )  # fmt: skip
    found = spectrum_medians(jacobians)
    assert found["median"].tolist() == [0.5, -math.inf]
    lyapunov = jacobians.rename(columns={"log10_singular_value": "exponent"})
    assert lyapunov_medians(lyapunov)["place"].tolist() == [0.25, 0.75]
    clipping = pd.DataFrame(
        {"cell": "rnn", "seed": [0, 1, 2], "update": 50, "clip_rate": [0, 0.5, 1], "grad_norm": 2.0}
    )
    assert clipping_medians(clipping)[["median", "grad_norm", "seeds"]].iloc[0].tolist() == [
        0.5, 2, 3,
    ]  # fmt: skip
    bias = pd.DataFrame(
        {
            "cell": "lstm", "seed": [0, 1, 2], "state": "c", "path": "exact", "forget_bias": 1.0,
            "closed_form": 2.2, "half_life": [3.0, math.inf, 4.0],
            "decay_half_life": [5.0, 7.0, 6.0],
        }
    )  # fmt: skip
    found = forget_bias_medians(bias)
    assert found[["kind", "median"]].to_numpy().tolist() == [["crossing", 4.0], ["decay", 6.0]]


def test_training_is_relative_to_lag_0_of_its_own_run() -> None:
    table = pd.DataFrame(
        {
            "cell": "gru", "state": "h", "update": 50,
            "seed": [0, 0, 1, 1, 2, 2], "lag": [0, 1] * 3,
            "log10_norm": [1.0, 0.0, -2.0, -5.0, 0.0, -2.0],
            "log10_ratio": [math.nan, -1.0, math.nan, -3.0, math.nan, -2.0],
        }
    )  # fmt: skip
    found = training_medians(table)
    assert found["relative"].tolist() == [0.0, -2.0]
    assert found["ratio"].iloc[1] == -2.0
    assert math.isnan(found["ratio"].iloc[0])


def test_histograms() -> None:
    histogram = pd.DataFrame(
        {
            "cell": "gru", "phase": "init", "gate": "z", "seed": [0, 0, 1, 1],
            "left": [0, 0.5] * 2, "right": [0.5, 1] * 2, "share": [0.25, 0.75, 0.75, 0.25],
        }
    )  # fmt: skip
    assert histogram_means(histogram)[["share", "seeds"]].to_numpy().tolist() == [[0.5, 2]] * 2


def test_memory_times_are_counted_in_decades() -> None:
    gates = pd.DataFrame(
        {
            "cell": "gru", "phase": "init", "seed": 0,
            "gate": ["z"] * 4 + ["r"],
            "memory_time": [1.0, 1.5, 150.0, math.inf, math.nan],
        }
    )  # fmt: skip
    found = memory_time_shares(gates)
    assert found["gate"].unique().tolist() == ["z"]
    assert found["share"].sum() == 1
    for time in (1.0, 1.5, 150.0):
        bin_of = found[(found["left"] <= time) & (time < found["right"])]
        assert bin_of["share"].tolist() == [0.25]
    assert found.iloc[-1][["left", "right", "share"]].tolist() == [1e4, math.inf, 0.25]
    assert memory_time_shares(gates[gates["gate"] == "r"]).empty


def test_training_of_a_state_that_is_read_later_is_relative_to_its_first_gradient() -> None:
    """And one without any gradient has no number, but keeps its rows."""
    nothing, known = [-math.inf] * 3, [-math.inf, 2.0, 1.0]
    table = pd.DataFrame(
        {
            "cell": "gru", "seed": 0, "update": 50, "state": ["c"] * 3 + ["m"] * 3,
            "lag": [0, 1, 2] * 2, "log10_norm": known + nothing,
            "log10_ratio": [math.nan, math.nan, -1.0] + [math.nan] * 3,
        }
    )  # fmt: skip
    found = training_medians(table).set_index(["state", "lag"])["relative"]
    assert found["c"].fillna(99).tolist() == [99, 0, -1]
    assert found["m"].isna().all()
