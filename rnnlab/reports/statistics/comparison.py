"""Comparison of cells by the probability of improvement."""

from __future__ import annotations

import math

import pandas as pd

from rnnlab import plotting
from rnnlab.experiments.results.folder import STUDIES
from rnnlab.plotting import FigureSpec
from rnnlab.plotting.comparison import SIGNIFICANT
from rnnlab.plotting.names import words
from rnnlab.reports.blocks import Block
from rnnlab.reports.findings import findings
from rnnlab.reports.pictures import Picture, picture
from rnnlab.reports.statistics.base import Row, Statistic, TaskResults
from rnnlab.reports.tables import Columns, interval_of, table_of, text_of
from rnnlab.reports.words import number, p_text


class Comparison(Statistic):
    """Every pair of cells, or every cell with the reference of the study."""

    name = "comparison"
    title = "Which cell does better"

    def compute(self, results: TaskResults) -> pd.DataFrame:
        """Return a row for each pair."""
        return results.comparison

    def paragraphs(self, results: TaskResults, table: pd.DataFrame) -> list[str]:
        """Return what the probability of improvement and its test are."""
        direction = "larger" if results.part.higher_is_better else "smaller"
        return [
            "The probability of improvement is how often a run of one cell does better, with a "
            f"{direction} {words(results.part.metric)}, than a run of the other in the same "
            "condition; 0.5 is no difference. It says how often, not by how much. The test is "
            "Mann-Whitney's, with its exact distribution within conditions and Holm's correction "
            "for the number of pairs."
        ]

    def picture(self, results: TaskResults, table: pd.DataFrame) -> Picture | None:
        """Return the forest plot of the pairs that have a condition in common."""
        pairs = table[table["probability"].notna()]
        if pairs.empty:
            return None
        intervals = "; ".join(
            f"{row['cell_a']} over {row['cell_b']} {number(row['probability'])} "
            f"({number(row['ci_low'])} to {number(row['ci_high'])})"
            for row in pairs.to_dict("records")
        )
        return picture(
            lambda _: plotting.plot_comparison(table),
            alt=f"Probability of improvement of each pair, with its interval: {intervals}.",
            caption="Probability of improvement, with its 95 % interval. A filled point differs "
            "significantly from 0.5.",
            table=self.name,
        )

    def sentence(self, row: Row, results: TaskResults) -> str:
        """Return what the comparison of a pair shows."""
        return pair_words(row)

    def columns(self, results: TaskResults, table: pd.DataFrame) -> Columns:
        """Return the probability of improvement and its p-value."""
        return {
            "pair": lambda row: f"{row['cell_a']} over {row['cell_b']}",
            "probability of improvement": interval_of("probability", "ci_low", "ci_high"),
            "p after Holm's correction": lambda row: _p(row["p_holm"]),
            "runs": lambda row: f"{row['runs_a']} and {row['runs_b']}",
            "conditions": text_of("conditions"),
        }

    def block(self, results: TaskResults, table: pd.DataFrame) -> Block:
        """Return the block, with the pairs in the caption of its table."""
        block = super().block(results, table)
        reference = results.reference
        caption = f"Every cell against {reference}" if reference else "Every pair of cells"
        block.tables = [table_of(table, self.columns(results, table), caption, self.name)]
        return block

    def findings(self, results: TaskResults, table: pd.DataFrame) -> list[str]:
        """Return which cell does best, and where cells differ."""
        return findings(
            results.shown,
            table,
            results.by,
            results.reference,
            higher_is_better=results.part.higher_is_better,
            has_criterion=results.part.solved is not None,
        )

    def figures(self) -> list[FigureSpec]:
        """Return the forest plot."""
        return [
            FigureSpec(
                name="comparison",
                description="probability of improvement of every pair of cells, with intervals",
                experiments=STUDIES,
                table="comparison.csv",
                draw=plotting.plot_comparison,
                made_by_report=True,
            )
        ]


def pair_words(row: Row) -> str:
    """Return what a comparison of two cells shows, and what it does not.

    Examples
    --------
    >>> pair = {"cell_a": "gru", "cell_b": "lstm", "probability": 0.56, "p_holm": 0.4}
    >>> pair_words(pair | {"ci_low": 0.41, "ci_high": 0.7})
    'gru did better than lstm in 56 % of the pairs of runs (interval 0.41 to 0.70): no \
significant difference (p = 0.400).'
    """
    a, b = str(row["cell_a"]), str(row["cell_b"])
    share, low, high = (float(row[name]) for name in ("probability", "ci_low", "ci_high"))
    if math.isnan(share):
        return f"{a} and {b} have no condition in common: nothing is compared."
    if share < 0.5:  # about the one that did better
        a, b, share, low, high = b, a, 1 - share, 1 - high, 1 - low
    text = f"{a} did better than {b} in {share:.0%} of the pairs of runs".replace("%", " %")
    if share == 0.5:
        text = f"neither of {a} and {b} did better more often than the other"
    p = float(row["p_holm"])
    verdict = "a significant difference" if p < SIGNIFICANT else "no significant difference"
    if p >= SIGNIFICANT and low > 0.5:
        verdict += " after Holm's correction for the number of pairs"
    return f"{text} (interval {number(low)} to {number(high)}): {verdict} ({p_text(p)})."


def _p(value: float) -> str:
    return "none" if math.isnan(value) else p_text(value).removeprefix("p = ").removeprefix("p ")
