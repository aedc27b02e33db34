"""Progress of a study on stderr: bars on a terminal, a line per finished run elsewhere.

Both go to stderr, so that stdout holds the settings, the summary and the paths alone.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from rnnlab.characters import visible
from rnnlab.cli.output import duration, say
from rnnlab.experiments import Progress, Run
from rnnlab.experiments.progress import Remaining


def listener() -> Progress:
    """Return what suits the place where stderr goes."""
    return Live() if sys.stderr.isatty() else Lines()


class Lines(Progress):
    """A plain line for each thing that is done."""

    def compiling(self, cell: str, dtype: str) -> None:
        """Announce a compilation, which takes seconds once."""
        self._say(f"Compiling the kernels of {cell} in {dtype}, once for this machine ...")

    def compiled(self, cell: str, dtype: str, seconds: float) -> None:
        """Print the duration of a compilation."""
        self._say(f"Compiled {cell} in {dtype}: {duration(seconds)}")

    def begin(self, work: Mapping[Run, float], updates: Mapping[Run, int], jobs: int) -> None:
        """Start the clock."""
        self._remaining = Remaining(work, updates)
        self._runs = len(work)

    def step(self, run: Run, update: int) -> None:
        """Update the remaining time, print nothing."""
        self._remaining.step(run, update)

    def finished(self, run: Run, outcome: str) -> None:
        """Print the result of a run and the remaining time."""
        self._remaining.finished(run)
        left = self._remaining.seconds()
        rest = f"; about {duration(left)} left" if left else ""
        count = str(self._remaining.done).rjust(len(str(self._runs)))
        self._say(f"[{count}/{self._runs}] {run}: {outcome}{rest}")

    def retried(self, run: Run, reason: str) -> None:
        """Print why a run is computed again."""
        self._say(f"{run}: {reason}; it is computed once more")

    def failed(self, run: Run, reason: str) -> None:
        """Print why a run failed."""
        self._remaining.failed(run)
        self._say(f"{run} FAILED: {reason}; the others go on")

    def _say(self, line: str) -> None:
        say(line, err=True)


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

    def begin(self, work: Mapping[Run, float], updates: Mapping[Run, int], jobs: int) -> None:
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
                visible(str(run)), total=max(1, self._updates[run]), state=""
            )
        state = f"{update}/{self._updates[run]} updates" if self._updates[run] else ""
        self.bars.update(self._under_way[run], completed=update, state=state)
        self._show_all()

    def finished(self, run: Run, outcome: str) -> None:
        """Put a run above the bars."""
        super().finished(run, outcome)
        self._drop(run)

    def failed(self, run: Run, reason: str) -> None:
        """Put a run above the bars that will not be finished."""
        super().failed(run, reason)
        self._drop(run)

    def end(self) -> None:
        """Take the bars away."""
        self.bars.stop()

    def _drop(self, run: Run) -> None:
        if run in self._under_way:
            self.bars.remove_task(self._under_way.pop(run))
        self._show_all()

    def _show_all(self) -> None:
        left = self._remaining.seconds()
        state = f"{self._remaining.done} done, {duration(self._remaining.elapsed())}"
        if left is not None:
            state += f", about {duration(left)} left"
        self.bars.update(self._all, completed=self._remaining.share(), state=state)

    def _say(self, line: str) -> None:
        self._console.print(visible(line), markup=False)
