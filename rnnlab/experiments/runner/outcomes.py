"""Outcomes of runs, and the exceptions raised where some could not be computed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rnnlab.experiments.errors import RefusedError
from rnnlab.experiments.kinds.base import Rows
from rnnlab.experiments.settings.runs import Run


@dataclass(frozen=True)
class Finished:
    """A run and its rows."""

    run: Run
    rows: Rows


@dataclass(frozen=True)
class Failed:
    """A run that could not be computed.

    Attributes
    ----------
    run : Run
    reason : str
        The reason, on one line.
    details : str
        The traceback, if there is one.
    in_users_code : bool
        Whether the user's own task or cell raised the exception; `reason` begins with its line.
    """

    run: Run
    reason: str
    details: str = ""
    in_users_code: bool = False


Outcome = Finished | Failed


class OwnCodeFailedError(RefusedError):
    """A task or cell of the user's own raised an exception in a run, which ends the study.

    Parameters
    ----------
    failure : Failed
    table : Path
        The table of finished runs.
    """

    def __init__(self, failure: Failed, table: Path) -> None:
        super().__init__(
            f"{failure.reason} (in the run {failure.run}; finished runs are in {table}); a "
            "corrected file is another study: run it with --force (force=True) or into another "
            "folder"
        )


class RunsFailedError(RuntimeError):
    """Some runs could not be computed; the others are in the table.

    Parameters
    ----------
    failures : list of Failed
        At least one.
    total : int
        Number of runs of the study.
    table : Path
        The table of the other runs.

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
