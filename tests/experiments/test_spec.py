"""Settings: what is taken, what is refused, and in which words."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnlab.cells import lstm
from rnnlab.experiments import CellEntry, CopyTaskSpec, load_spec, preset_names
from rnnlab.experiments.settings.load import read_spec, settle
from rnnlab.registry import experiments

STUDIES = sorted((Path(__file__).parents[2] / "experiments").glob("*.toml"))

CELL_FILE = """
from rnnlab import cell, linear, sigmoid, tanh

@cell(keep="f")
def leaky(x, h):
    f = sigmoid(linear("f", x, h))
    return f * h + (1 - f) * tanh(linear("g", x, h))
"""


@pytest.mark.parametrize("experiment", [name for name in experiments.names() if preset_names(name)])
def test_every_preset_is_valid(experiment: str) -> None:
    assert preset_names(experiment)[0] == "quick"
    for preset in preset_names(experiment):
        data = {"data": "table.csv"} if experiment == "fit" else {}
        spec = read_spec(experiment, {"preset": preset, **data})
        if not data:
            settle(spec)
        assert (spec.experiment, spec.name) == (experiment, experiment)


def test_paper_preset_is_the_setting_of_arjovsky() -> None:
    spec: Any = load_spec("copy-task", {"preset": "paper"})
    assert (spec.payload, spec.alphabet, spec.delays) == (10, 8, [100, 200, 300, 500])
    assert (spec.optimizer, spec.lr, spec.batch) == ("rmsprop", 1e-3, 20)
    assert (spec.clip, spec.clip_value) == (None, 1.0)
    assert spec.entry("rnn").hidden == 80
    assert spec.entry("lstm").hidden == 40


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.stem)
def test_every_study_is_valid_and_states_its_question_and_its_command(study: Path) -> None:
    assert load_spec(study, {}).name == study.stem
    question = load_spec(study, {}).question
    assert question is not None
    assert question.endswith("?")
    first = study.read_text(encoding="utf-8").partition("\n")[0]
    out = f"results/published/{study.stem}"
    assert first == f"# rnnlab run experiments/{study.name} --out {out}"


def test_there_are_the_promised_studies() -> None:
    specs: dict[str, Any] = {study.stem: load_spec(study, {}) for study in STUDIES}
    assert {"copy-task-reduced", "adding", "temporal-order", "learning-rates"} <= specs.keys()
    assert {0, 1, "chrono"} <= set(specs["forget-bias"].cells[0].forget_bias)
    assert max(specs["delays-200"].delays) == 200
    variants = {"nig", "nfg", "nog", "niaf", "noaf", "cifg", "np", "fgr"}
    assert variants <= set(specs["ablation"].labels)
    assert len(specs["learning-rates"].lr) >= 3
    exploratory = {"delays-200", "half-life"}
    assert all(spec.seeds >= 10 for name, spec in specs.items() if name not in exploratory)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delays": [0]}, r"delays must be whole numbers of at least 1, got 0: .*such as 10"),
        ({"delays": [-5, 5]}, r"delays must be whole numbers of at least 1, got -5: "),
        ({"delays": []}, r"delays must be whole numbers of at least 1, got \[\]"),
        ({"delays": [10, 20, 10]}, r"delays must be different, got 10 twice: drop one"),
        ({"payload": 0}, r"payload must be a whole number of at least 1, got 0: give 1 or more"),
        ({"alphabet": 1}, r"alphabet must be a whole number of at least 2, got 1: "),
        ({"hidden": -3}, r"hidden must be a whole number of at least 1, got -3: "),
        ({"hidden": 2.5}, r"hidden must be a whole number of at least 1, got 2.5: "),
        ({"batch": "many"}, r"batch must be a whole number of at least 1, got 'many': "),
        ({"seeds": True}, r"seeds must be a whole number from 1 to 100000, got True: "),
        ({"updates": 0}, r"updates must be a whole number from 1 to 10\*\*12, got 0: "),
        ({"evaluate_every": 0}, r"evaluate_every must be a whole number from 1 to 10\*\*12, got 0"),
        ({"lr": 0}, r"lr must be a number above 0, got 0: give a rate such as 0.001"),
        ({"lr": float("nan")}, r"lr must be a number above 0, got nan: "),
        ({"lr": float("inf")}, r"lr must be a number above 0, got inf: "),
        ({"clip": "some"}, r"clip must be a number above 0 or \"none\", got 'some': "),
        ({"clip": -1}, r"clip must be a number above 0 or \"none\", got -1: "),
        ({"clip": 1, "clip_value": 2}, r"clip and clip_value must not both be set, got 1 and 2: "),
        ({"forget_bias": "crono"}, r'forget_bias must be a number or "chrono", got \'crono\': '),
        ({"hiden": 5}, r"setting of copy-task must be one of .*, got 'hiden': .*'hidden'\?"),
        ({"preset": "papr"}, r"preset of copy-task must be one of .*: did you mean 'paper'\?"),
        ({"name": "a/b"}, r"name must be a plain folder name, got 'a/b': "),
        ({"experiment": "gradient-flow"}, r"experiment must be copy-task here, got 'gradient-f"),
        ({"cells": []}, r"cells must be a list of at least one cell, got \[\]: "),
        ({"cells": ["grru"]}, r"cell must be one of .*, got 'grru': did you mean 'gru'\?"),
        ({"cells": ["lstm", "gru", "lstm"]}, r"labels of cells must be different, got lstm twice"),
        ({"cells": ["lstm,hiden=3"]}, r"option of the cell 'lstm' .*: did you mean 'hidden'\?"),
        ({"cells": ["lstm,hidden"]}, r"must be written option=value, got 'hidden' in 'lstm,hid"),
        ({"cells": ["gru", "lstm,hidden=0"]}, r"cells\[1\].hidden must be a whole number .*got 0"),
        ({"cells": [{"hidden": 3}]}, r"cells\[0\].cell must be a cell's name .*, got nothing: "),
        ({"cells": [{"cel": "gru"}]}, r"cells\[0\] must have a key cell, got 'cel': did you mean"),
        ({"cells": [{"cell": "gru", "lr": math.nan}]}, r"cells\[0\].lr must be a number .*got nan"),
        ({"cells": ["gru,lr=inf"]}, r"cells\[0\].lr must be a number above 0, got inf"),
        ({"cells": [{"cell": "gru", "hiden": 3}]}, r"key of cells\[0\] .*'hidden'\?"),
        ({"cells": [7]}, r"cells must be names such as .*, got 7: "),
        ({"cells": ["no.py:mine"]}, r"the cell's file must exist, got 'no.py': check the path"),
        ({"cells": ["rnn,forget_bias=1"]}, r"forget_bias must go to a cell .* rnn has none"),
        ({"cells": ["rnn", "gru"], "forget_bias": 1}, r"must reach a cell with a gate f, got 1"),
        ({"preset": "paper", "hidden": 9}, r"hidden must not be given where cells state their own"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_settings_are_named_on_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        load_spec("copy-task", options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": [0.1, 0]}, r"lr must be a number above 0, got 0: .* or a list of them to sweep"),
        ({"lr": []}, r"lr must be a number above 0, got \[\]: "),
        ({"lr": [0.1, 0.1]}, r"lr must be different, got 0.1 twice: drop one"),
        ({"batch": [4, "many"]}, r"batch must be a whole number of at least 1, got 'many': "),
        ({"clip": [1, "some"]}, r"clip must be a number above 0 or \"none\", got 'some': "),
        (
            {"hidden": 3, "parameters": 9},
            r"hidden and parameters must not both be set, got 3 and 9",
        ),
        ({"init": "orth"}, r"init must be one of default, .*, got 'orth': "),
        ({"optimizer": ["adam", "adm"]}, r"optimizer must be one of .* mean 'adam'"),
        ({"cells": ["gru,lr=-1"]}, r"cells\[0\].lr must be a number above 0, got -1: "),
        (
            {"cells": [{"cell": "gru", "num_layers": 0}]},
            r"cells\[0\].num_layers must be a whole nu",
        ),
        ({"task": "ading"}, r"task must be one of .*, got 'ading': did you mean 'adding'\?"),
        ({"task": "adding,lenght=3"}, r"setting of the task adding must .* mean 'length'\?"),
        ({"task": "adding,length"}, r"must be written setting=value, got 'length' in 'adding,len"),
        ({"task": {"name": "adding", "length": [3, 3]}}, r"length of the task adding must be a va"),
        (
            {"task": {"name": "adding", "length": 0}},
            r"task adding: length must be at least 2, got 0",
        ),
        (
            {"task": {"length": 4}},
            r"task\[0\].name must be a task's name or FILE.py:NAME, got noth",
        ),
        ({"task": "text"}, r"file of the task text must be given: write text,file="),
        ({"task": ["adding", "adding,length=4"]}, r"labels of tasks must be different, got adding"),
        (
            {"task": 3},
            r"task must be a name such as \"adding\", FILE.py:NAME or a table .* got 3: ",
        ),
        ({"delays": [3]}, r"setting of task-study must be one of .*, got 'delays'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_in_a_task_study_is_named_on_one_line(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        load_spec("task-study", options)
    assert "\n" not in str(caught.value)


def test_gradient_flow_sweeps_nothing() -> None:
    message = r"lr must be one value in gradient-flow, got \[0.1, 0.2\]: run it once for each"
    with pytest.raises(ValueError, match=message):
        load_spec("gradient-flow", {"lr": [0.1, 0.2]})


def test_unknown_experiment_proposes_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"got 'copy-tsk': did you mean 'copy-task'\?.*FILE.toml"):
        load_spec("copy-tsk", {})


def test_gradient_flow_takes_one_delay_and_no_updates_if_wanted() -> None:
    assert load_spec("gradient-flow", {"updates": 0}).updates == 0
    with pytest.raises(
        ValueError, match=r"delays must be one delay in gradient-flow, got \[1, 2\]"
    ):
        load_spec("gradient-flow", {"delays": [1, 2]})
    with pytest.raises(ValueError, match="updates must be a whole number from 0 to .*, got -1"):
        load_spec("gradient-flow", {"updates": -1})
    assert load_spec("gradient-flow", {"evaluate_every": 3}).evaluate_every == 3


def test_twenty_evaluations_unless_told_otherwise() -> None:
    def every(**options: int) -> Any:
        spec = load_spec("copy-task", options)
        assert isinstance(spec, CopyTaskSpec)
        return spec.evaluate_every

    assert every(updates=1000) == 50
    assert every(updates=3) == 1
    assert every(updates=3, evaluate_every=7) == 7


def test_one_way_of_clipping_replaces_the_other() -> None:
    assert load_spec("copy-task", {"clip_value": 2}).clip is None
    paper = load_spec("copy-task", {"preset": "paper", "clip": 3})
    assert (paper.clip, paper.clip_value) == (3, None)
    assert load_spec("copy-task", {"clip": "none"}).clip is None
    assert load_spec("copy-task", {"clip": None}).clip is None


def test_singular_names_and_list_likes_are_taken() -> None:
    spec: Any = load_spec("copy-task", {"cell": "gru", "delay": 7})
    assert (spec.labels, spec.delays) == (["gru"], [7])
    spec = load_spec("copy-task", {"delays": np.arange(2, 9, 3), "hidden": np.int64(6)})
    assert (spec.delays, spec.hidden) == ([2, 5, 8], 6)
    spec = load_spec("copy-task", {"delays": range(1, 3), "cells": ("rnn",)})
    assert spec.delays == [1, 2]


@pytest.mark.parametrize(
    ("written", "cell", "label", "hidden", "bias"),
    [
        ("lstm", "lstm", "lstm", None, None),
        ("lstm,forget_bias=chrono", "lstm", "lstm,forget_bias=chrono", None, "chrono"),
        ("lstm, forget_bias=-.5, hidden=3", "lstm", "lstm, forget_bias=-.5, hidden=3", 3, -0.5),
        ("gru,label=ours", "gru", "ours", None, None),
        ({"cell": "lstm", "forget_bias": 0}, "lstm", "lstm,forget_bias=0", None, 0),
        ({"cell": "lstm", "hidden": 4, "label": "small"}, "lstm", "small", 4, None),
        (lstm, "lstm", "lstm", None, None),
    ],
)
def test_entries(written: Any, cell: str, label: str, hidden: Any, bias: Any) -> None:
    entry = CellEntry.model_validate(written)
    assert (entry.cell, entry.label) == (cell, label)
    assert (entry.hidden, entry.forget_bias) == (hidden, bias)


def test_forget_bias_goes_to_every_cell_with_a_gate_f_that_has_none_of_its_own() -> None:
    cells = ["rnn", "lstm", "peephole-lstm", "gru", "lstm,forget_bias=0", "lstm,forget_bias=chrono"]
    spec = load_spec("copy-task", {"cells": cells, "forget_bias": 2.5})
    biases = [entry.forget_bias for entry in spec.cells]
    assert biases == [None, 2.5, 2.5, None, 0, "chrono"]
    assert spec.labels == cells


def test_forget_bias_that_reaches_no_cell_is_an_error_even_if_cells_have_their_own() -> None:
    with pytest.raises(ValueError, match="must reach a cell with a gate f"):
        load_spec("copy-task", {"cells": ["lstm,forget_bias=0", "rnn"], "forget_bias": 1})


def test_a_file_says_what_differs_from_the_quick_preset(tmp_path: Path) -> None:
    study = tmp_path / "mine.toml"
    study.write_text('experiment = "copy-task"\nseeds = 7\nclip = "none"\ndelays = [4]\n')
    spec: Any = load_spec(study, {"delays": [9]})
    quick = load_spec("copy-task", {})
    assert (spec.name, spec.seeds, spec.clip, spec.delays) == ("mine", 7, None, [9])
    assert (spec.updates, spec.labels) == (quick.updates, quick.labels)


@pytest.mark.parametrize(
    "cells", ['["rnn,hidden=80", "lstm"]', '{ cell = "rnn", hidden = 80 }', '["rnn,parameters=80"]']
)
def test_a_size_that_would_reach_some_cells_only_is_refused(tmp_path: Path, cells: str) -> None:
    study = tmp_path / "mine.toml"
    study.write_text(f'experiment = "copy-task"\ncells = {cells}\n')
    load_spec(study, {})
    with pytest.raises(ValueError, match=r"hidden must not be given where cells state their own"):
        load_spec(study, {"hidden": 16})


def test_files_of_cells_lie_relative_to_the_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "cells.py").write_text(CELL_FILE)
    study = tmp_path / "sub" / "study.toml"
    study.write_text('experiment = "copy-task"\ncells = ["cells.py:leaky"]\nforget_bias = 1\n')
    monkeypatch.chdir(tmp_path)
    spec = load_spec("sub/study.toml", {})
    assert spec.labels == ["cells.py:leaky"]
    assert spec.cells[0].forget_bias == 1
    digest = spec.settings()["cells"][0]["sha256"]
    # cells named on the command line lie relative to where it is called
    assert load_spec("copy-task", {"cells": ["sub/cells.py:leaky"]}).cells[0].folder is None
    with pytest.raises(ValueError, match=r"file must exist, got 'cells\.py'"):
        load_spec(study, {"cells": ["cells.py:leaky"]})
    # other equations are another setting
    (tmp_path / "sub" / "cells.py").write_text(CELL_FILE.replace("1 - f", "0.5 * f"))
    assert load_spec(study, {}).settings()["cells"][0]["sha256"] != digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds = 3", "experiment must be given: add a line such as experiment ="),
        ('experiment = "copi-task"', "experiment must be one of .*: did you mean 'copy-task'"),
        ("experiment = 3", "experiment must be one of .*got '3'"),
        ('experiment = "copy-task"\nseeds = x\n', r"must be valid TOML, got: .*line 2.*; correct"),
        ('experiment = "copy-task"\nseds = 3', "setting of copy-task .*: did you mean 'seeds'"),
        ('experiment = "copy-task"\nlr = "fast"', "lr must be a number above 0, got 'fast'"),
        ('experiment = "copy-task"\ncells = ["lsm"]', "cell must be one of .*mean 'lstm'"),
        ('experiment = "copy-task"\ncells = [{ cell = "rnn", forget_bias = 1 }]', "rnn has none"),
    ],
)
def test_wrong_files_are_named_on_one_line(tmp_path: Path, text: str, message: str) -> None:
    study = tmp_path / "study.toml"
    study.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        load_spec(study, {})
    assert str(caught.value).startswith(f"{study}")
    assert "\n" not in str(caught.value)


def test_a_reference_is_one_of_the_compared_cells() -> None:
    entries = ["gru", {"cell": "lstm", "forget_bias": [0, 1.0]}]
    for reference in ("gru", "lstm,forget_bias=0", "lstm,forget_bias=1"):
        spec = load_spec("copy-task", {"cells": entries, "reference": reference})
        assert spec.reference == reference
        assert "reference" not in spec.settings()  # it decides no number
    message = (
        "reference must be the label of a cell of the study, one of gru, lstm,forget_bias=0, "
        "lstm,forget_bias=1, got 'lstm': name one of these"
    )
    with pytest.raises(ValueError, match=message):
        load_spec("copy-task", {"cells": entries, "reference": "lstm"})


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the spec must be a file .*No such file"):
        load_spec(tmp_path / "none.toml", {})
    with pytest.raises(ValueError, match=r"the spec must be a file .*[Dd]irectory"):
        load_spec(tmp_path, {})
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe4"')
    with pytest.raises(ValueError, match="must be TOML in UTF-8"):
        load_spec(tmp_path / "latin.toml", {})
    (tmp_path / "study.toml").write_text('experiment = "copy-task"')
    with pytest.raises(ValueError, match="preset must not be given with a file, got 'paper'"):
        load_spec(tmp_path / "study.toml", {"preset": "paper"})
