"""Circumstances of a result: versions, commit, machine, times."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from rnnlab.version import __version__

PACKAGES = (
    "numba",
    "llvmlite",
    "numpy",
    "pandas",
    "scipy",
    "matplotlib",
    "pydantic",
)


def circumstances() -> dict[str, Any]:
    """Return the versions, commit and machine for a manifest."""
    return {
        "rnnlab": __version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        **git_state(),
        "cpu": cpu_model(),
        "threads": available_threads(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def now() -> str:
    """Return the time in UTC, to the second (ISO 8601)."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def version(package: str) -> str | None:
    """Return the installed version of `package`, None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def available_threads() -> int:
    """Return the number of hardware threads that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # a container may have fewer than the machine
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_model() -> str:
    """Return the processor's name as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def git_state() -> dict[str, Any]:
    """Return the commit that the package, or else the current folder, is checked out at.

    `git_changed` is True where the package, or else a tracked file, differs from it; a result that
    is computed again is no change of the code. Both are None without a checkout.
    """
    package = Path(__file__).parents[2]
    tracked = _git(package, "ls-files", "--error-unmatch", "__init__.py") is not None
    folder = package if tracked else Path.cwd()
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    of_package = ("--", ".") if tracked else ()
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no", *of_package)
    return {
        "git_commit": commit,
        "git_changed": None if commit is None else bool(changes),
    }


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):  # no git, no repository, no commit
        return None
    return done.stdout.strip()
