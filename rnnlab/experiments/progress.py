"""What a runner tells about itself while it works."""

from __future__ import annotations

from collections.abc import Mapping

from rnnlab.experiments.experiment import Run


class Progress:
    """Listens to a study and says nothing; a front end overrides what it wants to show.

    All methods are called from the process and the thread that started the study.
    """

    def compiling(self, cell: str, dtype: str) -> None:
        """Say that kernels are about to be compiled, which takes seconds."""

    def compiled(self, cell: str, dtype: str, seconds: float) -> None:
        """Say that they are."""

    def begin(self, work: Mapping[Run, float], updates: int, jobs: int) -> None:
        """Say what is to be computed: the work of each run in a unit that they share.

        Every run has `updates` updates; `jobs` of them run at a time.
        """

    def step(self, run: Run, update: int) -> None:
        """Say that `run` is under way and has done `update` updates."""

    def finished(self, run: Run, outcome: str) -> None:
        """Say that the rows of `run` are safe and what it came to."""

    def end(self) -> None:
        """Say that nothing more comes, be it finished or interrupted."""
