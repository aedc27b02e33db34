"""Base class of the statistics of a report, and the results that they are computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import pandas as pd

from rnnlab import statistics
from rnnlab.experiments.settings.schema import TUNED
from rnnlab.plotting import FigureSpec, has_intervals
from rnnlab.reports.blocks import Block
from rnnlab.reports.pictures import Picture
from rnnlab.reports.source import Part
from rnnlab.reports.tables import Columns, table_of
from rnnlab.reports.words import condition

Row = Mapping[Any, Any]

#: Largest number of panels in a figure.
MOST_PANELS = 12


@dataclass(frozen=True)
class TaskResults:
    """The runs of a study on one task, and the tables that several statistics share.

    Attributes
    ----------
    part : Part
        The runs, and how they are judged.
    asked_reference : str or None
        The cell that the study compares all others with.
    """

    part: Part
    asked_reference: str | None = None

    @property
    def tuned(self) -> list[str]:
        """The settings of training that the study sweeps."""
        return [name for name in self.part.by if name in TUNED]

    @property
    def by(self) -> list[str]:
        """The settings that make a condition: those that vary, without the tuned ones."""
        return [name for name in self.part.by if name not in TUNED]

    @property
    def measure(self) -> dict[str, Any]:
        """Arguments of the functions of `rnnlab.statistics` for `chosen`."""
        return {**self.part.measure, "by": self.by}

    @property
    def solved(self) -> Callable[[float], bool]:
        """The task's criterion; never met where it has none."""
        return self.part.solved or (lambda _: False)

    @cached_property
    def every(self) -> pd.DataFrame:
        """Outcomes at every setting."""
        part = self.part
        table = statistics.outcomes(
            part.metrics, solved=self.solved, undefined=part.undefined, **part.measure
        )
        return table.assign(chance=[part.chance(row) for row in table.to_dict("records")])

    @cached_property
    def chosen(self) -> pd.DataFrame:
        """The rows that runs are judged by, of each cell at its best settings of training."""
        return self._at_best(self.part.metrics)

    @cached_property
    def course(self) -> pd.DataFrame:
        """The evaluations on the way, of each cell at its best settings of training."""
        return self._at_best(self.part.course)

    def _at_best(self, rows: pd.DataFrame) -> pd.DataFrame:
        part = self.part
        if not self.tuned:
            return rows
        best = statistics.best_settings(
            part.choosing, self.tuned, undefined=part.undefined, **part.measure
        )
        return rows.merge(best)

    @cached_property
    def shown(self) -> pd.DataFrame:
        """Outcomes of each cell at its best settings of training."""
        if not self.tuned:
            return self.every
        kept = self.chosen[["cell", *self.part.by]].drop_duplicates()
        return self.every.merge(kept, on=["cell", *self.part.by])

    @property
    def shown_name(self) -> str:
        """The name of the table `shown` among the report's files."""
        return "at-best" if self.tuned else "outcomes"

    @property
    def reference(self) -> str | None:
        """The cell that all others are compared with; None for all pairs."""
        cells = set(self.shown["cell"])
        return self.asked_reference if self.asked_reference in cells else None

    @cached_property
    def overall(self) -> pd.DataFrame:
        """The result of every cell over all conditions that all cells have."""
        return statistics.overall(self.shown, self.by)

    @cached_property
    def comparison(self) -> pd.DataFrame:
        """The comparison of every pair of cells, or of every cell with the reference."""
        return statistics.compare(self.chosen, reference=self.reference, **self.measure)


class Statistic:
    """A statistic of a report: its table, figure, sentences and columns on the page.

    A subclass states the attributes, overrides `compute` and as many of the other methods as it
    needs. An instance in `rnnlab.registry.statistics` is all that the page, its CSV files and
    `rnnlab plot` need.

    Attributes
    ----------
    name : str
        Name of the table and its CSV file.
    title : str
        Heading on the page.
    caption : str
        Caption of the table on the page.

    Examples
    --------
    >>> class Seconds(Statistic):
    ...     name, title, caption = "seconds", "How long a run takes", "Mean time of a run"
    ...
    ...     def compute(self, results):
    ...         runs = results.chosen.groupby(["cell", "seed"])["seconds"].max()
    ...         return runs.groupby("cell", sort=False).mean().reset_index()
    ...
    ...     def sentence(self, row, results):
    ...         return f"{row['cell']} takes {row['seconds']:.0f} seconds."
    """

    name: ClassVar[str]
    title: ClassVar[str]
    caption: ClassVar[str] = ""

    def compute(self, results: TaskResults) -> pd.DataFrame | None:
        """Return the table, or None where the statistic does not apply."""
        raise NotImplementedError

    def is_shown(self, results: TaskResults, table: pd.DataFrame) -> bool:
        """Return whether the page has a block for the table."""
        return len(table) > 0

    def heading(self, results: TaskResults) -> str:
        """Return the heading on the page: `title`, unless it depends on the results."""
        return self.title

    def paragraphs(self, results: TaskResults, table: pd.DataFrame) -> list[str]:
        """Return the text above the figure."""
        return []

    def picture(self, results: TaskResults, table: pd.DataFrame) -> Picture | None:
        """Return the figure of the page, if there is one."""
        return None

    def sentence(self, row: Row, results: TaskResults) -> str | None:
        """Return the sentence about a row of the table, if there is one."""
        return None

    def sentences(self, results: TaskResults, table: pd.DataFrame) -> list[str]:
        """Return the sentences below the figure."""
        said = (self.sentence(row, results) for row in table.to_dict("records"))
        return [sentence for sentence in said if sentence is not None]

    def columns(self, results: TaskResults, table: pd.DataFrame) -> Columns:
        """Return the columns on the page: from each header to the text of a row's cell."""
        return {}

    def findings(self, results: TaskResults, table: pd.DataFrame) -> list[str]:
        """Return sentences for the top of the page, the most important first."""
        return []

    def figures(self) -> Sequence[FigureSpec]:
        """Return the figures that `rnnlab plot` draws from the CSV file."""
        return ()

    def block(self, results: TaskResults, table: pd.DataFrame) -> Block:
        """Return the block of the page."""
        columns = self.columns(results, table)
        tables = [table_of(table, columns, self.caption, self.name)] if columns else []
        picture = self.picture(results, table)
        return Block(
            self.heading(results),
            paragraphs=self.paragraphs(results, table),
            picture=picture,
            numbers=self.name if picture is None and not tables else None,
            sentences=self.sentences(results, table),
            tables=tables,
        )


def and_interval(table: pd.DataFrame) -> str:
    """Return the mention of the interval of a mean, where a figure draws one."""
    return " and its 95 % interval" if has_intervals(table, "mean_low") else ""


def panels(table: pd.DataFrame, by: list[str]) -> int:
    """Return the number of panels of a figure with one for each combination of `by`."""
    return len(table[by].drop_duplicates()) if by else 1


def where(row: Row, by: list[str]) -> str:
    """Return the condition of a row, for the end of a name."""
    return f", {condition(row, by)}" if by else ""
