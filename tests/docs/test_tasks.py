"""docs/tasks.md tells the registered tasks as they are, and does what it says."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from rnnlab.tasks import find_task

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tasks.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_tasks", PAGE.with_name("make_tasks.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_up_to_date(maker: ModuleType) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == maker.filled(page), "run python docs/make_tasks.py"


def test_the_page_from_top_to_bottom(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
    }
    programs = {
        "rnnlab": [sys.executable, "-W", "error", "-m", "rnnlab.cli"],
        "python": [sys.executable, "-W", "error"],
    }
    output, checked = "", 0
    for language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language in ("python", "toml"):
            file = tmp_path / text.partition("\n")[0].removeprefix("# ")
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        elif language == "text":  # what the commands before it print
            lines = {line.strip() for line in output.splitlines()}
            assert set(text.splitlines()) <= lines
            checked += len(text.splitlines())
        else:
            assert language == "sh"
            output = ""
            for line in text.splitlines():
                program, *arguments = shlex.split(line, comments=True)
                done = subprocess.run(
                    [*programs[program], *arguments],
                    cwd=tmp_path,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=300,
                )
                assert done.returncode == 0, f"{line}\n{done.stderr}"
                output += done.stdout
    assert checked == 8
    summary = (tmp_path / "results" / "task-study" / "summary.csv").read_text().splitlines()
    assert len(summary) == 1 + 4  # two cells on two lengths
    assert all("my_tasks.py:Majority" in line for line in summary[1:])
    groups = tomllib.loads((tmp_path / "extras" / "pyproject.toml").read_text())
    target = groups["project"]["entry-points"]["rnnlab.tasks"]["majority"]
    assert find_task(f"{tmp_path}/{target.replace(':', '.py:')}").__name__ == "Majority"
