"""docs/tasks.md does what it says."""

from __future__ import annotations

import tomllib
from typing import Any

from rnnlab.tasks import find_task


def test_the_page_from_top_to_bottom(reader: Any) -> None:
    reader.follow("tasks.md")
    assert reader.lines_compared == 8
    folder = reader.folder
    summary = (folder / "results" / "task-study" / "summary.csv").read_text().splitlines()
    assert len(summary) == 1 + 4  # two cells on two lengths
    assert all("my_tasks.py:Majority" in line for line in summary[1:])
    groups = tomllib.loads((folder / "extras" / "pyproject.toml").read_text())
    target = groups["project"]["entry-points"]["rnnlab.tasks"]["majority"]
    assert find_task(f"{folder}/{target.replace(':', '.py:')}").__name__ == "Majority"
