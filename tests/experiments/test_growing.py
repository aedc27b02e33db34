"""A result that grows: the same bytes as all at once, and what is there is not computed again."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

import rnnlab
from rnnlab.experiments import Progress, Study
from rnnlab.experiments.store.store import Store

OWN_CELL = '''
from rnnlab import cell, linear, tanh

@cell
def mine(x, h):
    """A cell of my own."""
    h = tanh(linear("g", x, h))
    return h
'''


class Computed(Progress):
    """Remembers which runs were computed."""

    def __init__(self) -> None:
        self.runs: list[str] = []

    def finished(self, run: Any, outcome: str) -> None:
        """Take note of a run."""
        self.runs.append(str(run))


def without_seconds(path: Path) -> list[list[str]]:
    """Return the fields of a table as they are written, but for how long a run took."""
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    if "seconds" not in rows[0]:
        return rows
    place = rows[0].index("seconds")
    return [[*row[:place], *row[place + 1 :]] for row in rows]


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows as they are written, without what is empty."""
    rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    return [{name: text for name, text in row.items() if text} for row in rows]


def grow(path: Path, study: str, first: dict[str, Any], then: dict[str, Any]) -> list[str]:
    """Run a study, let it grow, compare it with all at once, and return what was computed then."""
    rnnlab.run(study, out=path / "grown", jobs=1, **first)
    before = rows_of(path / "grown/metrics.csv")
    computed = Computed()
    result = Study(study, out=path / "grown", jobs=1, **then).execute(computed)
    settings = json.loads((path / "grown/manifest.json").read_text())["settings"]
    for key in ("cells", "task"):  # as the union has them
        if key in settings:
            given = [
                {k: v for k, v in one.items() if not k.endswith("sha256") and v is not None}
                for one in settings[key]
            ]
            then = {**then, key: given}
    then = {**then, **{k: settings[k] for k in ("seeds", "delays", "lr") if k in settings}}
    rnnlab.run(study, out=path / "whole", jobs=1, **then)
    names = {file.name for file in (path / "whole").iterdir()}
    assert names == {file.name for file in (path / "grown").iterdir()}
    for name in ("metrics.csv", "summary.csv"):
        grown, whole = (without_seconds(path / one / name) for one in ("grown", "whole"))
        assert grown == whole, name
    after = rows_of(path / "grown/metrics.csv")
    assert all(any(row.items() <= other.items() for other in after) for row in before)
    assert len(result.metrics) == len(without_seconds(path / "whole/metrics.csv")) - 1
    return computed.runs


def test_more_seeds_are_added(tmp_path: Path, tiny: dict[str, Any]) -> None:
    computed = grow(tmp_path, "copy-task", {**tiny, "seeds": 1}, {**tiny, "seeds": 3})
    assert computed == [
        f"{cell}, delay {delay}, seed {seed}"
        for cell in ("rnn", "gru")
        for delay in (3, 6)
        for seed in (1, 2)
    ]


def test_more_cells_are_added_wherever_they_are_named(tmp_path: Path, tiny: dict[str, Any]) -> None:
    more = {**tiny, "cells": ["lstm,forget_bias=0", "rnn", "lstm", "gru"]}
    computed = grow(tmp_path, "copy-task", tiny, more)
    assert {run.split(", ")[0] for run in computed} == {"lstm,forget_bias=0", "lstm"}


