"""The folder of a result: nothing is lost, nothing is half written, nothing foreign is touched."""

from __future__ import annotations

import json
import math
import os
import shutil
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnlab import files
from rnnlab.experiments.results.tables import read_csv, to_csv
from rnnlab.experiments.store import manifest
from rnnlab.experiments.store.store import Store
from rnnlab.experiments.store.writing import write_whole

COLUMNS = ("cell", "seed", "update", "loss")
ORDER = [("b", 0), ("b", 1), ("a,x=1", 0)]


def open_store(path: Path, **options: Any) -> Store:
    settings = {"lr": 0.1, "cells": [{"label": "b"}, {"label": "a,x=1"}], **options.pop("set", {})}
    return Store(
        path,
        table="metrics",
        columns=COLUMNS,
        key=("cell", "seed"),
        order=ORDER,
        settings=settings,
        **options,
    )


def rows(key: tuple[str, int], loss: float = 0.1) -> pd.DataFrame:
    table = pd.DataFrame({"cell": key[0], "seed": key[1], "update": [1, 2], "loss": loss})
    return table[list(COLUMNS)]


def partial_of_the_dead(path: Path) -> Path:
    """Return the file that a process writes for `path`, of a process that is no more."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    partial = files.partial_of(path)
    return partial.with_name(partial.name.replace(f"-{os.getpid()}.", f"-{ended.pid}."))


def complete(path: Path) -> Store:
    store = open_store(path)
    store.open()
    store.begin("a test", {"jobs": 1})
    for key in ORDER:
        store.add(key, rows(key))
    store.assemble()
    store.summarise(pd.DataFrame({"cell": ["b"]}))
    store.finish()
    store.close()
    return store


def test_rows_lie_in_the_order_of_the_grid_whenever_they_come(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.open()
    store.begin("a test", {"jobs": 1})
    for key in reversed(ORDER):
        store.add(key, rows(key))
    store.assemble()
    assert store.table_file.read_text() == (
        "cell,seed,update,loss\n"
        "b,0,1,0.1\nb,0,2,0.1\nb,1,1,0.1\nb,1,2,0.1\n"
        '"a,x=1",0,1,0.1\n"a,x=1",0,2,0.1\n'
    )


def test_a_finished_run_is_on_disk_at_once(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.open()
    store.begin("a test", {"jobs": 1})
    store.add(ORDER[1], rows(ORDER[1]))
    assert open_store(tmp_path).done == {ORDER[1]}


def test_numbers_and_labels_read_back_exactly(tmp_path: Path, rng: np.random.Generator) -> None:
    values = [*(rng.normal(size=500) * 10.0 ** rng.integers(-300, 300, 500)), 0.1, 5e-324]
    values += [math.nan, math.inf, -math.inf, 1e22, -0.0, 1.0]
    labels = ["NA", "nan", "1e3", "a,b", 'say "c"', "ü", *["x"] * (len(values) - 6)]
    table = pd.DataFrame({"cell": labels, "value": values})
    path = tmp_path / "table.csv"
    write_whole(path, to_csv(table))
    again = read_csv(path)
    assert again["cell"].tolist() == labels
    assert np.array_equal(again["value"].to_numpy(), np.array(values), equal_nan=True)
    assert to_csv(again) == path.read_text(encoding="utf-8")


def test_a_resumed_table_keeps_its_bytes(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.open()
    store.begin("a test", {"jobs": 1})
    for key, loss in zip(ORDER, (0.1 + 0.2, math.nan, 1.0), strict=True):
        store.add(key, rows(key, loss))
    store.assemble()
    store.close()
    before = store.table_file.read_bytes()
    again = open_store(tmp_path)
    again.open()
    again.begin("a test", {"jobs": 1})
    again.add(ORDER[0], rows(ORDER[0], 0.1 + 0.2))
    again.assemble()
    assert again.table_file.read_bytes() == before


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.csv"
    write_whole(path, "old")

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_files_have_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_whole(tmp_path / "whole", "")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "whole")]
    assert modes[0] == modes[1]


def test_the_manifest_says_what_the_numbers_were_made_with(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.open()
    store.begin("rnnlab run x", {"jobs": 2})
    unfinished = json.loads(store.manifest_file.read_text())
    assert unfinished["end"] is None
    store.finish()
    manifest = json.loads(store.manifest_file.read_text())
    assert manifest["command"] == "rnnlab run x"
    assert manifest["settings"]["lr"] == 0.1
    assert manifest["packages"]["numpy"] == np.__version__
    assert manifest["end"] >= manifest["start"] == unfinished["start"]
    expected = {"rnnlab", "python", "git_commit", "git_changed", "cpu", "threads", "jobs"}
    assert expected <= manifest.keys()
    assert manifest["cpu"]
    assert manifest["threads"] >= 1


def test_the_manifest_knows_changed_code_from_a_result_made_anew(tmp_path: Path) -> None:
    package = Path(manifest.__file__).parents[2]
    shutil.copytree(package, tmp_path / "rnnlab", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "summary.csv").write_text("before")

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def state() -> Any:
        script = (
            "import json; from rnnlab.experiments.store import manifest as m; "
            "print(json.dumps(m.git_state()))"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return json.loads(done.stdout)

    git("init")
    git("add", ".")
    git("commit", "-m", "all")
    clean = state()
    assert clean["git_changed"] is False
    (tmp_path / "summary.csv").write_text("after")
    assert state() == clean
    with (tmp_path / "rnnlab" / "registry.py").open("a") as code:
        code.write("# changed")
    assert state() == clean | {"git_changed": True}


def test_a_result_of_other_settings_is_not_touched(tmp_path: Path) -> None:
    complete(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(
        ValueError, match=r"same settings, got lr = 0\.1 there and 0\.2 now: .*--fo"
    ):
        open_store(tmp_path, set={"lr": 0.2})
    with pytest.raises(ValueError, match=r'cells = \["b", "a,x=1"\] there and \["b"\] now'):
        open_store(tmp_path, set={"cells": [{"label": "b"}]})
    with pytest.raises(ValueError, match="payload = nothing there and 3 now"):
        open_store(tmp_path, set={"payload": 3})
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_force_replaces_our_files_and_no_others(tmp_path: Path) -> None:
    complete(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "gradients.csv").write_text("of another experiment")
    store = open_store(tmp_path, set={"lr": 0.2}, force=True)
    assert store.done == set()
    assert not store.is_finished()
    assert store.table_file.exists()  # nothing goes before something new begins
    store.open()
    store.begin("again", {"jobs": 1}, leftovers=["gradients.csv"])
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.json", "notes.txt", "runs"}


def test_a_table_without_a_manifest_or_with_a_broken_one_is_not_continued(tmp_path: Path) -> None:
    store = complete(tmp_path)
    store.manifest_file.write_text("{")
    with pytest.raises(ValueError, match=r"manifest.json must be JSON, .*force"):
        open_store(tmp_path)
    store.manifest_file.unlink()
    with pytest.raises(ValueError, match=r"must say in manifest.json what metrics.csv .*force"):
        open_store(tmp_path)


def test_a_table_with_other_columns_is_not_continued(tmp_path: Path) -> None:
    store = complete(tmp_path)
    store.table_file.write_text("cell,seed\n")
    with pytest.raises(ValueError, match=r"must have the columns cell,seed,update,loss, got cell,"):
        open_store(tmp_path)


def test_finished_means_every_run_the_summary_and_a_closed_manifest(tmp_path: Path) -> None:
    assert complete(tmp_path).is_finished()
    assert open_store(tmp_path).is_finished()
    (tmp_path / "summary.csv").unlink()
    assert not open_store(tmp_path).is_finished()


@pytest.mark.parametrize("inside", ["", "deeper"])
def test_a_folder_that_cannot_be_written(tmp_path: Path, inside: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match=r"out must be a folder that can be written, got .*file"):
        open_store(tmp_path / "file" / inside)
    assert (tmp_path / "file").read_text() == "in the way"


def test_no_folder_is_too_deep(tmp_path: Path) -> None:
    open_store(tmp_path / "a" / "b" / "c")
    assert list((tmp_path / "a" / "b" / "c").iterdir()) == []


def test_what_a_kill_left_half_written_goes_with_the_records(tmp_path: Path) -> None:
    store = open_store(tmp_path, further={"gates": COLUMNS})
    store.open()
    store.begin("a test", {"jobs": 1})
    for key in ORDER:
        store.add(key, rows(key), {"gates": rows(key)})
    for name in ("runs/abc.csv", "runs/gates/abc.csv", "metrics.csv"):
        partial_of_the_dead(tmp_path / name).write_text("b,0,")
    (tmp_path / ".book.txt.4242.part").write_text("not ours")
    store.assemble()
    store.summarise(pd.DataFrame({"cell": ["b"]}))
    store.finish()
    store.close()
    assert store.is_finished()
    assert {path.name for path in tmp_path.iterdir()} == {
        "metrics.csv", "gates.csv", "summary.csv", "manifest.json", ".book.txt.4242.part",
    }  # fmt: skip


def test_a_folder_that_is_refused_is_free_for_others(tmp_path: Path) -> None:
    late = open_store(tmp_path)
    open_store(tmp_path, set={"lr": 0.2})  # nothing is there yet: neither is refused
    other = open_store(tmp_path, set={"lr": 0.2})
    other.open()
    other.begin("a test", {"jobs": 1})
    other.close()
    with pytest.raises(ValueError, match="same settings, got lr"):
        late.open()
    other.open()
    other.close()


def test_a_runner_of_the_same_number_on_another_host_is_another(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    (tmp_path / "runs").mkdir()
    state = {"host": "elsewhere", "pid": os.getpid(), "beat": time.time(), "ended": None}
    (tmp_path / "runs" / "runner.json").write_text(json.dumps(state))
    with pytest.raises(ValueError, match=rf"got process {os.getpid()} on elsewhere at work there"):
        store.open()
    state["host"] = socket.gethostname()
    (tmp_path / "runs" / "runner.json").write_text(json.dumps(state))
    store.open()
    store.close()


def test_a_label_may_hold_what_only_unicode_calls_the_end_of_a_line(tmp_path: Path) -> None:
    key = ("a\u2028b\x0cc\x85d", 0)
    options: Any = {"table": "metrics", "columns": COLUMNS, "key": ("cell", "seed"), "settings": {}}
    store = Store(tmp_path, order=[key], **options)
    store.open()
    store.begin("a test", {"jobs": 1})
    store.add(key, rows(key))
    store.assemble()
    assert Store(tmp_path, order=[key], **options).done == {key}
    (tmp_path / "metrics.csv").unlink()
    assert Store(tmp_path, order=[key], **options).done == {key}  # from the record
    store.close()
