"""The parts of the page: what is computed, drawn and said about one task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from rnnlab import plotting, statistics
from rnnlab.experiments.kinds.summary import TUNED
from rnnlab.plotting._runs import has_intervals
from rnnlab.plotting.names import words
from rnnlab.reports import pictures
from rnnlab.reports.findings import findings
from rnnlab.reports.pictures import Picture, picture
from rnnlab.reports.source import Part, Source
from rnnlab.reports.tables import (
    Table,
    comparison_table,
    outcomes_table,
    overall_table,
)
from rnnlab.reports.words import (
    cautions,
    condition,
    mean_of,
    number,
    pair_words,
    success_words,
    updates_words,
)

# More panels than this are no figure any more.
_MOST_PANELS = 12


@dataclass
class Block:
    """A heading of the page with what stands below it, in this order.

    `numbers` names a table whose numbers are in no figure.
    """

    title: str
    paragraphs: list[str] = field(default_factory=list)
    picture: Picture | None = None
    numbers: str | None = None
    sentences: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


@dataclass
class Section:
    """A part of the page.

    Attributes
    ----------
    title : str
    task : str or None
        What its tables are about, where the study names its tasks.
    blocks : list of Block
    findings, cautions : list of str
        For the top of the page.
    tables : dict
        The tables behind the blocks, by name.
    """

    title: str
    task: str | None = None
    blocks: list[Block] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


def task_section(part: Part, source: Source, *, alone: bool) -> Section:
    """Return everything about one task."""
    named = part.task if "task" in part.metrics else None
    section = Section("Results" if alone else f"Results: {part.task}", named)
    measure, solved = part.measure, part.solved or _never
    undefined = part.undefined
    every = statistics.outcomes(part.metrics, solved=solved, undefined=undefined, **measure)
    every = every.assign(chance=[part.chance(row) for row in every.to_dict("records")])
    section.tables["outcomes"] = every
    chosen, shown, by = part.metrics, every, part.by
    tuned = [name for name in part.by if name in TUNED]
    if tuned:
        chosen = statistics.at_best(part.metrics, tuned, undefined=undefined, **measure)
        by = [name for name in part.by if name not in tuned]
        measure = {**measure, "by": by}
        kept = chosen[["cell", *part.by]].drop_duplicates()
        shown = every.merge(kept, on=["cell", *part.by])
        section.tables["at-best"] = shown
    section.blocks.append(_headline(shown, chosen, part, by, tuned))
    if tuned:
        section.blocks.append(_tuning(every, shown, part, tuned))
    overall = statistics.overall(shown, by)
    reference = source.reference if source.reference in set(shown["cell"]) else None
    comparison = statistics.compare(chosen, reference=reference, **measure)
    section.tables |= {"overall": overall, "comparison": comparison}
    if len(comparison):
        section.blocks.append(_comparison(overall, comparison, part, reference))
    if part.solved is not None:
        curves = statistics.survival_curves(chosen, solved=solved, **measure)
        section.tables["survival"] = curves
        section.blocks.append(_survival(curves, shown, by))
    curves = statistics.learning_curves(chosen, **measure)
    section.tables["learning-curves"] = curves
    section.blocks.append(_learning_curves(curves, part, by))
    said = findings(shown, comparison, by, reference, higher_is_better=part.higher_is_better,
                    has_criterion=part.solved is not None)  # fmt: skip
    section.findings = said if alone else [f"{part.task}: {one}" for one in said]
    section.cautions = cautions(every, source.settings, part.by, source.manifest)
    return section


def _headline(
    shown: pd.DataFrame, chosen: pd.DataFrame, part: Part, by: list[str], tuned: list[str]
) -> Block:
    block = Block(f"{words(part.metric).capitalize()}")
    x = next((name for name in by if _is_number(shown[name])), None)
    if x is not None and _panels(shown, [name for name in by if name != x]) <= _MOST_PANELS:
        drawn = shown.drop(columns=tuned)
        runs = statistics.runs_of(chosen, **part.measure).drop(columns=tuned)
        block.picture = picture(
            lambda columns: plotting.plot_outcomes(drawn, x, runs=runs, columns=columns),
            alt=pictures.outcomes_alt(shown, x, by),
            caption=f"{words(part.metric).capitalize()} at the last evaluation: every run as a "
            f"point, their mean{_and_interval(shown)}. The dashed line is a model without memory.",
            table="at-best" if tuned else "outcomes",
        )
    if part.solved is not None:
        block.sentences = [
            f"{row['cell']}{_where(row, by)}: {success_words(row)}; {updates_words(row)}."
            for row in shown.to_dict("records")
            if row["solved"]
        ]
        rest = shown[shown["solved"] == 0].to_dict("records")
        if rest:
            most = max(row["success_high"] for row in rest)
            block.sentences.append(
                f"Solved by no run: {_places(shown[shown['solved'] == 0], by)}. Each success rate "
                f"is at most {number(most)} with 95 % confidence, so not 'never'."
            )
    caption = f"Outcome of every cell{' with its best settings of training' if tuned else ''}"
    name = "at-best" if tuned else "outcomes"
    block.tables.append(outcomes_table(shown, by, tuned, caption, name))
    return block


def _tuning(every: pd.DataFrame, shown: pd.DataFrame, part: Part, tuned: list[str]) -> Block:
    block = Block("Settings of training")
    names = " and ".join(map(words, tuned))
    choices = [set(map(tuple, own[tuned].to_numpy())) for _, own in every.groupby("cell")]
    alike = all(own == choices[0] for own in choices)
    block.paragraphs.append(
        f"Each cell was trained with every {names} of the study. "
        if alike
        else f"Cells were not all trained with the same {names}: the table of outcomes has which. "
    )
    block.paragraphs[-1] += (
        "All other parts of this page show each cell with what served it best in each condition, "
        "chosen from the very runs that are shown: this flatters every cell a little, the more the "
        "further its runs scatter" + ("." if alike else " and the more it had to choose from.")
    )
    if "lr" not in tuned or every["lr"].nunique() < 2:
        return block
    rest = [name for name in part.by if name != "lr"]
    if _panels(every, rest) <= _MOST_PANELS:
        block.picture = picture(
            lambda columns: plotting.plot_learning_rates(every, columns=columns),
            alt=pictures.outcomes_alt(every, "lr", part.by),
            caption=f"{mean_of(part.metric).capitalize()} against the learning rate"
            f"{_and_interval(every)}. A best rate at the edge asks for a wider sweep.",
            table="outcomes",
        )
    by = [name for name in part.by if name not in tuned]
    best = shown.to_dict("records")
    at_edge = [
        f"{row['cell']}{_where(row, by)}" for row in best if _ends_the_sweep(row, every, part)
    ]
    if at_edge:
        block.sentences.append(
            f"The best rate lies at an end of the sweep, and a better one may lie beyond: "
            f"{'; '.join(at_edge)}."
        )
    return block


def _ends_the_sweep(best: dict[Any, Any], every: pd.DataFrame, part: Part) -> bool:
    """Return whether the best rate is an end of its cell's sweep, and better than all within."""
    same = ["cell", *(name for name in part.by if name != "lr")]
    sweep = every[(every[same] == [best[name] for name in same]).all(axis=1)]
    ends = {sweep["lr"].min(), sweep["lr"].max()}
    if len(ends) < 2 or best["lr"] not in ends:
        return False
    inner = sweep[~sweep["lr"].isin(ends)]
    rivals = sweep[sweep["lr"] != best["lr"]] if inner.empty else inner
    sign = 1 if part.higher_is_better else -1
    return bool((sign * best["mean"] > sign * rivals["mean"]).all())


