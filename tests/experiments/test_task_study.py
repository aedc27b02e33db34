"""Studies of any task: what is swept, what is one and the same, what the summary chooses."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rnnlab
import rnnlab.cells
from rnnlab.experiments import CopyTask, Run, TaskStudy, load_spec
from rnnlab.experiments.kinds.build import build_model, problem_of, streams
from rnnlab.experiments.kinds.summary import summarise
from rnnlab.experiments.settings.grid import planned
from rnnlab.experiments.settings.sizes import (
    hidden_size,
    learned_numbers,
    most_units,
    parameter_count,
)
from rnnlab.registry import cells
from rnnlab.statistics import best_settings, mean_interval

STUDY = TaskStudy()
COPY = {"name": "copy-memory", "delay": [3, 6], "payload": 2, "alphabet": 3}


@pytest.fixture
def options(tiny: dict[str, Any]) -> dict[str, Any]:
    """Return options of a task study: 2 cells, the copy task at 2 delays, 2 seeds."""
    left = {name: tiny[name] for name in tiny if name not in ("delays", "payload", "alphabet")}
    return {**left, "task": [COPY]}


def without_seconds(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns="seconds")


def test_the_copy_task_is_one_study_of_many(
    tmp_path: Path, tiny: dict[str, Any], options: dict[str, Any]
) -> None:
    copy = rnnlab.run("copy-task", out=tmp_path / "copy", jobs=1, **tiny)
    study = rnnlab.run("task-study", out=tmp_path / "study", jobs=1, **options)
    assert study.metrics.columns.tolist() == [
        *("cell", "task", "delay", "seed", "update", "loss", "recall_loss", "recall_accuracy"),
        *("sequence_accuracy", "grad_norm", "status", "seconds"),
    ]
    assert study.metrics["task"].unique().tolist() == ["copy-memory"]
    for one, other in ((copy.metrics, study.metrics), (copy.summary, study.summary)):
        same = other.drop(columns="task")
        pd.testing.assert_frame_equal(
            one.drop(columns="seconds", errors="ignore"),
            same.drop(columns="seconds", errors="ignore"),
            check_exact=True,
        )
    files = {"metrics.csv", "summary.csv", "manifest.json"}
    assert files <= {path.name for path in (tmp_path / "study").iterdir()}


def test_what_is_swept_is_a_column_and_part_of_a_run(options: dict[str, Any]) -> None:
    spec: Any = load_spec("task-study", {**options, "lr": [0.1, 0.01], "clip": [1, "none"]})
    assert STUDY.key_for(spec) == ("cell", "task", "delay", "lr", "clip", "seed")
    runs = STUDY.runs(spec)
    grid = itertools.product(("rnn", "gru"), (3, 6), (0.1, 0.01), (1.0, None), (0, 1))
    assert [(r.cell, r["delay"], r["lr"], r["clip"], r.seed) for r in runs] == list(grid)
    assert str(runs[1]) == "rnn, copy-memory, delay 3, lr 0.1, clip 1, seed 1"
    settings = runs[-1].settings
    assert (settings.lr, settings.clip, settings.updates) == (0.01, None, 6)


@pytest.mark.parametrize(
    "setting",
    [
        {"hidden": [3, 4]},
        {"parameters": [100, 200]},
        {"num_layers": [1, 2]},
        {"init": ["torch", "glorot"]},
        {"optimizer": ["sgd", "rmsprop"]},
        {"lr": [0.1, 0.2]},
        {"clip_value": [1, 0.1]},
        {"batch": [2, 3]},
        {"updates": [4, 6]},
        {"evaluate_every": [2, 3]},
        {"evaluation_batch": [5, 6]},
        {"payload": [1, 2]},
        {"alphabet": [2, 3]},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_any_setting_may_be_swept_and_makes_a_difference(
    tmp_path: Path, tiny: dict[str, Any], setting: dict[str, Any]
) -> None:
    small = {**tiny, "cells": ["rnn"], "delays": [3], "seeds": 1}
    if "parameters" in setting:
        del small["hidden"]
    result = rnnlab.run("copy-task", out=tmp_path, jobs=1, **small | setting)
    [(name, values)] = setting.items()
    assert result.summary[name].tolist() == values
    assert result.summary.columns.tolist()[:4] == ["cell", "delay", name, "seeds"]
    numbers = result.metrics.groupby(name, sort=False)[["loss", "grad_norm"]].agg(list)
    assert numbers.iloc[0].tolist() != numbers.iloc[1].tolist()


def test_an_entry_has_settings_of_its_own(options: dict[str, Any]) -> None:
    cells = [
        "gru",
        "gru,lr=0.5,num_layers=2,init=torch",
        {"cell": "lstm", "forget_bias": [0, "chrono"], "label": "lstm"},
    ]
    spec: Any = load_spec("task-study", {**options, "cells": cells, "lr": [0.1, 0.2], "seeds": 1})
    points = [(run.cell, run["forget_bias"], run["lr"]) for run in STUDY.runs(spec)[::2]]
    assert points[:3] == [
        ("gru", None, 0.1),
        ("gru", None, 0.1),
        ("gru,lr=0.5,num_layers=2,init=torch", None, 0.5),
    ]
    biases = {(run["forget_bias"], run["lr"]) for run in STUDY.runs(spec) if run.cell == "lstm"}
    assert biases == set(itertools.product((0.0, "chrono"), (0.1, 0.2)))
    layer = build_model(next(r for r in STUDY.runs(spec) if "torch" in r.cell)).layer
    assert layer.num_layers == 2
    assert layer.parameters["bias_l0"].any()  # PyTorch draws them


def test_runs_depend_on_nothing_else_in_the_study(options: dict[str, Any]) -> None:
    run = Run("gru", {"task": "copy-memory", "delay": 6, "lr": 0.01}, 1)
    wide = {**options, "lr": [0.1, 0.01], "seeds": 5}
    narrow: dict[str, Any] = {**options, "cells": ["gru"], "lr": [0.01], "seeds": 2}
    narrow["task"] = [{**COPY, "delay": [6]}]
    specs: list[Any] = [load_spec("task-study", one) for one in (wide, narrow)]
    tables = [STUDY.run(planned(spec, run), lambda _: None) for spec in specs]
    one, other = map(without_seconds, tables)
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_the_same_data_for_every_cell_and_rate_and_other_data_elsewhere(
    options: dict[str, Any],
) -> None:
    spec: Any = load_spec("task-study", {**options, "lr": [0.1, 0.01]})
    drawn: dict[tuple[int, int], set[bytes]] = {}
    for run in STUDY.runs(spec):
        batch = problem_of(planned(spec, run)).draw(9, streams(planned(spec, run)).data)[1]
        drawn.setdefault((run["delay"], run.seed), set()).add(batch.tobytes())
    assert [len(batches) for batches in drawn.values()] == [1] * 4
    assert len(set.union(*drawn.values())) == 4


@pytest.mark.parametrize("name", cells.names())
@pytest.mark.parametrize("layers", [1, 3])
def test_the_size_by_parameters_is_the_largest_that_fits(name: str, layers: int) -> None:
    from rnnlab.layers import Recurrent
    from rnnlab.training import SequenceModel

    cell = rnnlab.cells.find_cell(name)
    units = most_units(cell, 4, 3, budget=900, num_layers=layers)
    counts = [
        SequenceModel(Recurrent(cell, 4, size, num_layers=layers), 3).parameter_count
        for size in (units, units + 1)
    ]
    assert counts[0] <= 900 < counts[1]
    assert counts == [parameter_count(cell, 4, 3, size, layers) for size in (units, units + 1)]


def test_cells_matched_by_parameters(options: dict[str, Any]) -> None:
    del options["hidden"]
    cells = ["rnn", "gru", "lstm,hidden=4"]
    spec: Any = load_spec(
        "task-study", {**options, "cells": cells, "parameters": 300} | {"seeds": 1}
    )
    sizes = {run.cell: run.settings for run in STUDY.runs(spec)}
    assert hidden_size(sizes["lstm,hidden=4"]) == 4
    for label in ("rnn", "gru"):
        cell, units = rnnlab.cells.find_cell(label), hidden_size(sizes[label])
        assert parameter_count(cell, 5, 4, units) == learned_numbers(sizes[label]) <= 300
        assert parameter_count(cell, 5, 4, units + 1) > 300
    with pytest.raises(ValueError, match="parameters must allow one unit of gru, which takes 3"):
        rnnlab.run("task-study", **{**options, "parameters": 20})


def row_of(run: Run, accuracy: float, loss: float = 1.0) -> dict[str, Any]:
    """Return the last row of a run."""
    metrics = {"loss": loss, "recall_loss": 1.0, "recall_accuracy": accuracy}
    key = {"cell": run.cell, **dict(run.point), "seed": run.seed, "update": 6}
    return key | metrics | {"sequence_accuracy": 0.0}


def table_of(spec: Any, values: dict[tuple[float, int], tuple[float, float]]) -> pd.DataFrame:
    """Return the table of a study of one cell, by the last accuracy and loss at (lr, seed)."""
    rows = []
    for run in STUDY.runs(spec):
        accuracy, loss = values[run["lr"], run.seed]
        rows.append(row_of(run, accuracy, loss))
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("values", "winner"),
    [
        ({(0.1, 0): (0.5, 1), (0.1, 1): (0.7, 1), (0.2, 0): (0.9, 1), (0.2, 1): (0.2, 1)}, 0.1),
        ({(0.1, 0): (0.5, 1), (0.1, 1): (0.5, 1), (0.2, 0): (0.5, 1), (0.2, 1): (0.5, 0.9)}, 0.2),
        ({(0.1, 0): (0.5, 1), (0.1, 1): (0.5, 1), (0.2, 0): (0.5, 1), (0.2, 1): (0.5, 1)}, 0.1),
        # a diverged run counts with accuracy 0
        ({(0.1, 0): (1, 1), (0.1, 1): (0, np.nan), (0.2, 0): (0.6, 1), (0.2, 1): (0.6, 1)}, 0.2),
    ],
)
def test_the_rate_that_won_is_marked(
    options: dict[str, Any], values: dict[Any, Any], winner: float
) -> None:
    one = {**options, "cells": ["gru"], "task": [{**COPY, "delay": 3}], "lr": [0.1, 0.2]}
    spec: Any = load_spec("task-study", one)
    summary = summarise(spec, table_of(spec, values))
    assert summary.loc[summary["best"], "lr"].tolist() == [winner]
    assert summary.columns.tolist()[-1] == "best"


def test_the_rate_that_won_is_the_one_a_report_shows(options: dict[str, Any]) -> None:
    """One run of five fails at 0.1, and the others do better: by their means 0.2 wins."""
    one = {**options, "cells": ["gru"], "task": [{**COPY, "delay": 3}], "lr": [0.1, 0.2]}
    spec: Any = load_spec("task-study", {**one, "seeds": 5})
    runs_at = {0.1: [0.9, 0.9, 0.9, 0.9, 0.0], 0.2: [0.8, 0.8, 0.8, 0.8, 0.8]}
    values = {(lr, n): (x, 1.0) for lr, own in runs_at.items() for n, x in enumerate(own)}
    table = table_of(spec, values)
    summary = summarise(spec, table)
    assert summary["recall_accuracy"].idxmax() == 1
    assert summary.loc[summary["best"], "lr"].tolist() == [0.2]
    assert best_settings(table, "lr", metric="recall_accuracy")["lr"].tolist() == [0.2]


def test_a_clip_that_is_off_can_win(options: dict[str, Any]) -> None:
    one = {**options, "cells": ["gru"], "task": [{**COPY, "delay": 3}], "clip": [1.0, "none"]}
    spec: Any = load_spec("task-study", one)
    table = pd.DataFrame(
        [row_of(run, 0.9 if run["clip"] is None else 0.5) for run in STUDY.runs(spec)]
    )
    assert summarise(spec, table)["best"].tolist() == [False, True]


def test_a_rate_wins_for_each_cell_task_and_size(options: dict[str, Any]) -> None:
    spec: Any = load_spec("task-study", {**options, "lr": [0.1, 0.2], "hidden": [3, 4]})
    rng = np.random.default_rng(0)
    values = rng.random(len(STUDY.runs(spec)))
    runs = zip(STUDY.runs(spec), values, strict=True)
    table = pd.DataFrame([row_of(run, value) for run, value in runs])
    summary = summarise(spec, table)
    groups = summary.groupby(["cell", "task", "delay", "hidden"])
    assert groups["best"].sum().tolist() == [1] * 8
    best = summary[summary["best"]].set_index(["cell", "task", "delay", "hidden"])
    assert best["recall_accuracy"].equals(groups["recall_accuracy"].max().loc[best.index])


def test_the_summary_is_that_of_the_copy_task(tmp_path: Path, tiny: dict[str, Any]) -> None:
    spec: Any = load_spec("copy-task", {**tiny, "payload": [1, 2]})
    result = rnnlab.run("copy-task", out=tmp_path, jobs=1, **{**tiny, "payload": [1, 2]})
    counts = {run.cell: learned_numbers(run.settings) for run in CopyTask().runs(spec)}
    keys = ["cell", "delay", "payload"]
    assert result.summary.columns.tolist() == [
        *keys,
        *("seeds", "parameters", "recall_accuracy", "ci_low", "ci_high", "sequence_accuracy"),
        *("chance", "solved_share", "updates_to_solve"),
    ]
    assert len(result.summary) == result.metrics[keys].drop_duplicates().shape[0]
    for row in result.summary.to_dict("records"):
        own = result.metrics[(result.metrics[keys] == [row[key] for key in keys]).all(axis=1)]
        last = own[own["update"] == own["update"].max()]
        assert row["seeds"] == len(last) == spec.seeds
        assert row["parameters"] == counts[row["cell"]]
        assert row["chance"] == 1 / 3
        for name in ("recall_accuracy", "sequence_accuracy"):
            assert row[name] == pytest.approx(last[name].mean(), abs=1e-15)
        assert (row["ci_low"], row["ci_high"]) == mean_interval(last["recall_accuracy"])
        first = own[own["recall_accuracy"] >= 0.99].groupby("seed")["update"].min()
        assert row["solved_share"] == len(first) / spec.seeds
        late = [*first, *[math.inf] * (spec.seeds - len(first))]
        assert row["updates_to_solve"] == np.median(late)


def test_a_text_counts_by_what_it_holds_not_by_where_it_lies(
    tmp_path: Path, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "abcab" * 40
    study = 'experiment = "task-study"\ntask = { name = "text", file = "book.txt", length = 7 }\n'
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "book.txt").write_text(text)
        (tmp_path / folder / "study.toml").write_text(study)
    monkeypatch.chdir(tmp_path / "one")
    rest = {name: options[name] for name in options if name != "task"}

    def drawn(spec: Any) -> list[int]:
        (run,) = [run for run in STUDY.runs(spec) if (run.cell, run.seed) == ("gru", 1)]
        inputs, _ = problem_of(planned(spec, run)).draw(3, streams(planned(spec, run)).data)
        draws: list[int] = inputs.argmax(axis=2).ravel().tolist()
        return draws

    given = load_spec("task-study", {**rest, "task": ["text,file=book.txt,length=7"]})
    beside = load_spec("study.toml", rest)
    elsewhere = load_spec(tmp_path / "other" / "study.toml", rest)
    assert drawn(given) == drawn(beside) == drawn(elsewhere)
    assert given.settings()["task"] == elsewhere.settings()["task"]

    (tmp_path / "other" / "book.txt").write_text(text.replace("c", "b"))
    changed = load_spec(tmp_path / "other" / "study.toml", rest)
    before, after = (spec.settings()["task"][0] for spec in (elsewhere, beside))
    assert before != after
    assert {key for key in after if before[key] != after[key]} == {"file_sha256"}
    assert drawn(changed) != drawn(beside)

    (tmp_path / "other" / "book.txt").unlink()
    with pytest.raises(
        ValueError, match=r"file must be a text that can be read, got '.*book\.txt'"
    ):
        load_spec(tmp_path / "other" / "study.toml", rest)
    swept = {**rest, "task": [{"name": "text", "file": ["book.txt", "./book.txt"], "length": 7}]}
    digests = load_spec("task-study", swept).settings()["task"][0]["file_sha256"]
    assert len(digests) == 2
    assert digests[0] == digests[1]
