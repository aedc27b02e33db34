"""The README's files are written and its commands run, in order, as a newcomer does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

#: Options that are added to a command so that it takes seconds instead of minutes.
SHORTER = {"rnnlab run copy-task": "--delay 5 --hidden 8 --updates 40 --seeds 2"}


def shorter(line: str) -> str:
    command = line.partition("#")[0].strip()
    return next((f"{command} {SHORTER[start]}" for start in SHORTER if start in line), command)


def test_the_page_from_top_to_bottom(reader: Any) -> None:
    targets = []

    def make(language: str, text: str) -> bool:
        """Collect the targets of `make`, which would set up an environment."""
        found = re.findall(r"^make (\w+)", text, re.MULTILINE)
        targets.extend(found)
        return bool(found)

    reader.follow("../README.md", special=make, change=shorter)
    assert targets == ["run", "test"]
    assert reader.lines_compared == 4
    results = reader.folder / "results" / "copy-task"
    assert (results / "copy-task.png").stat().st_size > 10_000
    assert "my_cells.py:coupled" in (results / "report.html").read_text(encoding="utf-8")
    done = reader.start("python look.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == ["(100, 32, 64)", "(192, 64) (101, 32, 64)", ""]


def test_make_run_draws_the_picture() -> None:
    recipe = re.search(r"^run:.*\n\t(.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    assert recipe[1] == "$(BIN)/rnnlab run copy-task"


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 125
    cell = re.search(r"^# my_cells.py\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert cell is not None
    assert len(cell[1].splitlines()) <= 12


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))],
    ids=lambda page: page.name,
)  # fmt: skip
def test_links_inside_the_repository_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http", "#")):
            assert (page.parent / target.partition("#")[0]).exists(), target
