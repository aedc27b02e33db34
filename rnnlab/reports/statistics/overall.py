"""Result of every cell over all conditions."""

from __future__ import annotations

import pandas as pd

from rnnlab import statistics
from rnnlab.plotting.comparison import SIGNIFICANT
from rnnlab.reports.statistics.base import Statistic, TaskResults
from rnnlab.reports.tables import Columns, text_of
from rnnlab.reports.words import mean_of, number


class Overall(Statistic):
    """Means over all conditions that all cells have, with groups that do not differ."""

    name = "overall"
    title = "Over all conditions"
    caption = "Every cell over all conditions that all cells have"

    def compute(self, results: TaskResults) -> pd.DataFrame:
        """Return a row for each cell."""
        return results.overall

    def is_shown(self, results: TaskResults, table: pd.DataFrame) -> bool:
        """Return whether there are cells to compare."""
        return len(table) > 1

    def paragraphs(self, results: TaskResults, table: pd.DataFrame) -> list[str]:
        """Return what the letters mean, where there are some."""
        if results.reference is not None:
            return []
        limit = f"{SIGNIFICANT:g}".lstrip("0")
        return [
            "Cells that share a letter in the column of groups do not differ significantly "
            f"(p < {limit} after Holm's correction)."
        ]

    def columns(self, results: TaskResults, table: pd.DataFrame) -> Columns:
        """Return the mean, the solved runs and, for all pairs, the groups."""
        groups: Columns = {}
        if results.reference is None:
            best_first = table.sort_values("mean", ascending=not results.part.higher_is_better)
            letters = statistics.letter_groups(
                results.comparison, list(best_first["cell"]), level=SIGNIFICANT
            )
            groups = {"group": lambda row: letters[row["cell"]]}
        solving: Columns = {"solved": lambda row: f"{row['solved']} of {row['runs']}"}
        return {
            "cell": text_of("cell"),
            "conditions": text_of("conditions"),
            "runs": text_of("runs"),
            mean_of(results.part.metric): lambda row: number(float(row["mean"])),
            **(solving if results.part.solved else {}),
            **groups,
        }
