"""The registered figures: which table of which experiment each of them draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import pandas as pd
from matplotlib.figure import Figure

from rnnlab import registry
from rnnlab.plotting.copy_task import plot_copy_task
from rnnlab.plotting.gradient_decay import plot_gradient_decay
from rnnlab.plotting.learning_curves import plot_learning_curves


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
    """

    description: str
    experiment: str
    table: str
    filename: str
    draw: Callable[[pd.DataFrame], Figure]
    aggregate: str | None = None


def _draw_copy_task(summary: pd.DataFrame) -> Figure:
    # without `ax` the axes belong to a Figure of their own, never to a SubFigure
    return cast("Figure", plot_copy_task(summary).figure)


registry.figures.register(
    "copy-task",
    FigureSpec(
        description="recall accuracy against delay, a line a cell, with the chance line",
        experiment="copy-task",
        table="summary.csv",
        filename="copy-task.png",
        draw=_draw_copy_task,
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
registry.figures.register(
    "learning-curves",
    FigureSpec(
        description="loss against epoch on the training and the validation part, a line a seed",
        experiment="fit",
        table="metrics.csv",
        filename="learning-curves.png",
        draw=plot_learning_curves,
    ),
)
