"""One run of the copy task, with the real cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnlab.experiments import CopyTask, Run, load_spec
from rnnlab.experiments.kinds.build import build_model, problem_of, streams
from rnnlab.experiments.settings.grid import planned
from rnnlab.experiments.settings.sizes import learned_numbers

EXPERIMENT = CopyTask()


def compute(options: dict[str, Any], run: Run) -> tuple[pd.DataFrame, list[int]]:
    reports: list[int] = []
    spec: Any = load_spec("copy-task", options)
    with np.errstate(all="ignore"):  # as the workers have it
        return EXPERIMENT.run(planned(spec, run), reports.append), reports


def test_a_row_per_evaluation_with_the_columns_of_the_contract(tiny: dict[str, Any]) -> None:
    table, reports = compute(tiny, Run("gru", {"delay": 3}, 1))
    assert list(table.columns) == [
        "cell",
        "delay",
        "seed",
        "update",
        "loss",
        "recall_loss",
        "recall_accuracy",
        "sequence_accuracy",
        "grad_norm",
        "status",
        "seconds",
    ]
    assert table["update"].tolist() == [2, 4, 6] == reports
    assert set(table["status"]) == {"ok"}
    assert (table["cell"] + table["delay"].astype(str)).unique().tolist() == ["gru3"]
    # 9 sequences of 2 symbols: accuracies are such fractions
    assert np.allclose(table["recall_accuracy"] * 18 % 1, 0)
    assert np.allclose(table["sequence_accuracy"] * 9 % 1, 0)
    assert (table["seconds"].diff().dropna() >= 0).all()


def test_the_last_update_is_evaluated(tiny: dict[str, Any]) -> None:
    table, _ = compute({**tiny, "evaluate_every": 4}, Run("rnn", {"delay": 3}, 0))
    assert table["update"].tolist() == [4, 6]


def test_a_run_is_a_function_of_its_arguments(tiny: dict[str, Any]) -> None:
    first, second = (compute(tiny, Run("gru", {"delay": 6}, 0))[0] for _ in range(2))
    pd.testing.assert_frame_equal(
        first.drop(columns="seconds"), second.drop(columns="seconds"), check_exact=True
    )
    other, _ = compute(tiny, Run("gru", {"delay": 6}, 1))
    assert (other["loss"] != first["loss"]).all()


def test_a_run_does_not_depend_on_what_else_is_in_the_study(tiny: dict[str, Any]) -> None:
    alone, _ = compute(
        {**tiny, "cells": ["gru"], "delays": [6], "seeds": 1}, Run("gru", {"delay": 6}, 0)
    )
    among, _ = compute(tiny, Run("gru", {"delay": 6}, 0))
    assert alone["loss"].tolist() == among["loss"].tolist()


def test_all_cells_see_the_same_data_and_start_with_the_same_readout(tiny: dict[str, Any]) -> None:
    spec = load_spec("copy-task", tiny)
    rnn, gru = Run("rnn", {"delay": 3}, 1), Run("gru", {"delay": 3}, 1)
    for stream in ("data", "evaluation"):
        one, other = (
            problem_of(planned(spec, run)).draw(4, getattr(streams(planned(spec, run)), stream))[1]
            for run in (rnn, gru)
        )
        assert np.array_equal(one, other)
    one, other = (
        build_model(planned(spec, run)).parameters["readout_weight"] for run in (rnn, gru)
    )
    assert np.array_equal(one, other)


def test_the_streams_of_a_run_differ_from_each_other_and_between_runs(tiny: dict[str, Any]) -> None:
    spec = load_spec("copy-task", tiny)
    runs = [Run("gru", {"delay": 3}, 0), Run("gru", {"delay": 3}, 1), Run("gru", {"delay": 6}, 0)]
    first = [
        getattr(streams(planned(spec, run)), name).random()
        for run in runs
        for name in ("layer", "readout", "data", "evaluation")
    ]
    assert len(set(first)) == 12


def test_entries_decide_the_size_and_the_forget_bias_of_their_cell(tiny: dict[str, Any]) -> None:
    cells = ["lstm", "lstm,hidden=8", "lstm,forget_bias=3", "lstm,forget_bias=chrono"]
    spec = load_spec("copy-task", {**tiny, "cells": cells})
    layers = {
        label: build_model(planned(spec, Run(label, {"delay": 6}, 0))).layer for label in cells
    }
    assert [layer.hidden_size for layer in layers.values()] == [5, 8, 5, 5]
    biases = {label: layer.gate("f")[1] for label, layer in layers.items()}
    assert set(biases["lstm"].tolist()) == {1.0}
    assert set(biases["lstm,forget_bias=3"].tolist()) == {3.0}
    # ln U(1, Tmax - 1) with Tmax = delay + 2 payload = 10
    chrono = biases["lstm,forget_bias=chrono"]
    assert len(set(chrono.tolist())) == 5
    assert (chrono >= 0).all()
    assert (chrono <= np.log(9)).all()
    assert np.array_equal(layers["lstm,forget_bias=chrono"].gate("i")[1], -chrono)


def test_learned_numbers_are_counted_with_the_readout(tiny: dict[str, Any]) -> None:
    spec: Any = load_spec("copy-task", tiny)
    # alphabet 3: 5 inputs, 4 outputs; 5 units
    readout = 5 * 4 + 4
    rnn = 5 * 5 + 5 * 5 + 5
    counted = {run.cell: learned_numbers(run.settings) for run in EXPERIMENT.runs(spec)}
    assert counted == {"rnn": rnn + readout, "gru": 3 * rnn + 5 + readout}


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("updates", [1, 6])  # 1: only the evaluation sees what it has done
def test_a_diverging_run_is_recorded_at_its_update_and_ends(
    tiny: dict[str, Any], optimizer: str, updates: int
) -> None:
    options = {**tiny, "cells": ["rnn-relu"], "lr": 1e38, "optimizer": optimizer, "clip": "none"}
    options |= {"updates": updates, "evaluate_every": updates}
    spec: Any = load_spec("copy-task", options)
    table, _ = compute(options, Run("rnn-relu", {"delay": 6}, 0))
    last = table.iloc[-1]
    assert last["status"] == "diverged"
    assert 1 <= last["update"] <= updates
    assert np.isnan(last["loss"])
    assert np.isnan(last["recall_loss"])
    assert last["recall_accuracy"] == last["sequence_accuracy"] == 0
    assert (table["status"] == "diverged").sum() == 1
    assert (
        EXPERIMENT.outcome(planned(spec, Run("rnn-relu", {"delay": 6}, 0)), table)
        == f"diverged at update {last['update']}"
    )


def test_summary_of_a_study_in_which_a_cell_diverged(tiny: dict[str, Any]) -> None:
    options = {**tiny, "cells": ["rnn", "rnn-relu"], "delays": [3], "seeds": 1}
    spec: Any = load_spec("copy-task", {**options, "lr": 1e38, "optimizer": "sgd", "clip": "none"})
    with np.errstate(all="ignore"):
        table = pd.concat(EXPERIMENT.run(run, lambda _: None) for run in EXPERIMENT.runs(spec))
    summary = EXPERIMENT.summarise(spec, table).set_index("cell")
    assert summary.loc["rnn-relu", "recall_accuracy"] == 0
    assert summary.loc["rnn", "chance"] == pytest.approx(1 / 3)