def _comparison(
    overall: pd.DataFrame, comparison: pd.DataFrame, part: Part, reference: str | None
) -> Block:
    block = Block("Which cell does better")
    direction = "larger" if part.higher_is_better else "smaller"
    block.paragraphs.append(
        "The probability of improvement is how often a run of one cell does better, with a "
        f"{direction} {words(part.metric)}, than a run of the other in the same condition; 0.5 is "
        "no difference. It says how often, not by how much. The test is Mann-Whitney's, with its "
        "exact distribution within conditions and Holm's correction for the number of pairs."
    )
    pairs = f"Every cell against {reference}" if reference else "Every pair of cells"
    if comparison["probability"].notna().any():
        block.picture = picture(
            lambda _: plotting.plot_comparison(comparison),
            alt=pictures.comparison_alt(comparison),
            caption="Probability of improvement, with its 95 % interval. A filled point differs "
            "significantly from 0.5.",
            table="comparison",
        )
    block.sentences = [pair_words(row) for row in comparison.to_dict("records")]
    block.tables.append(comparison_table(comparison, pairs, "comparison"))
    if len(overall):
        caption = "Every cell over all conditions that all cells have"
        block.tables.append(overall_table(overall, caption, "overall"))
    return block


def _survival(curves: pd.DataFrame, shown: pd.DataFrame, by: list[str]) -> Block:
    block = Block("How soon the task is solved")
    if not shown["solved"].any():
        block.paragraphs.append("No run solved the task within the updates that were run.")
        return block
    if _panels(curves, by) <= _MOST_PANELS:
        block.picture = picture(
            lambda columns: plotting.plot_survival(curves, columns=columns),
            alt=pictures.survival_alt(curves, by),
            caption="Share of the runs that have not solved the task yet (Kaplan-Meier). A run "
            "that was never solved counts as unsolved for as long as it was watched, and to the "
            "end of the study if it diverged. A mean over the solved runs alone would hide both.",
            table="survival",
        )
    return block


