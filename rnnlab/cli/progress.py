"""What a study shows of its work: bars on a terminal, a line per finished run elsewhere.

Both go to stderr, so that stdout holds the settings, the summary and the paths alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping

import click
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from rnnlab.experiments import Progress, Run


def listener() -> Progress:
    """Return what suits the place where stderr goes."""
    return Live() if sys.stderr.isatty() else Lines()


class Remaining:
    """How long the rest takes, if it goes on as it went.

    Parameters
    ----------
    work : mapping
        The work of each run, in a unit that they share.
    updates : int
        Of every run.
    clock : callable
        Seconds.

    Examples
    --------
    >>> ticks = iter([0.0, 30.0])
    >>> run = Run("gru", delay=10, seed=0)
    >>> remaining = Remaining({run: 1.0}, 100, clock=lambda: next(ticks))
    >>> remaining.step(run, 25)
    >>> remaining.seconds()
    90.0
    """

    def __init__(
        self, work: Mapping[Run, float], updates: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._work, self._updates, self._clock = dict(work), updates, clock
        self._share = dict.fromkeys(work, 0.0)
        self.done = 0  # finished runs
        self._start = clock()

    def step(self, run: Run, update: int) -> None:
        """Take note of the updates that `run` has done."""
        self._share[run] = update / self._updates if self._updates else 0.0

    def finished(self, run: Run) -> None:
        """Take note that nothing of `run` is left, however many updates it took."""
        self._share[run] = 1.0
        self.done += 1

    def share(self) -> float:
        """Return the share of all work that is done."""
        done = sum(work * self._share[run] for run, work in self._work.items())
        return done / sum(self._work.values())

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return self._clock() - self._start

    def seconds(self) -> float | None:
        """Return the seconds that are left, None as long as there is nothing to judge by."""
        share = self.share()
        return self.elapsed() * (1 - share) / share if share > 0 else None


def duration(seconds: float) -> str:
    """Write a time as people say it.

    Examples
    --------
    >>> duration(0.4), duration(100), duration(7500)
    ('0.4 s', '1 min 40 s', '2 h 05 min')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"


class Lines(Progress):
    """A plain line for each thing that is done."""

    def compiling(self, cell: str, dtype: str) -> None:
        """Say what takes seconds now, and only now."""
        self._say(f"Compiling the kernels of {cell} in {dtype}, once for this machine ...")

    def compiled(self, cell: str, dtype: str, seconds: float) -> None:
        """Say how long it took."""
        self._say(f"Compiled {cell} in {dtype}: {duration(seconds)}")

    def begin(self, work: Mapping[Run, float], updates: int, jobs: int) -> None:
        """Start the clock."""
        self._remaining = Remaining(work, updates)
        self._runs = len(work)

    def step(self, run: Run, update: int) -> None:
        """Take note, say nothing."""
        self._remaining.step(run, update)

    def finished(self, run: Run, outcome: str) -> None:
        """Say what a run came to and how long the others take."""
        self._remaining.finished(run)
        left = self._remaining.seconds()
        rest = f"; about {duration(left)} left" if left else ""
        count = str(self._remaining.done).rjust(len(str(self._runs)))
        self._say(f"[{count}/{self._runs}] {run}: {outcome}{rest}")

    def _say(self, line: str) -> None:
        click.echo(line, err=True)


class Live(Lines):
    """A bar for all runs and one for each that is under way, below the finished ones."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self.bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[state]}", markup=False),
            console=self._console,
            transient=True,
        )
        self._under_way: dict[Run, TaskID] = {}

    def begin(self, work: Mapping[Run, float], updates: int, jobs: int) -> None:
        """Show the bar for all runs."""
        super().begin(work, updates, jobs)
        self._updates = updates
        self._all = self.bars.add_task(f"{len(work)} runs", total=1.0, state="")
        self.bars.start()

    def step(self, run: Run, update: int) -> None:
        """Move the bar of a run, and that of all."""
        super().step(run, update)
        if run not in self._under_way:
            self._under_way[run] = self.bars.add_task(
                str(run), total=max(1, self._updates), state=""
            )
        state = f"{update}/{self._updates} updates" if self._updates else ""
        self.bars.update(self._under_way[run], completed=update, state=state)
        self._show_all()

    def finished(self, run: Run, outcome: str) -> None:
        """Put a run above the bars."""
        super().finished(run, outcome)
        if run in self._under_way:
            self.bars.remove_task(self._under_way.pop(run))
        self._show_all()

    def end(self) -> None:
        """Take the bars away."""
        self.bars.stop()

    def _show_all(self) -> None:
        left = self._remaining.seconds()
        state = f"{self._remaining.done} done, {duration(self._remaining.elapsed())}"
        if left is not None:
            state += f", about {duration(left)} left"
        self.bars.update(self._all, completed=self._remaining.share(), state=state)

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False)
