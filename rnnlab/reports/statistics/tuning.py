"""Best settings of training for each cell, where a study sweeps some."""

from __future__ import annotations

import pandas as pd

from rnnlab import plotting
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
from rnnlab.reports.statistics.outcomes import outcomes_alt
from rnnlab.reports.words import mean_of


class Tuning(Statistic):
    """Outcomes at the settings of training that are best for each cell in each condition."""

    name = "at-best"
    title = "Settings of training"

    def compute(self, results: TaskResults) -> pd.DataFrame | None:
        """Return the outcomes at the best settings; None where nothing is tuned."""
        return results.shown if results.tuned else None

    def paragraphs(self, results: TaskResults, table: pd.DataFrame) -> list[str]:
        """Return how the settings were chosen, and the bias of that choice."""
        tuned = results.tuned
        names = " and ".join(map(words, tuned))
        choices = [
            set(map(tuple, own[tuned].to_numpy())) for _, own in results.every.groupby("cell")
        ]
        alike = all(own == choices[0] for own in choices)
        trained = (
            f"Each cell was trained with every {names} of the study."
            if alike
            else f"Cells were not all trained with the same {names}: see the table of outcomes."
        )
        if results.part.of_table:
            return [
                f"{trained} All other parts of this page show each cell's scores on the test part "
                "with its best settings in each condition, chosen on the validation part."
            ]
        return [
            f"{trained} All other parts of this page show each cell with its best settings in each "
            "condition, chosen from the same runs that are shown: this flatters every cell a "
            "little, the more the further its runs scatter"
            + ("." if alike else " and the more it had to choose from.")
        ]

    def picture(self, results: TaskResults, table: pd.DataFrame) -> Picture | None:
        """Return the means against the learning rate, where it was swept."""
        every, rest = results.every, [name for name in results.part.by if name != "lr"]
        if not _sweeps_rates(results) or panels(every, rest) > MOST_PANELS:
            return None
        mean = mean_of(results.part.metric).capitalize()
        return picture(
            lambda columns: plotting.plot_learning_rates(every, columns=columns),
            alt=outcomes_alt(every, "lr", results.part.by),
            caption=f"{mean} against the learning rate{and_interval(every)}. If the best rate is "
            "at the edge, sweep a wider range.",
            table="outcomes",
        )

    def sentences(self, results: TaskResults, table: pd.DataFrame) -> list[str]:
        """Return the cells whose best rate is an end of their sweep."""
        if not _sweeps_rates(results):
            return []
        best = table.to_dict("records")
        at_end = [
            f"{row['cell']}{where(row, results.by)}" for row in best if _ends_sweep(row, results)
        ]
        if not at_end:
            return []
        said = "The best rate is at an end of the sweep, and a better one may be beyond it"
        return [f"{said}: {'; '.join(at_end)}."]

    def block(self, results: TaskResults, table: pd.DataFrame) -> Block:
        """Return the block; the numbers are in the table of outcomes."""
        block = super().block(results, table)
        block.numbers = None
        return block


def _sweeps_rates(results: TaskResults) -> bool:
    return "lr" in results.tuned and results.every["lr"].nunique() > 1


def _ends_sweep(best: Row, results: TaskResults) -> bool:
    """Return whether the best rate is an end of its cell's sweep, and better than all within."""
    every = results.every
    same = ["cell", *(name for name in results.part.by if name != "lr")]
    sweep = every[(every[same] == [best[name] for name in same]).all(axis=1)]
    ends = {sweep["lr"].min(), sweep["lr"].max()}
    if len(ends) < 2 or best["lr"] not in ends:
        return False
    inner = sweep[~sweep["lr"].isin(ends)]
    rivals = sweep[sweep["lr"] != best["lr"]] if inner.empty else inner
    sign = 1 if results.part.higher_is_better else -1
    return bool((sign * best["mean"] > sign * rivals["mean"]).all())
