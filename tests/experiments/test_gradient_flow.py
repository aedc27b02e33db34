"""One run of the gradient flow, with the real cells."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnlab.analysis import gradient_decay
from rnnlab.experiments import GradientFlow, Run, load_spec
from rnnlab.experiments.models import build_model, streams, task_of

EXPERIMENT = GradientFlow()


def compute(options: dict[str, Any], run: Run) -> tuple[pd.DataFrame, list[int]]:
    reports: list[int] = []
    spec: Any = load_spec("gradient-flow", options)
    with np.errstate(all="ignore"):  # as the workers have it
        return EXPERIMENT.run(spec, run, reports.append), reports


def test_both_phases_and_every_lag_with_the_columns_of_the_contract(
    tiny_flow: dict[str, Any],
) -> None:
    table, reports = compute({**tiny_flow, "cells": ["lstm"]}, Run("lstm", {"delay": 4}, 1))
    assert list(table.columns) == [
        "cell",
        "seed",
        "phase",
        "state",
        "lag",
        "norm",
        "log10_norm",
        "relative_norm",
    ]
    assert reports[-1] == 6
    length = 4 + 2 * 2
    for phase in ("init", "trained"):
        for state in ("h", "c"):
            part = table[(table["phase"] == phase) & (table["state"] == state)]
            assert part["lag"].tolist() == list(range(length + 1))
    assert len(table) == 2 * 2 * (length + 1)
    assert np.allclose(np.log10(table["norm"]), table["log10_norm"])


def test_the_first_phase_is_the_untrained_model_in_float64(tiny_flow: dict[str, Any]) -> None:
    run = Run("gru", {"delay": 4}, 0)
    spec = load_spec("gradient-flow", tiny_flow)
    batch = task_of(spec, run).draw(9, streams(spec, run).evaluation, dtype="float64")
    expected = gradient_decay(build_model(spec, run).astype("float64"), *batch)
    table, _ = compute(tiny_flow, run)
    initial = table[table["phase"] == "init"]
    assert initial["norm"].tolist() == expected["norm"].tolist()
    assert table.loc[table["phase"] == "trained", "norm"].tolist() != expected["norm"].tolist()


def test_without_updates_only_the_initial_state_is_measured(tiny_flow: dict[str, Any]) -> None:
    table, reports = compute({**tiny_flow, "updates": 0}, Run("gru", {"delay": 4}, 0))
    trained, _ = compute(tiny_flow, Run("gru", {"delay": 4}, 0))
    assert set(table["phase"]) == {"init"}
    assert reports == []
    pd.testing.assert_frame_equal(table, trained[trained["phase"] == "init"], check_exact=True)


@pytest.mark.parametrize(
    ("cell", "lr", "updates"),
    [
        ("gru", 1e39, 6),  # the loss is NaN on the way
        ("gru", 1e39, 1),  # the last update overflows float32
        ("rnn-relu", 1e38, 1),  # it does not, but the answers of the model overflow float64
    ],
)
def test_a_diverged_run_keeps_its_initial_phase(
    tiny_flow: dict[str, Any], cell: str, lr: float, updates: int
) -> None:
    options = {**tiny_flow, "lr": lr, "optimizer": "sgd", "clip": "none", "updates": updates}
    options["cells"] = [cell]
    table, _ = compute(options, Run(cell, {"delay": 4}, 0))
    initial, trained = (table[table["phase"] == phase] for phase in ("init", "trained"))
    assert initial["norm"].gt(0).all()
    assert trained["norm"].isna().all()
    assert trained["lag"].tolist() == initial["lag"].tolist()
    spec: Any = load_spec("gradient-flow", options)
    assert EXPERIMENT.outcome(spec, table) == "diverged in training"
    summary = EXPERIMENT.summarise(spec, table).set_index("phase")
    assert summary.loc["trained", "seeds"] == 0
    assert math.isfinite(float(str(summary.loc["init", "half_life"])))


def test_only_the_kernels_that_are_needed(tiny_flow: dict[str, Any]) -> None:
    still: Any = load_spec("gradient-flow", {**tiny_flow, "updates": 0})
    moving: Any = load_spec("gradient-flow", tiny_flow)
    assert EXPERIMENT.kernels(still) == [("float64", True)]
    assert EXPERIMENT.kernels(moving) == [("float32", False), ("float64", True)]