def _learning_curves(curves: pd.DataFrame, part: Part, by: list[str]) -> Block:
    block = Block("Learning curves")
    panels = _panels(curves, by)
    if panels > _MOST_PANELS:
        block.paragraphs.append(
            f"{panels} conditions are too many for one figure: the table has the curves."
        )
        block.numbers = "learning-curves"
        return block
    block.picture = picture(
        lambda columns: plotting.plot_learning_curves(curves, columns=columns),
        alt=pictures.curves_alt(curves, by),
        caption=f"{words(part.metric).capitalize()} on newly drawn data while learning: the median "
        "over seeds, and the band in which they lie.",
        table="learning-curves",
    )
    return block


def _and_interval(table: pd.DataFrame) -> str:
    """Name the interval of a mean, where a figure draws one."""
    return " and its 95 % interval" if has_intervals(table, "mean_low") else ""


def _never(_: float) -> bool:
    """Stand in for the criterion of a task that has none."""
    return False


def _places(rows: pd.DataFrame, by: list[str]) -> str:
    """Name cells with their conditions, those of one cell together."""
    said = []
    for cell, own in rows.groupby("cell", sort=False):
        where = [condition(row, by) for row in own.to_dict("records")] if by else []
        if len(by) == 1:  # say what varies once
            where = [condition(own.iloc[0].to_dict(), by)]
            where += [
                text.removeprefix(f"{words(by[0])} ")
                for text in (condition(row, by) for row in own.iloc[1:].to_dict("records"))
            ]
        said.append(f"{cell}{' at ' if where else ''}{', '.join(where)}")
    return "; ".join(said)


def _where(row: dict[Any, Any], by: list[str]) -> str:
    return f", {condition(row, by)}" if by else ""


def _panels(table: pd.DataFrame, by: list[str]) -> int:
    return len(table[by].drop_duplicates()) if by else 1


def _is_number(values: pd.Series[Any]) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values)) and values.nunique() > 1
