"""Outcome of every cell in every condition: mean, success rate and updates until solved."""

from __future__ import annotations

import math

import pandas as pd

from rnnlab import plotting, statistics
from rnnlab.experiments.results.folder import STUDIES
from rnnlab.plotting import FigureSpec
from rnnlab.plotting.names import words
from rnnlab.reports.blocks import Block
from rnnlab.reports.pictures import Picture, picture
from rnnlab.reports.statistics.base import (
    MOST_PANELS,
    Row,
    Statistic,
    TaskResults,
    and_interval,
    panels,
    where,
)
from rnnlab.reports.tables import Columns, interval_of, table_of, text_of
from rnnlab.reports.words import condition, mean_of, number


class Outcomes(Statistic):
    """How well, how often and how soon; on the page with the best settings of training."""

    name = "outcomes"
    title = "Outcomes"
    caption = "Outcome of every cell"

    def compute(self, results: TaskResults) -> pd.DataFrame:
        """Return the outcomes at every setting."""
        return results.every

    def heading(self, results: TaskResults) -> str:
        """Return the name of the metric."""
        return words(results.part.metric).capitalize()

    def block(self, results: TaskResults, table: pd.DataFrame) -> Block:
        """Return the block about `results.shown`, which is the table unless settings are tuned."""
        block = super().block(results, results.shown)
        caption = f"{self.caption}{' with its best settings of training' if results.tuned else ''}"
        columns = self.columns(results, results.shown)
        block.tables = [table_of(results.shown, columns, caption, results.shown_name)]
        return block

    def picture(self, results: TaskResults, table: pd.DataFrame) -> Picture | None:
        """Return the means against the first setting of numbers, with every run."""
        by, tuned = results.by, results.tuned
        x = next((name for name in by if _is_axis(table[name])), None)
        if x is None or panels(table, [name for name in by if name != x]) > MOST_PANELS:
            return None
        when = "on the test part" if results.part.of_table else "at the last evaluation"
        drawn = table.drop(columns=tuned)
        runs = statistics.runs_of(results.chosen, **results.part.measure).drop(columns=tuned)
        return picture(
            lambda columns: plotting.plot_outcomes(drawn, x, runs=runs, columns=columns),
            alt=outcomes_alt(table, x, by),
            caption=f"{self.heading(results)} {when}: every run as a point, their "
            f"mean{and_interval(table)}. The dashed line is a model without memory.",
            table=results.shown_name,
        )

    def sentence(self, row: Row, results: TaskResults) -> str | None:
        """Return how often and how soon a cell solves the task, where it does."""
        if results.part.solved is None or not row["solved"]:
            return None
        name = f"{row['cell']}{where(row, results.by)}"
        return f"{name}: {success_words(row)}; {updates_words(row)}."

    def sentences(self, results: TaskResults, table: pd.DataFrame) -> list[str]:
        """Return a sentence for each cell that solves the task, and one about the others."""
        rest = table[table["solved"] == 0]
        if results.part.solved is None or rest.empty:
            return super().sentences(results, table)
        most = number(float(rest["success_high"].max()))
        return [
            *super().sentences(results, table),
            f"Solved by no run: {_places(rest, results.by)}. Each success rate is at most {most} "
            "with 95 % confidence, so not 'never'.",
        ]

    def columns(self, results: TaskResults, table: pd.DataFrame) -> Columns:
        """Return the condition, the outcomes and the tuned settings."""
        diverged = {"diverged": text_of("diverged")} if table["diverged"].any() else {}
        solving: Columns = {
            "solved": lambda row: f"{row['solved']} of {row['seeds']}",
            "success rate": interval_of("success_rate", "success_low", "success_high"),
            "updates until half are solved": updates_text,
        }
        return {
            "cell": text_of("cell"),
            **{words(name): text_of(name) for name in results.by},
            "seeds": text_of("seeds"),
            mean_of(results.part.metric): interval_of("mean", "mean_low", "mean_high"),
            **(solving if results.part.solved else {}),
            **diverged,
            **{f"best {words(name)}": text_of(name) for name in results.tuned},
        }

    def figures(self) -> list[FigureSpec]:
        """Return the figures against the span of the task and against the learning rate."""
        return [
            FigureSpec(
                name="outcomes",
                description="mean of the headline metric against delay or length, with intervals",
                experiments=STUDIES,
                table="outcomes.csv",
                draw=plotting.plot_outcomes,
                made_by_report=True,
            ),
            FigureSpec(
                name="learning-rates",
                description="mean of the headline metric against the learning rate",
                experiments=STUDIES,
                table="outcomes.csv",
                draw=plotting.plot_learning_rates,
                made_by_report=True,
            ),
        ]


