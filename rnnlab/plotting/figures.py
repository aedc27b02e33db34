"""The registered figures: which table of which experiment each of them draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import pandas as pd
from matplotlib.figure import Figure

from rnnlab import registry
from rnnlab.plotting.comparison import plot_comparison
from rnnlab.plotting.copy_task import plot_copy_task
from rnnlab.plotting.gradient_decay import plot_gradient_decay
from rnnlab.plotting.learning_curves import plot_learning_curves
from rnnlab.plotting.loss_curves import plot_loss_curves
from rnnlab.plotting.outcomes import plot_learning_rates, plot_outcomes
from rnnlab.plotting.survival import plot_survival
from rnnlab.plotting.task_study import plot_task_study


@dataclass(frozen=True)
class FigureSpec:
    """A figure and what it is drawn from.

    Parameters
    ----------
    description : str
        One line, for lists.
    experiment : str
        The experiment whose result folder holds the table.
    table : str
        The CSV file to read, within that folder.
    filename : str
        The picture to write, within that folder.
    draw : callable
        From the table, aggregated where `aggregate` says so, to a matplotlib Figure.
    aggregate : str or None
        The function of `rnnlab.statistics` that the table passes before it is drawn.
    made_by_report : bool
        Whether `rnnlab report` writes the table, not the run itself.
    several_tasks : bool
        Whether it shows tasks of different metrics, a panel each; else they are drawn one by one.
    runs : str or None
        A CSV file of evaluations next to the table: `draw` takes its runs
        (`rnnlab.statistics.runs_of`) as a second argument.
    """

    description: str
    experiment: str
    table: str
    filename: str
    draw: Callable[..., Figure]
    aggregate: str | None = None
    made_by_report: bool = False
    several_tasks: bool = False
    runs: str | None = None


def _draw_copy_task(summary: pd.DataFrame, runs: pd.DataFrame | None = None) -> Figure:
    # without `ax` the axes belong to a Figure of their own, never to a SubFigure
    return cast("Figure", plot_copy_task(summary, runs=runs).figure)


registry.figures.register(
    "copy-task",
    FigureSpec(
        description="recall accuracy against delay, a line a cell, with the chance line",
        experiment="copy-task",
        table="summary.csv",
        filename="copy-task.png",
        draw=_draw_copy_task,
        runs="metrics.csv",
    ),
)
registry.figures.register(
    "task-study",
    FigureSpec(
        description="headline metric of every task, against the setting that varies, a line a cell",
        experiment="task-study",
        table="summary.csv",
        filename="task-study.png",
        draw=plot_task_study,
        several_tasks=True,
    ),
)
registry.figures.register(
    "gradient-decay",
    FigureSpec(
        description="relative gradient norm against lag, at the start and after training",
        experiment="gradient-flow",
        table="gradients.csv",
        filename="gradient-decay.png",
        draw=plot_gradient_decay,
        aggregate="decay_bands",
    ),
)
for _name, _description, _table, _draw in (
    (
        "outcomes",
        "mean of the headline metric against delay or length, with intervals",
        "outcomes.csv",
        plot_outcomes,
    ),
    (
        "learning-rates",
        "mean of the headline metric against the learning rate",
        "outcomes.csv",
        plot_learning_rates,
    ),
    (
        "learning-curves",
        "headline metric against updates, median and band over seeds",
        "learning-curves.csv",
        plot_learning_curves,
    ),
    (
        "survival",
        "share of runs unsolved against updates (Kaplan-Meier)",
        "survival.csv",
        plot_survival,
    ),
    (
        "comparison",
        "probability of improvement of every pair of cells, with intervals",
        "comparison.csv",
        plot_comparison,
    ),
):
    registry.figures.register(
        _name,
        FigureSpec(
            description=_description,
            experiment="copy-task",
            table=_table,
            filename=f"{_name}.png",
            draw=_draw,
            made_by_report=True,
        ),
    )
registry.figures.register(
    "loss-curves",
    FigureSpec(
        description="loss against epoch on the training and the validation part, a line a seed",
        experiment="fit",
        table="metrics.csv",
        filename="loss-curves.png",
        draw=plot_loss_curves,
    ),
)
