"""Learning curves: the headline metric against updates."""

from __future__ import annotations

import pandas as pd

from rnnlab import plotting, statistics
from rnnlab.experiments.results.folder import STUDIES
from rnnlab.plotting import FigureSpec
from rnnlab.plotting.names import words
from rnnlab.reports.pictures import Picture, picture
from rnnlab.reports.statistics.base import MOST_PANELS, Statistic, TaskResults, panels, where
from rnnlab.reports.words import number


class LearningCurves(Statistic):
    """The median over seeds at every evaluation, and the band of the seeds."""

    name = "learning-curves"
    title = "Learning curves"

    def compute(self, results: TaskResults) -> pd.DataFrame:
        """Return the curve of every cell."""
        return statistics.learning_curves(results.course, **results.measure)

    def paragraphs(self, results: TaskResults, table: pd.DataFrame) -> list[str]:
        """Return that there is no figure, where there are too many conditions."""
        count = panels(table, results.by)
        if count <= MOST_PANELS:
            return []
        return [f"{count} conditions are too many for one figure: the table has the curves."]

    def picture(self, results: TaskResults, table: pd.DataFrame) -> Picture | None:
        """Return the curves."""
        by = results.by
        if panels(table, by) > MOST_PANELS:
            return None
        metric = words(results.part.metric)
        ends = [
            f"{rows['cell'].iloc[0]}{where(rows.iloc[0].to_dict(), by)}: from "
            f"{number(float(rows['median'].iloc[0]))} to {number(float(rows['median'].iloc[-1]))}"
            for _, rows in table.groupby(["cell", *by], sort=False, dropna=False)
        ]
        data = "the validation part" if results.part.of_table else "newly drawn data"
        return picture(
            lambda columns: plotting.plot_learning_curves(table, columns=columns),
            alt=f"Line charts of the median {metric} against updates. {'; '.join(ends)}.",
            caption=f"{metric.capitalize()} on {data} while learning: the median over seeds, and "
            "the band of the seeds.",
            table=self.name,
        )

    def figures(self) -> list[FigureSpec]:
        """Return the figure of the curves."""
        return [
            FigureSpec(
                name="learning-curves",
                description="headline metric against updates, median and band over seeds",
                experiments=STUDIES,
                table="learning-curves.csv",
                draw=plotting.plot_learning_curves,
                made_by_report=True,
            )
        ]
