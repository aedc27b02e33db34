"""Fixtures for tests that run whole processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RunPython = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_python(tmp_path: Path) -> RunPython:
    """Return a function that runs a script in its own process and returns the finished process."""

    def run(script: str, *, check: bool = True, **environment: str) -> object:
        root = Path(__file__).parents[2]
        result = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONPATH": str(root), **environment},
            capture_output=True,
            text=True,
            timeout=500,
            cwd=tmp_path,  # Python looks there first
        )
        if check and result.returncode:
            pytest.fail(result.stderr)
        return result

    return run  # type: ignore[return-value]
