"""docs/gallery.md shows every figure of the gradient lab, from files that its commands made."""

from __future__ import annotations

import doctest
import json
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from rnnlab.cli.main import commands
from rnnlab.registry import figures

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "gallery.md"
TEXT = PAGE.read_text(encoding="utf-8")
PICTURES = re.findall(r"!\[[^\]]+\]\(\.\./([^)]+)\)", TEXT)
COMMANDS = re.findall(r"^rnnlab .+$", TEXT, re.MULTILINE)


def test_every_example() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert failed == 0
    assert tried >= 10


def test_every_figure_is_shown_with_its_command() -> None:
    shown = {Path(picture).stem for picture in PICTURES}
    assert shown == {name for name in figures if "gradient-flow" in figures[name].experiments}
    for name in shown:
        assert any(command.startswith(f"rnnlab plot {name} ") for command in COMMANDS)


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_lies_beside_the_table_that_draws_it(picture: str) -> None:
    file = ROOT / picture
    assert file.stat().st_size < 160_000
    spec = figures[file.stem]
    table = pd.read_csv(file.parent / spec.table, keep_default_na=False, na_values=[""])
    assert isinstance(spec.figure(table), Figure)
    assert f"({'../' + str(Path(picture).parent / spec.table)})" in TEXT


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one(command: str) -> None:
    words = shlex.split(command)[1:]
    outer = commands.make_context("rnnlab", [], resilient_parsing=True)
    name, sub, rest = commands.resolve_command(outer, words)
    assert sub is not None
    sub.make_context(str(name), rest, resilient_parsing=False)


def test_the_commands_are_those_of_the_manifests() -> None:
    for command in COMMANDS:
        if command.startswith("rnnlab run"):
            words = shlex.split(command)
            folder = ROOT / words[words.index("--out") + 1]
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            said = shlex.split(manifest["command"])
            assert [word for word in said if word != "--force"] == words