def outcomes_alt(table: pd.DataFrame, x: str, by: list[str]) -> str:
    """Return the lines of `plot_outcomes` in words."""
    metric = words(str(table["metric"].iloc[0]))
    said = []
    for cell, rows in table.groupby("cell", sort=False):
        rest = [name for name in by if name != x]
        points = (
            f"{number(float(row['mean']))} at {condition(row, [x, *rest])}"
            for row in rows.to_dict("records")
        )
        said.append(f"{cell}: {'; '.join(points)}")
    return f"Line chart of {metric} against {words(x)}. {'. '.join(said)}."


def success_words(row: Row) -> str:
    """Return how many runs solved the task, and what that shows about further runs.

    Examples
    --------
    >>> always = {"solved": 5, "seeds": 5, "success_low": 0.5655, "success_high": 1.0}
    >>> success_words(always)
    "5 of 5 solved: the success rate is at least 0.57 with 95 % confidence, so not 'always'"
    """
    solved, seeds = int(row["solved"]), int(row["seeds"])
    low, high = number(float(row["success_low"])), number(float(row["success_high"]))
    if solved == seeds:
        rate = f"at least {low} with 95 % confidence, so not 'always'"
    elif solved == 0:
        rate = f"at most {high} with 95 % confidence, so not 'never'"
    else:
        rate = f"between {low} and {high} with 95 % confidence"
    return f"{solved} of {seeds} solved: the success rate is {rate}"


def updates_words(row: Row) -> str:
    """Return after how many updates half of the runs are solved, in words.

    Examples
    --------
    >>> updates_words({"updates_to_solve": 960.0, "updates_low": 900.0, "updates_high": math.inf})
    'half of the runs are solved after 960 updates (900 to more than was run)'
    """
    median, low, high = _updates(row)
    if math.isinf(median):
        return "no more than half of the runs were solved within the updates that were run"
    latest = "more than was run" if math.isinf(high) else number(high)
    return f"half of the runs are solved after {number(median)} updates ({number(low)} to {latest})"


def updates_text(row: Row) -> str:
    """Return the updates until half of the runs are solved, for a table.

    Examples
    --------
    >>> updates_text({"updates_to_solve": 960.0, "updates_low": 900.0, "updates_high": math.inf})
    '960 (900 or more)'
    """
    median, low, high = _updates(row)
    if math.isinf(low):
        return "not seen"
    interval = f"{number(low)} or more" if math.isinf(high) else f"{number(low)} to {number(high)}"
    return f"{'not seen' if math.isinf(median) else number(median)} ({interval})"


def _updates(row: Row) -> tuple[float, float, float]:
    return float(row["updates_to_solve"]), float(row["updates_low"]), float(row["updates_high"])


def _is_axis(values: pd.Series) -> bool:
    """Return whether a setting can be an x axis: numbers that vary."""
    return bool(pd.api.types.is_numeric_dtype(values)) and values.nunique() > 1


def _places(rows: pd.DataFrame, by: list[str]) -> str:
    """Return cells with their conditions, those of one cell together."""
    said = []
    for cell, own in rows.groupby("cell", sort=False):
        conditions = [condition(row, by) for row in own.to_dict("records")] if by else []
        if len(by) == 1:  # name the setting once
            name = f"{words(by[0])} "
            conditions[1:] = [text.removeprefix(name) for text in conditions[1:]]
        said.append(f"{cell}{' at ' if conditions else ''}{', '.join(conditions)}")
    return "; ".join(said)
