"""docs/extending.md: its files are written and its commands run, in order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import rnnlab.registry

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"


def test_the_page_from_top_to_bottom(reader: Any) -> None:
    reader.follow("extending.md")
    assert reader.lines_compared >= 4
    results = reader.folder / "results"
    assert (results / "first" / "report.html").exists()


def test_every_registry_has_a_section() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(.*?)\]\(#(.*?)\) \|.*\| (.*?) \|$", text, re.MULTILINE)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert [anchor for _, anchor, _ in rows] == [h.lower().replace(" ", "-") for h in headings]
    registered = re.findall(r"`registry\.(\w+)\.register`", text)
    assert registered
    for name in set(registered) - {"measures", "statistics"}:
        assert isinstance(getattr(rnnlab.registry, name), rnnlab.registry.Registry)
