"""One run of the gradient flow, with the real cells."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rnnlab
from rnnlab.analysis import gradient_decay
from rnnlab.experiments import GradientFlow, Run, load_spec
from rnnlab.experiments.kinds.build import build_model, problem_of, streams
from rnnlab.experiments.measures import all_tables
from rnnlab.experiments.settings.grid import planned
from rnnlab.registry import figures, measures

EXPERIMENT = GradientFlow()


def compute(options: dict[str, Any], run: Run) -> tuple[pd.DataFrame, list[int]]:
    reports: list[int] = []
    spec: Any = load_spec("gradient-flow", options)
    with np.errstate(all="ignore"):  # as the workers have it
        return EXPERIMENT.run(planned(spec, run), reports.append)["gradients"], reports


def test_all_phases_and_every_lag_with_the_columns_of_the_contract(
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
    for phase in ("init", "midway", "trained"):
        for state in ("h", "c"):
            part = table[(table["phase"] == phase) & (table["state"] == state)]
            assert part["lag"].tolist() == list(range(length + 1))
    assert len(table) == 3 * 2 * (length + 1)
    assert np.allclose(np.log10(table["norm"]), table["log10_norm"])


def test_the_first_phase_is_the_untrained_model_in_float64(tiny_flow: dict[str, Any]) -> None:
    run = Run("gru", {"delay": 4}, 0)
    spec = load_spec("gradient-flow", tiny_flow)
    batch = problem_of(planned(spec, run)).draw(
        9, streams(planned(spec, run)).evaluation, dtype="float64"
    )
    expected = gradient_decay(build_model(planned(spec, run)).astype("float64"), *batch)
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
    assert (
        EXPERIMENT.outcome(planned(spec, Run(cell, {"delay": 4}, 0)), table)
        == "diverged in training"
    )
    summary = EXPERIMENT.summarise(spec, table).set_index("phase")
    assert summary.loc["trained", "seeds"] == 0
    assert math.isfinite(float(str(summary.loc["init", "half_life"])))


def test_only_the_kernels_that_are_needed(tiny_flow: dict[str, Any]) -> None:
    still: Any = load_spec("gradient-flow", {**tiny_flow, "updates": 0})
    moving: Any = load_spec("gradient-flow", tiny_flow)
    assert EXPERIMENT.kernels(still) == [("float64", False)]
    assert EXPERIMENT.kernels(moving) == [("float32", False), ("float64", False)]


def silent(update: int) -> None:
    pass


def everything(tiny_flow: dict[str, Any], **options: Any) -> tuple[Any, dict[str, pd.DataFrame]]:
    settings = {**tiny_flow, "measure": list(measures), **options}
    spec: Any = load_spec("gradient-flow", settings)
    entry = spec.labels[0]
    with np.errstate(all="ignore"):
        return spec, EXPERIMENT.run(planned(spec, Run(entry, {"delay": 4}, 0)), silent)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", ["task", "noise"])
def test_every_measure_of_a_run(tiny_flow: dict[str, Any], kind: str, layers: int) -> None:
    spec, tables = everything(tiny_flow, cells=["lstm"], input=kind, num_layers=layers, updates=40)
    expected = all_tables(measures)
    assert {name: tuple(table.columns) for name, table in tables.items()} == expected
    for name, table in tables.items():
        assert (table["cell"] == "lstm").all()
        assert (table["seed"] == 0).all()
        if "phase" in table:
            assert table["phase"].unique().tolist() == ["init", "midway", "trained"], name
    states = ["h", "c"] if layers == 1 else ["h_l0", "c_l0", "h_l1", "c_l1"]
    for name in ("gradients", "paths", "shares", "training", "solving"):
        assert tables[name]["state"].unique().tolist() == states
    assert tables["jacobians"]["lag"].unique().tolist() == [1, 8]
    assert tables["training"]["update"].unique().tolist() == list(range(0, 41, 2))
    assert tables["clipping"]["update"].unique().tolist() == list(range(2, 41, 2))
    kept = tables["forget-bias"]
    assert kept["forget_bias"].unique().tolist() == [0, 1, 2, 3, 4, 5]
    # the half-life at the start is that of the gradients at the start
    summary = EXPERIMENT.summarise(spec, tables["gradients"])
    initial = summary[summary["phase"] == "init"]["half_life"]
    assert tables["solving"]["half_life"].tolist() == initial.tolist()


def test_every_table_has_a_figure() -> None:
    for name in measures:
        drawn = {one.table for one in measures[name].figures()}
        assert drawn == {f"{table}.csv" for table in measures[name].tables}
        assert all(figures[one.name] == one for one in measures[name].figures())


def test_midway_is_between(tiny_flow: dict[str, Any]) -> None:
    """What is measured midway is what a run of half the updates ends with."""
    options = {**tiny_flow, "updates": 40}
    whole, _ = compute(options, Run("gru", {"delay": 4}, 0))
    half, _ = compute({**options, "updates": 20}, Run("gru", {"delay": 4}, 0))
    midway = whole[whole["phase"] == "midway"]["norm"]
    assert midway.tolist() == half[half["phase"] == "trained"]["norm"].tolist()


def test_watching_changes_no_number(tiny_flow: dict[str, Any]) -> None:
    plain, _ = compute({**tiny_flow, "measure": "decay"}, Run("rnn", {"delay": 4}, 0))
    _, watched = everything(tiny_flow)
    pd.testing.assert_frame_equal(plain, watched["gradients"], check_exact=True)


def test_noise_is_neither_the_task_nor_the_same_for_every_seed(tiny_flow: dict[str, Any]) -> None:
    task, _ = compute(tiny_flow, Run("gru", {"delay": 4}, 0))
    tables = [
        compute({**tiny_flow, "input": "noise"}, Run("gru", {"delay": 4}, seed))[0]
        for seed in (0, 0, 1)
    ]
    assert tables[0]["norm"].tolist() == tables[1]["norm"].tolist()
    assert tables[0]["norm"].tolist() != tables[2]["norm"].tolist()
    assert task["norm"][0] != tables[0]["norm"][0]
    assert tables[0]["norm"][0] == pytest.approx(1)  # a gradient of length 1 at the end


def test_a_solved_task_says_when(tiny_flow: dict[str, Any]) -> None:
    """One symbol over one step is learned at once; a run without updates has learned nothing."""
    easy = {"cells": ["gru"], "delays": [1], "payload": 1, "hidden": 24, "batch": 32, "lr": 0.02}
    settings = {**tiny_flow, **easy, "measure": "solving", "updates": 300}
    spec: Any = load_spec("gradient-flow", settings)
    tables = EXPERIMENT.run(planned(spec, Run("gru", {"delay": 1}, 0)), silent)
    solved = tables["solving"]
    assert solved["updates_to_solve"].between(15, 300).all()
    assert (solved["updates"] == 300).all()
    settings |= {"updates": 6}
    spec = load_spec("gradient-flow", settings)
    tables = EXPERIMENT.run(planned(spec, Run("gru", {"delay": 1}, 0)), silent)
    assert (tables["solving"]["updates_to_solve"] == math.inf).all()


@pytest.fixture
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw with few dots: what is in the pictures is the business of the tests of plotting."""
    monkeypatch.setattr("rnnlab.plotting.saving.DOTS_PER_INCH", 20)


