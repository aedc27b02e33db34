"""Exceptions of a study that cannot go on, and of runs that could not be computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnlab.experiments.workers import Failed


class RefusedError(ValueError):
    """A study cannot be computed as things are; the message says what to do.

    Another runner is at work in the folder, it holds another result, no cluster answers, or a file
    that decides the numbers is not what it was.
    """


class OwnCodeFailedError(RefusedError):
    """A task or cell of the user's own raised an exception in a run, which ends the study.

    Parameters
    ----------
    failure : Failed
    table : Path
        Where the finished runs are.
    """

    def __init__(self, failure: Failed, table: Path) -> None:
        super().__init__(
            f"{failure.reason} (in the run {failure.run}; finished runs are in {table}); a "
            "corrected file is another study: run it with --force (force=True) or into another "
            "folder"
        )


class RunsFailedError(RuntimeError):
    """Some runs could not be computed, while the others are in the table.

    Parameters
    ----------
    failures : list of Failed
        At least one.
    total : int
        Runs of the study.
    table : Path
        Where the others are.

    Attributes
    ----------
    details : str
        The traceback of the first failure; empty where a worker died.
    """

    def __init__(self, failures: list[Failed], total: int, table: Path) -> None:
        self.details = failures[0].details
        named = "; ".join(f"{one.run}: {one.reason}" for one in failures[:5])
        more = f"; and {len(failures) - 5} more" if len(failures) > 5 else ""
        super().__init__(
            f"{len(failures)} of {total} runs must be computed again, got {named}{more}. "
            f"The others are in {table}; the same command tries these once more"
        )
