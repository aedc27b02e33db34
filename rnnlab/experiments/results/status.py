"""Progress of a study, read from its folder alone, from any terminal or machine."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnlab import files
from rnnlab.experiments.results.folder import described, kind_of
from rnnlab.experiments.results.reading import (
    MANIFEST,
    PLAN,
    RUNNER,
    RUNS,
    read_manifest,
    read_plan,
    read_runner,
)

SILENT = 30.0  # seconds without a sign of life after which a runner counts as dead


@dataclass(frozen=True)
class Status:
    """Progress of a study.

    Attributes
    ----------
    experiment : str
        Which it is an instance of.
    total, done : int or None
        Runs; None where the folder does not say.
    running : list of dict
        What is under way: `run`, `update`, `updates`.
    failed : list of dict
        What could not be computed: `run`, `why`.
    runner : dict or None
        Who computes, or did: `host`, `pid`, `where`, `beat` (time of the last sign of life),
        `ended` (how it ended, None if it did not say).
    alive : bool
        Whether it is at work.
    seconds_left : float or None
        Until the end, if it goes on as it went.
    silence : float
        Seconds since the runner's last sign of life.
    started, ended : str or None
        Times of the study, as its manifest has them.
    """

    experiment: str
    total: int | None
    done: int | None
    running: list[dict[str, Any]]
    failed: list[dict[str, Any]]
    runner: dict[str, Any] | None
    alive: bool
    seconds_left: float | None
    silence: float
    started: str | None
    ended: str | None


def read_status(folder: Path, now: float | None = None) -> Status:
    """Read how far the study in `folder` is; nothing there is changed.

    Parameters
    ----------
    folder : Path
    now : float, optional
        Seconds since the epoch; the clock's unless given.

    Raises
    ------
    ValueError
        If there is no result in that folder, or none that can be read.
    """
    now = time.time() if now is None else now
    manifest = read_manifest(folder)
    settings = {} if manifest is None else manifest["settings"]
    if manifest is None or "experiment" not in settings:
        known = kind_of(folder) in (None, "bench")
        came = described(folder) if known else f"no {MANIFEST}: its runs are not known"
        raise ValueError(f"{folder} must hold a study that was started, got {came}")
    state = read_runner(folder / RUNS / RUNNER)
    alive = state is not None and is_alive(state, now)
    total, done = _counts(folder)
    beat = state["beat"] if state else now
    left = state.get("seconds_left") if state and alive else None
    return Status(
        experiment=str(settings.get("experiment", "?")),
        total=total,
        done=done,
        running=state.get("running", []) if state and alive else [],
        failed=state.get("failed", []) if state else [],
        runner=state,
        alive=alive,
        seconds_left=None if left is None else max(0.0, left - (now - beat)),
        silence=max(0.0, now - beat),
        started=manifest.get("start"),
        ended=manifest.get("end"),
    )


def _counts(folder: Path) -> tuple[int | None, int | None]:
    """Return how many runs there are, and how many of them are on disk."""
    plan = read_plan(folder / RUNS / PLAN)
    if plan is None:
        return None, None  # the folder goes when everything is in the table
    there = {path.name for path in (folder / RUNS).iterdir()}
    return len(plan["runs"]), len(there & plan["runs"].keys() | set(plan["before"]))


def read_state(folder: Path) -> dict[str, Any] | None:
    """Return what the last runner of a folder wrote, None if there is none."""
    try:
        return read_runner(folder / RUNNER)
    except ValueError:  # what no runner wrote
        return None


def is_alive(state: Mapping[str, Any], now: float | None = None) -> bool:
    """Return whether the runner that wrote `state` is at work.

    Its last sign of life must be recent; on its own host the system's list of
    processes is checked too.
    """
    if state.get("ended") is not None:
        return False
    recent = (time.time() if now is None else now) - float(state["beat"]) < SILENT
    if recent and os.name == "posix" and state.get("host") == socket.gethostname():
        return files.is_running(int(state["pid"]))
    return recent


def is_mine(state: Mapping[str, Any]) -> bool:
    """Return whether this process wrote `state`: pids of other hosts may be the same."""
    return (state.get("host"), state.get("pid")) == (socket.gethostname(), os.getpid())
