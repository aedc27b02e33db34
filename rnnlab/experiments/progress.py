"""Progress of a study: the listener interface, and the estimate of the remaining time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rnnlab.experiments.settings.runs import Run


class Progress:
    """Listener to a study that does nothing; a front end overrides the events that it shows.

    All methods are called from the process and the thread that started the study.
    """

    def compiling(self, cell: str, dtype: str) -> None:
        """Handle the start of a compilation of kernels, which takes seconds."""

    def compiled(self, cell: str, dtype: str, seconds: float) -> None:
        """Handle the end of a compilation."""

    def begin(self, work: Mapping[Run, float], updates: Mapping[Run, int], jobs: int) -> None:
        """Handle the start: the work of each run, in a common unit, and its updates.

        `jobs` runs are computed at a time.
        """

    def step(self, run: Run, update: int) -> None:
        """Handle the progress of `run`, which has done `update` updates."""

    def finished(self, run: Run, outcome: str) -> None:
        """Handle a finished run, whose rows are on disk; `outcome` is its result in words."""

    def retried(self, run: Run, reason: str) -> None:
        """Handle a run that is computed again from its beginning."""

    def failed(self, run: Run, reason: str) -> None:
        """Handle a run that could not be computed; the others continue."""

    def end(self) -> None:
        """Handle the end of the study, be it finished or interrupted."""


class Several(Progress):
    """Forwards the events of the runs to several listeners.

    Parameters
    ----------
    *listeners : Progress
    """

    def __init__(self, *listeners: Progress) -> None:
        for name in ("begin", "step", "finished", "retried", "failed", "end"):
            setattr(self, name, _to_all([getattr(one, name) for one in listeners]))


def _to_all(methods: Sequence[Callable[..., None]]) -> Callable[..., None]:
    def call(*arguments: Any) -> None:
        for method in methods:
            method(*arguments)

    return call


class Remaining:
    """Estimate of the remaining time, at the speed so far.

    Parameters
    ----------
    work : mapping
        The work of each run, in a unit that they share.
    updates : mapping
        Of each run.
    clock : callable
        Seconds.

    Examples
    --------
    >>> ticks = iter([0.0, 30.0])
    >>> run = Run("gru", {"delay": 10}, seed=0)
    >>> remaining = Remaining({run: 1.0}, {run: 100}, clock=lambda: next(ticks))
    >>> remaining.step(run, 25)
    >>> remaining.seconds()
    90.0
    """

    def __init__(
        self,
        work: Mapping[Run, float],
        updates: Mapping[Run, int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._work, self._updates, self._clock = dict(work), dict(updates), clock
        self._total = sum(work.values())
        self._shares: dict[Run, float] = {}  # of the runs that are under way
        self._finished = 0.0
        self.done = 0  # finished runs
        self._start = clock()

    def step(self, run: Run, update: int) -> None:
        """Record the updates that `run` has done."""
        updates = self._updates[run]
        self._shares[run] = update / updates if updates else 0.0

    def finished(self, run: Run) -> None:
        """Record that `run` is finished, however many updates it took."""
        self._shares.pop(run, None)
        self._finished += self._work[run]
        self.done += 1

    def failed(self, run: Run) -> None:
        """Record that `run` will not be computed."""
        self._shares.pop(run, None)
        self._total -= self._work[run]

    def share(self) -> float:
        """Return the share of all work that is done."""
        under_way = sum(self._work[run] * share for run, share in self._shares.items())
        return (self._finished + under_way) / self._total if self._total > 0 else 1.0

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return self._clock() - self._start

    def seconds(self) -> float | None:
        """Return the remaining seconds, None before any work is done."""
        share = self.share()
        return self.elapsed() * max(0.0, 1 - share) / share if share > 0 else None
