"""What a runner tells about itself while it works."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from rnnlab.experiments.settings.runs import Run


class Progress:
    """Listens to a study and says nothing; a front end overrides what it wants to show.

    All methods are called from the process and the thread that started the study.
    """

    def compiling(self, cell: str, dtype: str) -> None:
        """Say that kernels are about to be compiled, which takes seconds."""

    def compiled(self, cell: str, dtype: str, seconds: float) -> None:
        """Say that they are."""

    def begin(self, work: Mapping[Run, float], updates: Mapping[Run, int], jobs: int) -> None:
        """Say what is to be computed: each run's work, in a unit that they share, and updates.

        `jobs` of them run at a time.
        """

    def step(self, run: Run, update: int) -> None:
        """Say that `run` is under way and has done `update` updates."""

    def finished(self, run: Run, outcome: str) -> None:
        """Say that the rows of `run` are safe and what it came to."""

    def retried(self, run: Run, reason: str) -> None:
        """Say that `run` is computed once more, from its beginning."""

    def failed(self, run: Run, reason: str) -> None:
        """Say that `run` could not be computed; the others go on."""

    def end(self) -> None:
        """Say that nothing more comes, be it finished or interrupted."""


class Several(Progress):
    """Passes on to several listeners what it is told.

    Parameters
    ----------
    *listeners : Progress
    """

    def __init__(self, *listeners: Progress) -> None:
        self._listeners = listeners

    def begin(self, work: Mapping[Run, float], updates: Mapping[Run, int], jobs: int) -> None:
        """Pass it on."""
        for listener in self._listeners:
            listener.begin(work, updates, jobs)

    def step(self, run: Run, update: int) -> None:
        """Pass it on."""
        for listener in self._listeners:
            listener.step(run, update)

    def finished(self, run: Run, outcome: str) -> None:
        """Pass it on."""
        for listener in self._listeners:
            listener.finished(run, outcome)

    def retried(self, run: Run, reason: str) -> None:
        """Pass it on."""
        for listener in self._listeners:
            listener.retried(run, reason)

    def failed(self, run: Run, reason: str) -> None:
        """Pass it on."""
        for listener in self._listeners:
            listener.failed(run, reason)

    def end(self) -> None:
        """Pass it on."""
        for listener in self._listeners:
            listener.end()


class Remaining:
    """How long the rest takes, if it goes on as it went.

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
        """Take note of the updates that `run` has done."""
        updates = self._updates[run]
        self._shares[run] = update / updates if updates else 0.0

    def finished(self, run: Run) -> None:
        """Take note that nothing of `run` is left, however many updates it took."""
        self._shares.pop(run, None)
        self._finished += self._work[run]
        self.done += 1

    def failed(self, run: Run) -> None:
        """Take note that `run` will not be computed."""
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
        """Return the seconds that are left, None as long as there is nothing to judge by."""
        share = self.share()
        return self.elapsed() * max(0.0, 1 - share) / share if share > 0 else None
