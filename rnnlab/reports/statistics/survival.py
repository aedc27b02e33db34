"""Updates until the task is solved: Kaplan-Meier curves."""

from __future__ import annotations

import pandas as pd

from rnnlab import plotting, statistics
from rnnlab.experiments.results.folder import STUDIES
from rnnlab.plotting import FigureSpec
from rnnlab.reports.blocks import Block
from rnnlab.reports.pictures import Picture, picture
from rnnlab.reports.statistics.base import MOST_PANELS, Statistic, TaskResults, panels, where
from rnnlab.reports.words import number


class Survival(Statistic):
    """The share of runs that have not solved the task yet, against updates."""

    name = "survival"
    title = "How soon the task is solved"

    def compute(self, results: TaskResults) -> pd.DataFrame | None:
        """Return the curve of every cell; None for a task without a criterion."""
        if results.part.solved is None:
            return None
        return statistics.survival_curves(
            results.chosen, solved=results.part.solved, **results.measure
        )

    def paragraphs(self, results: TaskResults, table: pd.DataFrame) -> list[str]:
        """Return that nothing was solved, where nothing was."""
        if results.shown["solved"].any():
            return []
        return ["No run solved the task within the updates that were run."]

    def picture(self, results: TaskResults, table: pd.DataFrame) -> Picture | None:
        """Return the curves."""
        by = results.by
        if not results.shown["solved"].any() or panels(table, by) > MOST_PANELS:
            return None
        ends = [
            f"{rows['cell'].iloc[0]}{where(rows.iloc[-1].to_dict(), by)}: "
            f"{number(float(rows['unsolved'].iloc[-1]))}"
            for _, rows in table.groupby(["cell", *by], sort=False, dropna=False)
        ]
        return picture(
            lambda columns: plotting.plot_survival(table, columns=columns),
            alt=f"Step charts of the share of runs unsolved, which ends at: {'; '.join(ends)}.",
            caption="Share of the runs that have not solved the task yet (Kaplan-Meier). A run "
            "that was never solved counts as unsolved for as long as it was watched, and to the "
            "end of the study if it diverged. A mean over the solved runs alone would hide both.",
            table=self.name,
        )

    def block(self, results: TaskResults, table: pd.DataFrame) -> Block:
        """Return the block, without a link to the table where nothing was solved."""
        block = super().block(results, table)
        block.numbers = None
        return block

    def figures(self) -> list[FigureSpec]:
        """Return the figure of the curves."""
        return [
            FigureSpec(
                name="survival",
                description="share of runs unsolved against updates (Kaplan-Meier)",
                experiments=STUDIES,
                table="survival.csv",
                draw=plotting.plot_survival,
                made_by_report=True,
            )
        ]