@pytest.mark.usefixtures("small_pictures")
def test_files_of_a_study_and_what_a_second_run_computes(
    tiny_flow: dict[str, Any], tmp_path: Path
) -> None:
    chosen = ("paths", "forget-bias")
    options = {**tiny_flow, "measure": list(chosen), "out": tmp_path, "jobs": 1}
    result = rnnlab.run("gradient-flow", **options)
    tables = {f"{name}.csv" for name in all_tables(["decay", *chosen])}
    pictures = {one.filename for name in ("decay", *chosen) for one in measures[name].figures()}
    names = {file.name for file in tmp_path.iterdir()}
    assert names == tables | pictures | {"summary.csv", "manifest.json"}
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    paths = pd.read_csv(tmp_path / "paths.csv")
    assert paths[["cell", "seed"]].drop_duplicates().to_numpy().tolist() == [
        [cell, seed] for cell in ("rnn", "gru") for seed in (0, 1)
    ]
    # a further table that is gone is computed again; the same numbers come out
    (tmp_path / "paths.csv").unlink()
    again = rnnlab.run("gradient-flow", **options)
    pd.testing.assert_frame_equal(again.summary, result.summary)
    for name, content in before.items():
        if name != "manifest.json":
            assert (tmp_path / name).read_bytes() == content, name


