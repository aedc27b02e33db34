"""Fixture `reader`, which writes the files of a documentation page and runs its commands."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = {
    "rnnlab": [sys.executable, "-W", "error", "-m", "rnnlab.cli"],
    "python": [sys.executable, "-W", "error"],
}


def _plain(language: str, text: str) -> bool:
    return False


def _unchanged(line: str) -> str:
    return line


@dataclass
class Reader:
    """Writes a page's files, runs its commands and compares what they print.

    Files are the blocks of Python and TOML, named at the end of their first line; a block of text
    holds lines that the commands before it print.

    Attributes
    ----------
    folder : Path
        Working folder of the commands.
    site : Path
        Folder into which the packages of the page are installed.
    printed : dict of str to str
        Standard output of each command.
    lines_compared : int
        Lines of text blocks that were compared with the output.
    """

    folder: Path
    site: Path
    printed: dict[str, str] = field(default_factory=dict)
    lines_compared: int = 0

    def blocks(self, page: str) -> list[tuple[str, str]]:
        """Return the language and the text of every block of code on a page."""
        return BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))

    def start(self, line: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run one command and return the finished process."""
        program, *arguments = shlex.split(line, comments=True)
        paths = [str(self.site), str(ROOT), os.environ.get("PYTHONPATH", "")]
        return subprocess.run(
            [*PROGRAMS[program], *arguments],
            cwd=folder or self.folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def follow(
        self,
        page: str,
        *,
        install: Callable[[Path], None] | None = None,
        special: Callable[[str, str], bool] = _plain,
        change: Callable[[str], str] = _unchanged,
    ) -> None:
        """Write the files of a page and run its commands.

        Parameters
        ----------
        page : str
            Path relative to docs/.
        install : callable, optional
            Called with the folder of `pip install FOLDER`.
        special : callable
            Called with the language and text of each block; returns True for the blocks that it
            has dealt with.
        change : callable
            Returns the command to run for a line of the page.
        """
        output = ""
        for language, text in self.blocks(page):
            if special(language, text):
                continue
            if language in ("python", "toml"):
                file = self.folder / text.partition("\n")[0].split()[-1]
                file.parent.mkdir(exist_ok=True)
                file.write_text(text, encoding="utf-8")
            elif language == "text":
                shown = {line.strip() for line in output.splitlines()}
                for line in text.splitlines():
                    assert line.strip() in shown, line
                    self.lines_compared += 1
            else:
                assert language == "sh"
                output = ""
                for line in text.splitlines():
                    if line.startswith("pip install "):
                        assert install is not None
                        install(self.folder / shlex.split(line, comments=True)[2])
                        continue
                    done = self.start(change(line))
                    assert done.returncode == 0, f"{line}\n{done.stderr}"
                    self.printed[line] = done.stdout
                    output += done.stdout


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """Return a reader in an empty folder."""
    (tmp_path / "work").mkdir()
    return Reader(tmp_path / "work", tmp_path / "site")


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    """Return docs/make_tables.py as a module."""
    spec = importlib.util.spec_from_file_location("make_tables", DOCS / "make_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
