"""Findings for the top of the page: which cell does best, and where cells differ."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rnnlab.plotting.comparison import SIGNIFICANT
from rnnlab.reports.words import condition, mean_of, number, p_text
from rnnlab.statistics import overall
from rnnlab.statistics.run_outcomes import groups_of

Row = dict[Any, Any]
# Largest numbers of conditions and of cells or pairs that a sentence names.
_MOST_PLACES, _MOST_CELLS = 3, 10


def findings(
    outcomes: pd.DataFrame,
    comparison: pd.DataFrame,
    by: list[str],
    reference: str | None,
    *,
    higher_is_better: bool,
    has_criterion: bool,
) -> list[str]:
    """Return the sentences about one task, the most important first.

    Parameters
    ----------
    outcomes : DataFrame
        Table of `rnnlab.statistics.outcomes`, one row for each cell and condition.
    comparison : DataFrame
        Table of `rnnlab.statistics.compare`.
    by : list of str
        The settings that make a condition.
    reference : str or None
        The cell that all others are compared with.
    higher_is_better : bool
    has_criterion : bool
        Whether the task has a criterion for solved.
    """
    said = []
    ceiling = bool(has_criterion and (outcomes["solved"] == outcomes["seeds"]).all())
    if ceiling:
        said.append(
            "Every run of every cell solves the task: it does not separate the cells. Take a "
            "longer one."
        )
    floor = has_criterion and not outcomes["solved"].any()
    if floor:
        said.append(
            "No run of any cell solves the task within the updates that were run: take a shorter "
            "one, or more updates."
        )
    if len(comparison) == 0:
        return said
    sign = 1 if higher_is_better else -1
    table = overall(outcomes, by)
    ranked = sorted(table.to_dict("records"), key=lambda r: (-sign * r["mean"], -r["solved"]))
    pairs = comparison.to_dict("records")
    leaders = list(outcomes["cell"].unique())
    if ranked and not ceiling:
        if reference is None:
            text, leaders = _best(ranked, pairs, has_criterion and not floor, higher_is_better)
            said.append(text)
        else:
            own = next(row for row in ranked if row["cell"] == reference)
            said.append(
                f"{reference}, the reference, has {_result(own, has_criterion and not floor)}."
            )
    if has_criterion and not ceiling and not floor:
        said += _by_condition(outcomes, leaders, by)
    return [*said, _significant(pairs, reference)]


def _best(
    ranked: list[Row], pairs: list[Row], has_criterion: bool, higher_is_better: bool
) -> tuple[str, list[Any]]:
    """Return the sentence about the best mean, with the cells that do not differ significantly."""
    best = ranked[0]
    close = []
    for row in ranked[1:]:
        names = {best["cell"], row["cell"]}
        pair = next(one for one in pairs if {one["cell_a"], one["cell_b"]} == names)
        if not pair["p_holm"] < SIGNIFICANT:
            close.append((row, pair["p_holm"]))
    extreme = "highest" if higher_is_better else "lowest"
    over = int(best["conditions"])
    conditions = f"over the {over} conditions" if over > 1 else "in the one condition"
    text = (
        f"{best['cell']} has the {extreme} {mean_of(str(best['metric']))} {conditions}, "
        f"{_numbers(best, has_criterion)}"
    )
    if not close:
        others = "every other cell" if len(ranked) > 2 else ranked[1]["cell"]
        every = [row["cell"] for row in ranked]
        return f"{text}; the difference to {others} is significant.", every
    ties = [
        f"{row['cell']} ({_numbers(row, has_criterion)}; {p_text(p)})"
        for row, p in close[:_MOST_CELLS]
    ]
    more = len(close) - len(ties)
    named = f"{', '.join(ties)} and {more} more" if more else _listed(ties, "or")
    leaders = [best["cell"], *(row["cell"] for row, _ in close)]
    return f"{text}, but no significant difference to {named}.", leaders


def _numbers(row: Row, has_criterion: bool) -> str:
    """Return the mean of a cell and the number of its runs that solve the task."""
    solved = f", {int(row['solved'])} of {int(row['runs'])} runs solved" if has_criterion else ""
    return f"{number(float(row['mean']))}{solved}"


def _result(row: Row, has_criterion: bool) -> str:
    over = int(row["conditions"])
    conditions = f" over the {over} conditions" if over > 1 else ""
    return f"a {mean_of(str(row['metric']))} of {_numbers(row, has_criterion)}{conditions}"


def _by_condition(outcomes: pd.DataFrame, cells: list[Any], by: list[str]) -> list[str]:
    """Return where cells solve the task differently often, and where all or none solve it."""
    every, none, differ = [], [], []
    for rows in groups_of(outcomes, by).values():
        where = f" at {condition(rows.iloc[0].to_dict(), by)}" if by else ""
        if (rows["solved"] == rows["seeds"]).all():
            every.append(where.strip())
        elif not rows["solved"].any():
            none.append(where.strip())
        own = rows[rows["cell"].isin(cells)]
        best_first = own.sort_values("success_rate", ascending=False, kind="stable")
        spread = float(own["success_rate"].max() - own["success_rate"].min())
        counts = ", ".join(
            f"{row['cell']} {row['solved']} of {row['seeds']}"
            for row in best_first.head(_MOST_CELLS).to_dict("records")
        )
        counts += f" and {len(own) - _MOST_CELLS} more cells" * (len(own) > _MOST_CELLS)
        differ.append((spread, f"Solved{where}: {counts}."))
    largest = sorted((one for one in differ if one[0] > 0), key=lambda one: -one[0])
    said = [text for _, text in differ if text in {text for _, text in largest[:_MOST_PLACES]}]
    if every:
        said.append(
            f"Every run of every cell solves the task {_listed(every, 'and')}: nothing separates "
            "the cells there."
        )
    if none:
        said.append(f"No run of any cell solves the task {_listed(none, 'and')}.")
    return said


def _listed(texts: list[str], last: str) -> str:
    """Return texts joined with commas, and the last two with a word."""
    return f" {last} ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))


def _significant(pairs: list[Row], reference: str | None) -> str:
    """Return how many pairs differ significantly, and which, those of one cell together."""
    apart = [row for row in pairs if row["p_holm"] < SIGNIFICANT]
    worse: dict[Any, list[str]] = {}
    for row in apart:
        first = row["probability"] > 0.5
        better, other = ("cell_a", "cell_b") if first else ("cell_b", "cell_a")
        worse.setdefault(row[better], []).append(str(row[other]))
    verb = "differs" if len(pairs) == 1 else "differ"
    if reference is None:
        what = f"{len(apart)} of {len(pairs)} pair{'s' * (len(pairs) > 1)} of cells {verb}"
    else:
        what = f"{len(apart)} of {len(pairs)} cell{'s' * (len(pairs) > 1)} {verb} from {reference}"
    if len(apart) > _MOST_CELLS:
        return f"{what} significantly: see the table of pairs."
    named = "; ".join(f"{one} better than {_listed(cells, 'and')}" for one, cells in worse.items())
    return f"{what} significantly{f': {named}' if named else ''}."
