"""A table as a task: swept, grown, sized and reported like any other, as `rnnlab fit` does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rnnlab
from rnnlab.experiments import Study, load_spec
from rnnlab.experiments.kinds.build import build_model
from rnnlab.experiments.settings.grid import runs
from rnnlab.experiments.settings.sizes import hidden_size, learned_numbers

SMALL: dict[str, Any] = {"hidden": 5, "epochs": 3, "seeds": 2, "jobs": 1}


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of walks that drift up or down: the direction is the label."""
    monkeypatch.chdir(tmp_path)
    rng, rows = np.random.default_rng(5), []
    for number in range(30):
        up, value = number % 2, rng.normal()
        for step in range(rng.integers(4, 9)):
            value += rng.normal(1.0 if up else -1.0, 0.3)
            rows.append((number, step, value, ("dry", "wet")[step % 2], ("down", "up")[up]))
    file = tmp_path / "walks.csv"
    columns = ["id", "time", "height", "weather", "label"]
    pd.DataFrame(rows, columns=columns).to_csv(file, index=False)
    return file


def without(table: pd.DataFrame, **chosen: Any) -> pd.DataFrame:
    """Return the rows of a point without its columns, and without seconds."""
    for name, value in chosen.items():
        table = table[table[name] == value]
    return table.drop(columns=["seconds", *chosen]).reset_index(drop=True)


def test_a_sweep_has_the_numbers_of_the_fit(table: Path, tmp_path: Path) -> None:
    """The same table through both fronts: metrics, summary and the models' bytes."""
    study = tmp_path / "study.toml"
    study.write_text(
        'task = { table = "walks.csv", target = "label" }\n'
        'cells = ["gru", "lstm"]\nlr = [0.003, 0.03]\nhidden = 5\nepochs = 3\nseeds = 2\n'
    )
    swept = rnnlab.run(study, out="swept", jobs=1)
    for lr in (0.003, 0.03):
        one = rnnlab.fit(table, "label", cells=["gru", "lstm"], lr=lr, out=f"fit-{lr}", **SMALL)
        expected = without(swept.metrics, task="walks", lr=lr)
        pd.testing.assert_frame_equal(expected, one.metrics.drop(columns="seconds"))
        rows = swept.summary[swept.summary["lr"] == lr].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            rows.rename(columns={"chance": "baseline"})[list(one.summary)], one.summary
        )
        for cell in ("gru", "lstm"):
            model = one.path / "models" / f"{cell}-seed-1.safetensors"
            again = swept.path / "models" / f"{cell}_task=walks_lr={lr}-seed-1.safetensors"
            assert model.read_bytes() == again.read_bytes()
    tests = swept.metrics[swept.metrics["part"] == "test"]
    assert len(tests) == 2 * 2 * 2


def test_a_setting_is_chosen_on_the_validation_part(table: Path) -> None:
    """`best` follows the validation rows at each run's best epoch, not the test rows."""
    options = {**SMALL, "cells": ["gru"], "task": "walks.csv,target=label", "lr": [0.003, 0.1]}
    result = rnnlab.run("task-study", out="out", **options)
    rows = result.metrics
    held = rows[rows["part"] == "validation"].sort_values("loss", kind="stable")
    best = held.groupby(["lr", "seed"]).head(1)
    means = best.groupby("lr")[["accuracy", "loss"]].mean()
    wanted = means.sort_values(["accuracy", "loss"], ascending=[False, True]).index[0]
    assert result.summary.loc[result.summary["best"], "lr"].tolist() == [wanted]


def test_settings_of_a_table_are_swept_next_to_a_task(table: Path) -> None:
    options = {
        **SMALL,
        "cells": ["gru"],
        "task": [
            {"table": "walks.csv", "target": "height", "horizon": [1, 2]},
            {"name": "adding", "length": 6},
        ],
        "updates": 4,
        "evaluation_batch": 8,
    }
    result = rnnlab.run("task-study", out="out", **options)
    assert result.summary[["task", "metric"]].to_numpy().tolist() == [
        ["walks", "rmse"], ["walks", "rmse"], ["adding", "mse"],
    ]  # fmt: skip
    assert result.summary["horizon"].tolist()[:2] == [1, 2]
    assert result.metrics.groupby("task")["part"].nunique().tolist() == [0, 3]
    made = rnnlab.report(result.path)
    assert made.tables["outcomes"]["task"].tolist() == ["walks", "walks", "adding"]
    manifest = json.loads((result.path / "manifest.json").read_text())
    judged = {one["task"]: (one["headline"], one["direction"]) for one in manifest["tasks"]}
    assert judged == {"walks": ("rmse", "lower"), "adding": ("mse", "lower")}
    assert manifest["planned"]["points"] == ["gru,walks,1,", "gru,walks,2,", "gru,adding,,6"]


