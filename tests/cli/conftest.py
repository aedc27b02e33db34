"""The command, run as users run it: in a process of its own, in an empty folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Result = subprocess.CompletedProcess[str]

COMMAND = [sys.executable, "-W", "error", "-m", "rnnlab.cli"]

TINY = [
    *("--cell=rnn", "--cell=gru", "--payload=2", "--alphabet=3", "--hidden=5", "--batch=7"),
    *("--updates=6", "--seeds=2", "--evaluation-batch=9"),
]


@pytest.fixture
def command() -> list[str]:
    """Return how the command line is started."""
    return list(COMMAND)


@pytest.fixture
def tiny() -> list[str]:
    """Return options that make a study small; it lacks its delays."""
    return list(TINY)


@pytest.fixture
def rnnlab(tmp_path: Path) -> Callable[..., Result]:
    """Return a function that runs `rnnlab ARGUMENTS` in an empty folder."""

    def run(*arguments: str, **options: Any) -> Result:
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            **options,
        )

    return run
