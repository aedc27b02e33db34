"""How far a study is, read from its folder alone: from another terminal, or another machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnlab.experiments.heartbeat import FILE, is_alive
from rnnlab.experiments.kinds import described, kind_of
from rnnlab.experiments.store import PLAN, RUNS
from rnnlab.experiments.stored import MANIFEST, read_manifest, read_plan, read_runner


@dataclass(frozen=True)
class Status:
    """How far a study is.

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
    state = read_runner(folder / RUNS / FILE)
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