@pytest.mark.usefixtures("small_pictures")
def test_interrupted_between_runs_nothing_is_lost(
    tiny_flow: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {**tiny_flow, "measure": "paths", "jobs": 1}
    whole = rnnlab.run("gradient-flow", out=tmp_path / "whole", **options)
    run, count = GradientFlow.run, 0

    def stops(self: Any, *arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        return run(self, *arguments)

    monkeypatch.setattr(GradientFlow, "run", stops)
    with pytest.raises(KeyboardInterrupt):
        rnnlab.run("gradient-flow", out=tmp_path / "part", **options)
    assert len(pd.read_csv(tmp_path / "part" / "paths.csv")["cell"].unique()) == 1
    rnnlab.run("gradient-flow", out=tmp_path / "part", **options)
    assert count == 5  # two were there, two were left
    for name in ("gradients", "paths", "shares"):
        same = (tmp_path / "part" / f"{name}.csv").read_bytes()
        assert same == (whole.path / f"{name}.csv").read_bytes()


@pytest.mark.usefixtures("small_pictures")
def test_a_figure_that_no_cell_has_anything_for_is_left_out(
    tiny_flow: dict[str, Any], tmp_path: Path
) -> None:
    options = {"cells": ["rnn"], "measure": "gates,forget-bias", "out": tmp_path, "jobs": 1}
    for _ in range(2):
        rnnlab.run("gradient-flow", **{**tiny_flow, **options})
        assert {file.name for file in tmp_path.glob("*.png")} == {
            "gradient-decay.png", "gate-map.png",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"measure": "decay,path"},
            r"measure must be one of decay, .*got 'path': did you mean 'paths'",
        ),
        ({"measure": []}, r"measure must be some of decay"),
        ({"measure": 3}, r"measure must be some of decay, .*got 3"),
        ({"input": "silence"}, r"input must be task or noise, got 'silence': noise drives"),
    ],
)
def test_settings_that_are_refused(
    tiny_flow: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        load_spec("gradient-flow", {**tiny_flow, **options})


def test_a_state_without_a_gradient_is_said_to_have_none(tiny_flow: dict[str, Any]) -> None:
    """The stabiliser of the sLSTM once had a half-life of 3.8 steps, of rounding."""
    options = {**tiny_flow, "cells": ["slstm"]}
    table, _ = compute(options, Run("slstm", {"delay": 4}, 0))
    spec: Any = load_spec("gradient-flow", options)
    summary = EXPERIMENT.summarise(spec, table).set_index(["phase", "state"])
    assert (table.loc[table["state"] == "m", "norm"] == 0).all()
    for phase in ("init", "midway", "trained"):
        assert summary.loc[(phase, "m"), "status"] == "no gradient"
        assert math.isnan(float(str(summary.loc[(phase, "m"), "half_life"])))
        assert summary.loc[(phase, "c"), "status"] == "ok"
    assert EXPERIMENT.outcome(planned(spec, Run("slstm", {"delay": 4}, 0)), table).endswith(
        "(trained); no gradient: m (trained)"
    )


ROTATION = '''
from rnnlab import cell, linear

@cell
def rotation(x, re, im):
    """A linear complex recurrence whose output is its real part."""
    real = 0.54 * re - 0.72 * im + linear("u", x, bias=None)
    imaginary = 0.72 * re + 0.54 * im
    return real, imaginary
'''


@pytest.mark.usefixtures("small_pictures")
def test_a_state_that_the_output_reads_a_step_later(
    tiny_flow: dict[str, Any], tmp_path: Path
) -> None:
    """Its gradient at lag 0 is 0: it is measured from lag 1, and missing nowhere."""
    file = tmp_path / "cells.py"
    file.write_text(ROTATION, encoding="utf-8")
    cells = [{"cell": f"{file}:rotation", "label": "rotation"}, "slstm"]
    measures = {"measure": "decay,paths,gates,training,solving", "updates": 8}
    out = tmp_path / "out"
    options: dict[str, Any] = {**tiny_flow, **measures, "cells": cells, "out": out, "jobs": 1}
    summary = rnnlab.run("gradient-flow", **options).summary
    own = summary[(summary["cell"] == "rotation") & (summary["phase"] == "init")]
    own = own.set_index("state")
    assert own["status"].to_dict() == {"re": "ok", "im": "ok"}
    assert own["reference_lag"].to_dict() == {"re": 0, "im": 1}
    assert own["seeds"].to_dict() == {"re": 2, "im": 2}
    angle = math.acos(0.6)
    sines = [0.9**k * abs(math.sin(angle * k)) for k in range(1, 9)]
    table = pd.read_csv(out / "gradients.csv")
    one = table[(table["state"] == "im") & (table["phase"] == "init") & (table["seed"] == 0)]
    expected = [0.0, *(value / sines[0] for value in sines)]
    assert one["relative_norm"].tolist() == pytest.approx(expected, rel=1e-9)
    drawn = {
        file.stem for file in out.glob("*.png") if file.stem not in ("gate-map", "memory-times")
    }
    assert drawn >= {"gradient-decay", "gradient-training", "half-life-solving", "path-shares"}
