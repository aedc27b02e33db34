"""docs/own-cell.md does what it says: its files are written and its commands run, in order."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest


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


def test_the_page_from_top_to_bottom(reader: Any) -> None:
    reader.follow("own-cell.md", install=lambda folder: install(folder, reader.site))
    assert reader.lines_compared
    results = reader.folder / "results"
    for figure in ("copy-task/copy-task", "study/copy-task", "gradient-flow/gradient-decay"):
        assert (results / f"{figure}.png").stat().st_size > 10_000
    assert "update-gate" in reader.start("rnnlab cells").stdout
    summary = (results / "copy-task" / "summary.csv").read_text()
    assert "\nlstm," in summary
    assert "\nmy_cells.py:cifg," in summary
    assert "cifg, chrono" in (results / "study" / "summary.csv").read_text()
    assert any(line.startswith("rnnlab gradcheck") for line in reader.printed)


@pytest.mark.parametrize("file", ["my_cells.py", "study.toml", "analyse.py"])
def test_every_file_is_named_on_its_first_line(file: str, reader: Any) -> None:
    blocks = reader.blocks("own-cell.md")
    named = [text.partition("\n")[0] for language, text in blocks if language != "sh"]
    assert f"# {file}" in named