def test_a_table_grows_by_seeds_and_rates_and_a_changed_one_is_refused(table: Path) -> None:
    options: dict[str, Any] = {**SMALL, "cells": ["gru"], "task": "walks.csv,target=label"}
    rnnlab.run("task-study", out="grown", **{**options, "seeds": 1, "lr": [0.01]})
    more = {**options, "lr": [0.01, 0.03]}
    study = Study("task-study", out="grown", **more)
    assert len(study.missing) == 3
    grown, whole = study.execute(), rnnlab.run("task-study", out="whole", **more)
    pd.testing.assert_frame_equal(without(grown.metrics), without(whole.metrics))
    table.write_text(table.read_text().replace("dry", "wet"))
    with pytest.raises(ValueError, match="same settings, got .*table_sha256"):
        Study("task-study", out="grown", **more)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_parameters_are_matched_on_a_table(table: Path, *, bidirectional: bool) -> None:
    options = {"task": "walks.csv,target=label", "cells": ["gru", "rnn"], "parameters": 400}
    spec = load_spec("task-study", {**options, "bidirectional": bidirectional, "num_layers": 2})
    for run in [one for one in runs(spec) if one.seed == 0]:
        model = build_model(run)
        assert model.parameter_count == learned_numbers(run.settings) <= 400
        run.settings.parameters, run.settings.hidden = None, hidden_size(run.settings) + 1
        assert build_model(run).parameter_count > 400


def test_a_report_of_a_fit(table: Path) -> None:
    result = rnnlab.fit(table, "label", cells=["gru", "lstm"], out="fit", **SMALL)
    made = rnnlab.report(result.path)
    outcomes = made.tables["outcomes"]
    tests = result.metrics[result.metrics["part"] == "test"]
    means = tests.groupby("cell", sort=False)["accuracy"].mean()
    assert outcomes["mean"].tolist() == pytest.approx(means.tolist())
    assert outcomes["chance"].tolist() == result.summary["baseline"].tolist()
    curves = made.tables["learning-curves"]
    assert len(curves) == 2 * 3
    assert "survival" not in made.tables  # a table has no criterion


def test_gradients_flow_on_a_table_and_on_any_task(table: Path) -> None:
    options: dict[str, Any] = {
        **SMALL, "cells": ["gru"], "updates": 4, "seeds": 1, "evaluation_batch": 4,
        "measure": ["decay", "training", "gates"],
    }  # fmt: skip
    for task in ("walks.csv,target=label", "walks.csv,target=height,horizon=1", "adding,length=6"):
        result = rnnlab.run("gradient-flow", task=task, out="flow", force=True, **options)
        rows = result.metrics[result.metrics["phase"] == "trained"]
        assert rows["norm"].notna().all()
        assert rows.loc[rows["lag"] == 0, "norm"].gt(0).all()
        assert (result.path / "training.csv").exists()
    with pytest.raises(ValueError, match="delays must not be given with a task"):
        load_spec("gradient-flow", {"task": "adding", "delays": [3]})


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("wlaks.csv", "the data must be a file that can be read"),
        ("walks.csv,target=lable", "target column must be one of"),
        ("walks.csv,horizn=1", "setting of the table walks.csv must be one of .*'horizon'"),
        ("walks.csv,horizon=-1", "horizon of the table walks.csv must be a whole number of steps"),
        (
            {"table": "walks.csv", "target": "height", "horizon": 1, "bidirectional": True},
            "setting",
        ),
    ],
)
def test_what_is_wrong_with_a_table_is_one_line(table: Path, task: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        load_spec("task-study", {"task": task})
    assert "\n" not in str(error.value)


def test_a_forecast_is_made_in_one_direction(table: Path) -> None:
    options = {"task": "walks.csv,target=height,horizon=1", "bidirectional": [False, True]}
    with pytest.raises(ValueError, match="a forecast must be made by layers of one direction"):
        load_spec("task-study", options)
