"""docs/own-cell.md does what it says: its files are written and its commands run, in order."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "own-cell.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    """Return the language and the text of every block of code on the page."""
    return BLOCK.findall(PAGE.read_text())


def install(folder: Path, site: Path) -> None:
    """Do what `pip install` does with the page's package, without the network."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    name, version = project["project"]["name"], project["project"]["version"]
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = project["project"]["entry-points"]
    lines = [
        f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in entries.items())
        for group, entries in groups.items()
    ]
    (info / "entry_points.txt").write_text("".join(lines))
    for module in project["tool"]["setuptools"]["py-modules"]:
        (site / f"{module}.py").write_text((folder / f"{module}.py").read_text())


def test_the_page_from_top_to_bottom(tmp_path: Path) -> None:
    work, site = tmp_path / "work", tmp_path / "site"
    work.mkdir()
    paths = [str(site), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    programs = {
        "rnnlab": [sys.executable, "-W", "error", "-m", "rnnlab.cli"],
        "python": [sys.executable, "-W", "error"],
    }
    output, commands = "", []
    for language, text in blocks():
        if language in ("python", "toml"):
            file = work / text.partition("\n")[0].removeprefix("# ")
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        elif language == "text":  # what the commands before it print
            printed = {line.strip() for line in output.splitlines()}
            for line in text.splitlines():
                assert line in printed, line
        else:
            assert language == "sh"
            output = ""
            for line in text.splitlines():
                program, *arguments = shlex.split(line, comments=True)
                commands.append([program, *arguments])
                if program == "pip":
                    assert arguments[0] == "install"
                    install(work / arguments[1], site)
                    continue
                done = subprocess.run(
                    [*programs[program], *arguments],
                    cwd=work,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=300,
                )
                assert done.returncode == 0, f"{line}\n{done.stderr}"
                output += done.stdout
    for figure in ("copy-task/copy-task", "study/copy-task", "gradient-flow/gradient-decay"):
        assert (work / "results" / f"{figure}.png").stat().st_size > 10_000
    assert "update-gate" in subprocess.run(
        [*programs["rnnlab"], "cells"],
        cwd=work, env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    summary = (work / "results" / "copy-task" / "summary.csv").read_text()
    assert "\nlstm," in summary
    assert "\nmy_cells.py:cifg," in summary
    assert "cifg, chrono" in (work / "results" / "study" / "summary.csv").read_text()
    assert any(command[:2] == ["rnnlab", "gradcheck"] for command in commands)


@pytest.mark.parametrize("file", ["my_cells.py", "study.toml", "analyse.py"])
def test_every_file_is_named_on_its_first_line(file: str) -> None:
    named = [text.partition("\n")[0] for language, text in blocks() if language != "sh"]
    assert f"# {file}" in named
