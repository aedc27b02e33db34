"""Medians and bands over seeds against NumPy, and runs that break off."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnlab.statistics import learning_curves


@pytest.mark.parametrize("seeds", [1, 2, 3, 9, 10, 11, 20])
def test_percentiles_are_numpys(study: Any, rng: np.random.Generator, seeds: int) -> None:
    runs = rng.random((seeds, 4))
    curve = learning_curves(study({"gru": runs.tolist()}, delay=10), "recall_accuracy")
    assert curve["update"].tolist() == [100, 200, 300, 400]
    assert set(curve["seeds"]) == {seeds}
    for name, percent in {"low": 10, "median": 50, "high": 90}.items():
        truth = np.percentile(runs, percent, axis=0, method="averaged_inverted_cdf")
        np.testing.assert_allclose(curve[name], truth, rtol=1e-12)


def test_a_run_that_diverged_stays_at_its_worst(study: Any) -> None:
    metrics = study({"a": [[0.5, 0.5, 0.5], [0.5, math.nan]]}, metric="mse")
    metrics.loc[4, ["update", "status"]] = [137, "diverged"]
    metrics["status"] = metrics["status"].fillna("ok")
    curve = learning_curves(metrics, metric="mse", higher_is_better=False)
    assert curve["update"].tolist() == [100, 200, 300]  # nobody else was measured at 137
    assert curve["high"].tolist() == [0.5, math.inf, math.inf]
    assert curve["median"].tolist() == [0.5, math.inf, math.inf]
    assert curve["seeds"].tolist() == [2, 2, 2]


def test_a_cell_of_which_every_run_diverged(study: Any) -> None:
    metrics = study({"a": [[0.0], [0.0]]}).assign(status="diverged")
    assert learning_curves(metrics, "recall_accuracy")["median"].tolist() == [0.0]


def test_a_cell_whose_runs_all_diverged_is_at_its_worst_to_the_end(study: Any) -> None:
    """It had a healthy curve: that of its evaluations before."""
    bad, good = [[0.8, 0.9], [0.7, 0.8, 0.9]], [[0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4]]
    metrics = pd.concat([study({"a": bad, "b": good}, delay=1), study({"c": good}, delay=2)])
    metrics = metrics.reset_index(drop=True).assign(status="ok")
    for seed, update, broke in ((0, 200, 137), (1, 300, 251)):
        row = (metrics["cell"] == "a") & (metrics["seed"] == seed) & (metrics["update"] == update)
        metrics.loc[row, ["update", "recall_accuracy", "status"]] = [broke, 0.0, "diverged"]
    curve = learning_curves(metrics, "recall_accuracy")
    own = curve[curve["cell"] == "a"]
    assert own[["update", "low", "high", "seeds"]].to_numpy().tolist() == [
        [100, 0.7, 0.8, 2],
        [200, 0.0, 0.8, 2],
        [300, 0.0, 0.0, 2],
        [400, 0.0, 0.0, 2],
    ]
    # not to the end of a longer training
    longer = study({"b": [[0.1] * 9]}, delay=1).assign(status="ok")
    both = pd.concat([metrics.assign(updates=400), longer.assign(updates=900)])
    again = learning_curves(both, "recall_accuracy", by=["delay", "updates"])
    assert again.loc[again["cell"] == "a", "update"].tolist() == [100, 200, 300, 400]


def test_a_run_that_was_stopped_early_is_left_out_from_there(study: Any) -> None:
    curve = learning_curves(study({"a": [[0.1, 0.2], [0.3]]}), "recall_accuracy")
    assert curve[["median", "seeds"]].to_numpy().tolist() == [[0.2, 2], [0.2, 1]]


def test_cells_and_conditions_keep_apart(study: Any) -> None:
    metrics = study({"b": [[0.1]], "a": [[0.2]]}, delay=5)
    curve = learning_curves(metrics, "recall_accuracy")
    assert curve[["cell", "delay", "metric", "median"]].to_numpy().tolist() == [
        ["b", 5, "recall_accuracy", 0.1],
        ["a", 5, "recall_accuracy", 0.2],
    ]
    assert (
        learning_curves(metrics.iloc[:0], "recall_accuracy").columns.tolist()
        == curve.columns.tolist()
    )
