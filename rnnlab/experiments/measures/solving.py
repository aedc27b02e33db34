"""Half-lives at the start of training and the updates until the task is solved."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from rnnlab.experiments.measures.base import FinishedTraining, Measure, Rows

if TYPE_CHECKING:
    from rnnlab.plotting import FigureSpec


class Solving(Measure):
    """Half-lives of the untrained model's gradient, and the updates until the task is solved."""

    name = "solving"
    about = "half-lives at the start and updates until the task is solved"
    tables = {
        "solving": (
            *("cell", "seed", "state", "half_life", "updates_to_solve", "updates"),
            "decay_half_life",
        )
    }
    needs_training = True
    scores = True

    def of_training(self, training: FinishedTraining) -> Rows:
        """Yield a row for each state."""
        from rnnlab.analysis import decay_half_life, half_life

        solved = (
            one.update
            for one in training.evaluations
            if one.metrics and training.solved(one.metrics)
        )
        rows = [
            {
                "state": state,
                "half_life": half_life(curve["relative_norm"].to_numpy()),
                "decay_half_life": decay_half_life(curve["log10_norm"].to_numpy()),
            }
            for state, curve in training.initial.groupby("state", sort=False)
        ]
        first = next(solved, math.inf)
        yield (
            "solving",
            pd.DataFrame(rows).assign(updates_to_solve=first, updates=training.updates),
        )

    def figures(self) -> list[FigureSpec]:
        """Return the figure of half-lives and learning."""
        from rnnlab.plotting import FigureSpec, plot_half_life_solving

        return [
            FigureSpec(
                name="half-life-solving",
                title="Half-life and learning",
                description="updates until solved against the half-life at the start",
                reading="Whether cells whose gradient lives longer at the start solve the task "
                "sooner: points would fall from the upper left to the lower right.",
                experiments=("gradient-flow",),
                table="solving.csv",
                draw=plot_half_life_solving,
            )
        ]
