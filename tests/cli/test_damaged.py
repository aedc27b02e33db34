"""Commands on damaged and hostile folders: the result, or one line that names the file."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rnnlab
from rnnlab.cli.main import main
from rnnlab.cli.output import say
from tests.cli.damaging import variants

TINY: dict[str, Any] = {
    "cells": ["rnn", "gru"], "hidden": 4, "batch": 4, "updates": 4, "seeds": 2,
    "evaluation_batch": 5, "jobs": 1,
}  # fmt: skip
COPY: dict[str, Any] = {"delays": [3, 5], "payload": 2, "alphabet": 3}
STUDIES: dict[str, dict[str, Any]] = {
    "copy-task": {**COPY, "evaluate_every": 2},
    "task-study": {"task": ["adding,length=4", "parity,length=3"], "lr": [0.01, 0.1]},
    "gradient-flow": {**COPY, "delays": [3], "measure": ["decay", "paths", "gates"]},
}
FIGURES = {
    "copy-task": ("copy-task", "outcomes", "survival", "comparison"),
    "task-study": ("task-study", "outcomes", "learning-curves"),
    "gradient-flow": ("gradient-decay", "gate-map", "path-shares"),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return small results of every kind, with their reports."""
    folders = {}
    for name, options in STUDIES.items():
        folders[name] = tmp_path_factory.mktemp("results") / name
        rnnlab.run(name, out=folders[name], **TINY, **options)
        rnnlab.report(folders[name])
    return folders


def faults(
    source: Path, study: str, folder: Path, capsys: Any, every: int, first: int
) -> Iterator[str]:
    """Yield what is wrong with how commands take every so many-th kind of damage."""
    for number, (name, damage) in enumerate(variants(source)):
        if number % every != first:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)
        damage(folder)
        figure = FIGURES[study][number // every % len(FIGURES[study])]
        commands = [["status"], ["report"], ["plot", figure, "--from"]]
        for words in commands[:1] if name.startswith(("runner", "plan", "runs")) else commands:
            try:
                code = main([*words, str(folder)])
            except Exception as error:  # that is the fault
                yield f"{name}: {words[0]}: {type(error).__name__} {error}"
                continue
            printed = capsys.readouterr()
            lines = printed.err.splitlines()
            if (code, len(lines)) not in ((0, 0), (2, 1)):
                yield f"{name}: {words[0]}: exit code {code}, {printed.err[:300]!r}"
            if any(character in printed.out + printed.err for character in "\x1b\x07\x00\u202e"):
                yield f"{name}: {words[0]}: a character that the terminal obeys"
            if code == 2 and "case" not in printed.err:
                yield f"{name}: {words[0]}: no file is named in {printed.err!r}"


@pytest.mark.parametrize("study", STUDIES)
def test_damaged_results(
    results: dict[str, Path], study: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(faults(results[study], study, tmp_path / "case", capsys, 1009, 7)) == []


@pytest.mark.slow
@pytest.mark.parametrize("study", STUDIES)
def test_many_damaged_results(
    results: dict[str, Path], study: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(faults(results[study], study, tmp_path / "case", capsys, 23, 3)) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("[]", "manifest.json must have an object in settings, got []"),
        ('{"lr": 1e400}', "a finite number in settings.lr, got inf"),
        (
            '{"seeds": 99999999999999999999}',
            "a whole number below 2^63 in settings.seeds, got 999999999",
        ),
        ('{"cells": [{"label": ""}]}', "without control characters in settings.cells.0.label"),
        ('{"cells": [{"label": "\\u001b[31m"}]}', r"settings.cells.0.label, got '\x1b[31m'"),
        ('{"a": ' + "[" * 100_000, "must not be nested so deeply"),
    ],
)
def test_the_key_is_named(
    results: dict[str, Path], tmp_path: Path, settings: str, message: str, capsys: Any
) -> None:
    folder = Path(shutil.copytree(results["copy-task"], tmp_path / "case"))
    (folder / "manifest.json").write_text(f'{{"settings": {settings}}}')
    for words in (["status"], ["report"], ["plot", "copy-task", "--from"]):
        assert main([*words, str(folder)]) == 2
        assert message in capsys.readouterr().err


def test_the_column_and_the_row_are_named(
    results: dict[str, Path], tmp_path: Path, capsys: Any
) -> None:
    folder = Path(shutil.copytree(results["copy-task"], tmp_path / "case"))
    lines = (folder / "metrics.csv").read_text().splitlines()
    lines[3] = lines[3].replace("rnn,", "\x1b[31mrnn,")
    (folder / "metrics.csv").write_text("\n".join(lines))
    assert main(["report", str(folder)]) == 2
    expected = r"in the column cell, got '\x1b[31mrnn' in row 3"
    assert expected in capsys.readouterr().err


def test_a_report_runs_no_program_that_a_folder_names(
    results: dict[str, Path], tmp_path: Path, capsys: Any
) -> None:
    folder = Path(shutil.copytree(results["task-study"], tmp_path / "case"))
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    manifest = json.loads((folder / "manifest.json").read_text())
    for key, name in (("task", "name"), ("cells", "cell")):
        for entry in manifest["settings"][key]:
            entry[name] = f"{folder / 'evil.py'}:{entry[name]}"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    before = rnnlab.report(results["task-study"]).tables["outcomes"]
    for words in (["report"], ["status"], ["plot", "task-study", "--from"]):
        assert main([*words, str(folder)]) == 0
    assert not (tmp_path / "ran").exists()
    # what the tasks say of themselves is in the manifest
    assert rnnlab.report(folder).tables["outcomes"].equals(before)


def test_labels_of_every_script_are_drawn_without_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = ["模型", "क्षि", "e\u0301\u0323", "مرحبا", "a$b", "$\\foo$", "x_{1}"]
    cells = [{"cell": "rnn", "label": label} for label in labels]
    rnnlab.run("copy-task", out=tmp_path, **{**TINY, **COPY, "cells": cells, "seeds": 1})
    for words in (["report"], ["plot", "survival", "--from"], ["plot", "comparison", "--from"]):
        assert main([*words, str(tmp_path)]) in (0, 2)
    assert main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().err.count("\n") <= 1  # one seed: there is no comparison to draw


def test_a_label_that_the_terminal_would_obey_is_refused(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "study.toml"
    file.write_text('task = "adding"\ncells = [{ cell = "rnn", label = "\\u001B[31mred" }]\n')
    assert main(["run", str(file), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "cells[0].label must be a text of one line, without control characters" in error
    assert r"got '\x1b[31mred'" in error


def test_names_of_files_are_written_out(tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "\x1b[31mred"
    for words in (["status"], ["report"], ["plot", "copy-task", "--from"], ["run"]):
        assert main([*words, str(folder)]) == 2
        printed = capsys.readouterr()
        assert "\x1b" not in printed.err + printed.out
        assert "\\x1b[31mred" in printed.err


def test_what_cannot_be_encoded_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="latin-1")
    monkeypatch.setattr("sys.stdout", stream)
    assert main(["plot", "--list"]) == 0
    say("größe 模")
    stream.flush()
    assert b"gr\xf6\xdfe \\u6a21" in buffer.getvalue()
