"""The summary of a fit, against means and medians taken by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from rnnlab.statistics import mean_interval, summarise_fit


def metrics() -> pd.DataFrame:
    rows = []
    for cell, scores, epochs in (
        ("lstm", [0.5, 0.75, 1.0], [3, 9, 5]),
        ("gru", [1.0, 1.0, 0.0], [4, 4, 1]),
    ):
        for seed, (accuracy, epoch) in enumerate(zip(scores, epochs, strict=True)):
            status = "diverged" if accuracy == 0 else "ok"
            common = {"cell": cell, "seed": seed, "status": status}
            rows.append({**common, "part": "validation", "epoch": 1, "loss": 9.0, "accuracy": 0.1})
            loss = math.nan if status == "diverged" else 1 - accuracy
            rows.append(
                {**common, "part": "test", "epoch": epoch, "loss": loss, "accuracy": accuracy}
            )
    return pd.DataFrame(rows)


def test_a_row_for_each_cell_from_its_test_rows() -> None:
    found = summarise_fit(
        metrics(),
        {"gru": 10, "lstm": 20},
        ("accuracy", "loss"),
        {
            "majority class": {"accuracy": 0.4, "loss": 0.7},
            "last class": {"accuracy": 0.3, "loss": math.nan},
        },
        "majority class",
    )
    assert list(found) == [
        "cell", "seeds", "parameters", "accuracy", "ci_low", "ci_high", "baseline", "loss",
        "best_epoch", "diverged", "baseline_name", "baseline_constant", "baseline_last",
    ]  # fmt: skip
    assert found["cell"].tolist() == ["lstm", "gru"]
    lstm, gru = (row for _, row in found.iterrows())
    assert (lstm["seeds"], lstm["parameters"], lstm["baseline"]) == (3, 20, 0.4)
    assert (lstm["accuracy"], lstm["loss"], lstm["best_epoch"]) == (0.75, 0.25, 5)
    assert (lstm["ci_low"], lstm["ci_high"]) == mean_interval([0.5, 0.75, 1.0])
    # what diverged counts with its accuracy of 0 and, as it has no loss, the baseline's of 0.7
    assert gru["accuracy"] == pytest.approx(2 / 3)
    assert gru["loss"] == pytest.approx(0.7 / 3)
    named = ["baseline_name", "baseline_constant", "baseline_last"]
    assert lstm[named].tolist() == ["majority class", 0.4, 0.3]
    assert (gru["diverged"], lstm["diverged"], gru["best_epoch"]) == (1, 0, 4)


def test_a_run_that_diverged_counts_with_the_error_of_the_baseline() -> None:
    """One good run and two that broke off are no better than the good one alone."""
    table = metrics().rename(columns={"accuracy": "rmse"})
    lost = (table["part"] == "test") & (table["cell"] == "gru") & (table["seed"] > 0)
    table.loc[lost, "rmse"] = math.nan
    table.loc[lost, "status"] = "diverged"
    naive = {"mean": {"rmse": 1.5}, "last value": {"rmse": 2.5}}
    sizes = {"gru": 1, "lstm": 1}
    found = summarise_fit(table, sizes, ("rmse",), naive, "mean").set_index("cell")
    assert found["baseline"].tolist() == [1.5, 1.5]
    assert found["rmse"].tolist() == [0.75, 2.0]  # (1 + 2.5 + 2.5) / 3
    assert found[["ci_low", "ci_high"]].isna().all(axis=None)  # an error has no bound
    assert found["diverged"].tolist() == [0, 2]
    assert found["best_epoch"].tolist() == [5, 4]
    tests = table["part"] == "test"
    table.loc[tests, "rmse"], table.loc[tests, "status"] = math.nan, "diverged"
    found = summarise_fit(table, sizes, ("rmse",), naive, "mean")
    assert found["rmse"].tolist() == [2.5, 2.5]
    assert np.isnan(found["best_epoch"]).all()


def test_one_seed_has_no_interval() -> None:
    one = metrics().query("seed == 0")
    naive = {"majority class": {"accuracy": 0.4}}
    found = summarise_fit(one, {"gru": 1, "lstm": 1}, ("accuracy",), naive, "majority class")
    assert found["accuracy"].tolist() == [0.5, 1]
    assert found[["ci_low", "ci_high", "baseline_last"]].isna().to_numpy().all()


def test_tables_that_cannot_be() -> None:
    table = metrics()
    with pytest.raises(ValueError, match="metrics must have the column part, got cell, seed"):
        summarise_fit(table.drop(columns="part"), {}, ("accuracy",), {}, "mean")
    twice = pd.concat([table, table])
    with pytest.raises(ValueError, match="must have one row for each cell, seed, got several"):
        summarise_fit(twice, {}, ("accuracy",), {}, "mean")
