"""Figure specifications, and the registered figures of tables that runs write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from rnnlab import registry
from rnnlab.plotting.loss_curves import plot_loss_curves
from rnnlab.plotting.outcomes import plot_summary


@dataclass(frozen=True)
class FigureSpec:
    """A figure and the table that it is drawn from.

    Attributes
    ----------
    name : str
        Its name in `registry.figures`, and that of its PNG file.
    description : str
        One line for lists.
    experiments : tuple of str
        The experiments whose result folders hold the table; the first is the usual one.
    table : str
        The CSV file in that folder.
    draw : callable
        From the table, aggregated where there is `aggregate`, to a matplotlib Figure.
    aggregate : callable or None
        From the table as it was written to the table that `draw` takes.
    title, reading : str
        Heading of the figure in a report, and how to read it.
    made_by_report : bool
        Whether the report of a result writes the table, not the run itself.
    several_tasks : bool
        Whether it shows tasks with different metrics; else it is drawn for one task at a time.
    runs : (str, str) or None
        A CSV file of evaluations in the same folder and a metric in it: `draw` takes the runs
        (`rnnlab.statistics.runs_of`) as a second argument.
    """

    name: str
    description: str
    experiments: tuple[str, ...]
    table: str
    draw: Callable[..., Figure]
    aggregate: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    title: str = ""
    reading: str = ""
    made_by_report: bool = False
    several_tasks: bool = False
    runs: tuple[str, str] | None = None

    @property
    def filename(self) -> str:
        """Name of the picture in the folder of the result."""
        return f"{self.name}.png"

    def figure(self, table: pd.DataFrame, runs: pd.DataFrame | None = None) -> Figure:
        """Return the figure of a table as it was written.

        Parameters
        ----------
        table : DataFrame
        runs : DataFrame, optional
            Table of `rnnlab.statistics.runs_of`, for a figure with `runs`.
        """
        aggregated = table if self.aggregate is None else self.aggregate(table)
        return self.draw(aggregated) if runs is None else self.draw(aggregated, runs=runs)


def register(figure: FigureSpec) -> FigureSpec:
    """Record a figure in `registry.figures` and return it."""
    registered: FigureSpec = registry.figures.register(figure.name, figure)
    return registered


register(
    FigureSpec(
        name="copy-task",
        description="recall accuracy against delay, a line for each cell, with the chance line",
        experiments=("copy-task",),
        table="summary.csv",
        draw=plot_summary,
        runs=("metrics.csv", "recall_accuracy"),
    )
)
register(
    FigureSpec(
        name="task-study",
        description="headline metric of every task against the setting that varies, a line for "
        "each cell",
        experiments=("task-study",),
        table="summary.csv",
        draw=plot_summary,
        several_tasks=True,
    )
)
register(
    FigureSpec(
        name="loss-curves",
        description="loss against epoch on the training and the validation part, a line for each "
        "seed",
        experiments=("fit", "task-study"),
        table="metrics.csv",
        draw=plot_loss_curves,
    )
)