def test_a_cell_that_is_named_alone_comes_after_the_others(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    rnnlab.run("copy-task", out=tmp_path, jobs=1, **tiny)
    study = Study("copy-task", out=tmp_path, jobs=1, **{**tiny, "cells": ["lstm"], "seeds": 1})
    assert study.spec.labels == ["rnn", "gru", "lstm"]
    assert study.spec.seeds == 2  # what is there is kept
    assert study.beyond == ["seed 1", "cells rnn, gru"]
    assert len(study.missing) == 4


def test_a_smaller_study_finds_everything_done_and_touches_nothing(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    rnnlab.run("copy-task", out=tmp_path, jobs=1, **tiny)
    before = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    smaller = {**tiny, "cells": ["gru"], "delays": [6], "seeds": 1}
    result = rnnlab.run("copy-task", out=tmp_path, jobs=1, **smaller)
    assert set(result.summary["cell"]) == {"rnn", "gru"}
    assert before == {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}


def test_delays_and_rates_are_added_though_the_table_gets_a_column(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    first = {**tiny, "delays": [6], "lr": 0.005}
    then = {**tiny, "delays": [3, 6], "lr": [0.01, 0.005]}
    computed = grow(tmp_path, "copy-task", first, then)
    assert len(computed) == 2 * (2 * 2 * 2) - 4
    assert "gru, delay 6, lr 0.005, seed 0" not in computed


def test_a_task_of_other_metrics_is_added(tmp_path: Path, tiny: dict[str, Any]) -> None:
    common = {k: v for k, v in tiny.items() if k not in ("payload", "alphabet", "delays")}
    first = {**common, "task": ["adding,length=4"]}
    then = {**common, "task": [{"name": "parity", "length": [3, 5]}, "adding,length=4"]}
    computed = grow(tmp_path, "task-study", first, then)
    assert len(computed) == 2 * 2 * 2
    assert all("parity" in run for run in computed)


def test_gradient_flow_grows_with_its_further_tables(
    tmp_path: Path, tiny_flow: dict[str, Any]
) -> None:
    first = {**tiny_flow, "measure": ["decay", "gates"], "cells": ["gru"], "seeds": 1}
    then = {**first, "cells": ["gru", "lstm"], "seeds": 2}
    rnnlab.run("gradient-flow", out=tmp_path / "grown", jobs=1, **first)
    computed = Computed()
    Study("gradient-flow", out=tmp_path / "grown", jobs=1, **then).execute(computed)
    assert computed.runs == [
        "gru, delay 4, seed 1",
        "lstm, delay 4, seed 0",
        "lstm, delay 4, seed 1",
    ]
    rnnlab.run("gradient-flow", out=tmp_path / "whole", jobs=1, **then)
    names = sorted(file.name for file in (tmp_path / "whole").iterdir())
    assert names == sorted(file.name for file in (tmp_path / "grown").iterdir())
    for name in set(names) - {"manifest.json"}:
        grown, whole = ((tmp_path / one / name).read_bytes() for one in ("grown", "whole"))
        assert grown == whole, name


def test_the_manifest_keeps_what_each_part_was_made_with(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    rnnlab.run("copy-task", out=tmp_path, jobs=1, **{**tiny, "seeds": 1})
    rnnlab.report(tmp_path)
    rnnlab.run("copy-task", out=tmp_path, jobs=1, **tiny)
    assert not (tmp_path / "report.html").exists()  # it would be wrong
    assert not (tmp_path / "outcomes.csv").exists()
    rnnlab.run("copy-task", out=tmp_path, jobs=1, **{**tiny, "cells": ["lstm"]})
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [one["settings"]["seeds"] for one in manifest["history"]] == [1, 2]
    assert all(one["end"] and "git_commit" in one for one in manifest["history"])
    assert "seeds=1" in manifest["history"][0]["command"]
    assert "cells=['lstm']" in manifest["command"]
    assert manifest["settings"]["seeds"] == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lr": 0.5}, r"lr = 0\.\d+ there and 0.5 now"),
        ({"hidden": 6, "seeds": 5}, "hidden = 5 there and 6 now"),
        ({"cells": [{"cell": "rnn", "hidden": 7, "label": "rnn"}, "gru", "lstm"]}, "hidden"),
        ({"lr": [0.5, 0.25]}, "lr = "),
    ],
)
def test_other_settings_are_refused_however_much_is_added(
    tmp_path: Path, tiny: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    rnnlab.run("copy-task", out=tmp_path, jobs=1, **tiny)
    before = (tmp_path / "metrics.csv").read_bytes()
    with pytest.raises(ValueError, match=f"must hold a result of the same settings, got .*{said}"):
        Study("copy-task", out=tmp_path, **{**tiny, **change})
    assert (tmp_path / "metrics.csv").read_bytes() == before


def test_another_delay_of_gradient_flow_is_another_study(
    tmp_path: Path, tiny_flow: dict[str, Any]
) -> None:
    rnnlab.run("gradient-flow", out=tmp_path, jobs=1, **tiny_flow)
    with pytest.raises(ValueError, match=r"got delays\[0\] = 4 there and 5 now"):
        Study("gradient-flow", out=tmp_path, **{**tiny_flow, "delays": [5]})


def test_a_cell_of_a_file_that_changed_is_another_cell(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    (tmp_path / "own.py").write_text(OWN_CELL)
    own = f"{tmp_path / 'own.py'}:mine"
    rnnlab.run("copy-task", out=tmp_path / "out", jobs=1, **{**tiny, "cells": [own]})
    study = Study("copy-task", out=tmp_path / "out", **{**tiny, "cells": ["gru"]})
    assert study.spec.labels == [own, "gru"]
    (tmp_path / "own.py").write_text(OWN_CELL.replace("A cell", "Another cell"))
    with pytest.raises(ValueError, match=r"got cells\S* = "):
        Study("copy-task", out=tmp_path / "out", **{**tiny, "cells": ["gru"]})


@pytest.mark.parametrize("moment", ["manifest", "run", "table"])
def test_a_kill_while_it_grows_loses_nothing(
    tmp_path: Path, tiny: dict[str, Any], moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {**tiny, "delays": [6], "lr": 0.005}
    then = {**tiny, "delays": [3, 6], "lr": [0.01, 0.005]}
    rnnlab.run("copy-task", out=tmp_path / "grown", jobs=1, **first)

    class Killed(BaseException):
        pass

    method = {"manifest": "plan", "run": "add", "table": "summarise"}[moment]
    original = getattr(Store, method)

    def die(store: Store, *arguments: Any) -> None:
        if moment == "run":
            original(store, *arguments)
        raise Killed

    monkeypatch.setattr(Store, method, die)
    if moment == "run":  # nothing that comes after a kill is done
        monkeypatch.setattr(Store, "assemble", lambda _: None)
    with pytest.raises(Killed):
        rnnlab.run("copy-task", out=tmp_path / "grown", jobs=1, **then)
    monkeypatch.undo()
    computed = Computed()
    Study("copy-task", out=tmp_path / "grown", jobs=1, **then).execute(computed)
    assert len(computed.runs) == {"manifest": 12, "run": 11, "table": 0}[moment]
    rnnlab.run("copy-task", out=tmp_path / "whole", jobs=1, **then)
    for name in ("metrics.csv", "summary.csv"):
        grown, whole = (without_seconds(tmp_path / one / name) for one in ("grown", "whole"))
        assert grown == whole
    history = json.loads((tmp_path / "grown/manifest.json").read_text())["history"]
    assert len(history) == 1


def test_an_unfinished_study_grows_too(
    tmp_path: Path, tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    count, original = [], Store.add

    def die(store: Store, *arguments: Any) -> None:
        original(store, *arguments)
        count.append(1)
        if len(count) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Store, "add", die)
    monkeypatch.setattr(Store, "assemble", lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        rnnlab.run("copy-task", out=tmp_path / "grown", jobs=1, **tiny)
    monkeypatch.undo()
    then = {**tiny, "cells": ["rnn", "gru", "lstm"]}
    computed = Computed()
    Study("copy-task", out=tmp_path / "grown", jobs=1, **then).execute(computed)
    assert len(computed.runs) == 12 - 3
    rnnlab.run("copy-task", out=tmp_path / "whole", jobs=1, **then)
    grown, whole = (without_seconds(tmp_path / one / "metrics.csv") for one in ("grown", "whole"))
    assert grown == whole
