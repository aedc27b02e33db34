"""Base class of experiments: spec -> runs -> rows -> summary."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

import pandas as pd

from rnnlab.experiments.settings import grid
from rnnlab.experiments.settings.runs import Run
from rnnlab.experiments.settings.sizes import learned_numbers
from rnnlab.experiments.settings.spec import Spec
from rnnlab.experiments.settings.task_entry import judged, problem_at

S = TypeVar("S", bound=Spec)
Report = Callable[[int], None]  # called with the updates done so far
#: The rows of a run: of its one table or, with further tables, of all by their names.
Rows = pd.DataFrame | dict[str, pd.DataFrame]


class Experiment(ABC, Generic[S]):
    """From a spec to rows, from rows to a summary.

    Attributes
    ----------
    name : str
        As the command line calls it.
    about : str
        One line for lists.
    spec : type
        The settings it takes.
    table : str
        The file of its rows, without the ending.
    columns : tuple of str
        Of that file, where they are the same for all settings.
    key : tuple of str
        Those of them that name the run a row belongs to, likewise.
    figure : str or None
        Its figure in `registry.figures`.
    all_tables, all_figures : tuple of str
        What a result may hold besides, whatever the settings: what is replaced goes too.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    spec: ClassVar[type[Spec]]
    table: ClassVar[str]
    columns: ClassVar[tuple[str, ...]] = ()
    key: ClassVar[tuple[str, ...]] = ()
    figure: ClassVar[str | None]
    all_tables: ClassVar[tuple[str, ...]] = ()
    all_figures: ClassVar[tuple[str, ...]] = ()

    def further_tables(self, spec: S) -> dict[str, tuple[str, ...]]:
        """Return the columns of the tables beside the main one, by their names; none unless said.

        Where there are some, `run` returns a dict of all tables.
        """
        return {}

    def figures(self, spec: S) -> list[str]:
        """Return the figures that are drawn of a result: `figure`, if there is one, comes first."""
        return [] if self.figure is None else [self.figure]

    def columns_for(self, spec: S) -> tuple[str, ...]:
        """Return the columns of the table: `columns` unless they depend on the settings."""
        return self.columns

    def key_for(self, spec: S) -> tuple[str, ...]:
        """Return those of the columns that name the run of a row: `key`, unless they depend."""
        return self.key

    @abstractmethod
    def run(self, run: Run, report: Report) -> Rows:
        """Compute one run: a pure function of its arguments except for the seconds it took."""

    @abstractmethod
    def summarise(self, spec: S, table: pd.DataFrame) -> pd.DataFrame:
        """Return the summary of all rows."""

    @abstractmethod
    def outcome(self, run: Run, rows: pd.DataFrame) -> str:
        """Return the result of a finished run in a few words."""

    @abstractmethod
    def kernels(self, spec: S) -> list[tuple[str, bool]]:
        """Return the kernels that a run needs: (dtype, whether through time)."""

    def runs(self, spec: S) -> list[Run]:
        """Return the grid, in the order of the rows."""
        return list(grid.runs(spec))

    def tasks(self, spec: S) -> list[dict[str, Any]]:
        """Return each task with all its settings and how it is judged, for the manifest."""
        found = []
        for point in spec.task_points():
            label = dict(point.columns).get("task", point.source)
            found.append({**dict(point.settings), "task": label, **judged(problem_at(point))})
        return found

    def updates(self, run: Run) -> int:
        """Return the largest number of updates of a run."""
        settings = run.settings
        per_epoch = problem_at(settings.task).updates_per_epoch(settings.batch)
        return int(settings.updates if per_epoch is None else settings.epochs * per_epoch)

    def work(self, run: Run) -> float:
        """Estimate the arithmetic of a run: parameters times steps times sequences."""
        settings = run.settings
        steps = problem_at(settings.task).length * settings.batch * max(1, self.updates(run))
        return float(learned_numbers(settings) * steps)
