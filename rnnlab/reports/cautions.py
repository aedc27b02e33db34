"""Cautions of a report: what a reader must know to judge the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

ENOUGH_SEEDS = 10


def cautions(
    outcomes: pd.DataFrame, settings: Mapping[str, Any], by: list[str], manifest: Any
) -> list[str]:
    """Return the sentences that a reader must know to judge the numbers.

    Parameters
    ----------
    outcomes : DataFrame
        A row for each cell and condition, with the columns seeds and diverged.
    settings : mapping
        Settings of the study.
    by : list of str
        The settings that vary.
    manifest : mapping
        The manifest of the result.
    """
    said = []
    fewest = int(outcomes["seeds"].min())
    if fewest < ENOUGH_SEEDS:
        noun = "seed" if fewest == 1 else "seeds"
        said.append(
            f"{fewest} {noun} for each cell and condition are few: the intervals are wide, and "
            "failures of one run in five may go unseen."
        )
    said += _rates_swept(outcomes) if "lr" in by else [_rates_given(settings)]
    broken = outcomes[outcomes["diverged"] > 0]
    if len(broken):
        runs = int(broken["diverged"].sum())
        of = ", ".join(dict.fromkeys(map(str, broken["cell"])))
        said.append(
            f"{runs} of {int(outcomes['seeds'].sum())} runs diverged ({of}). They count as worst "
            "at the end, and as unsolved unless they had solved the task before; none was left out."
        )
    if manifest.get("git_changed"):
        said.append(
            "The code differed from the commit named below: that commit alone may not give these "
            "numbers."
        )
    return said


def _rates_given(settings: Mapping[str, Any]) -> str:
    """Return at which learning rate each cell was trained, where none was swept."""
    entries = [one for one in settings.get("cells") or () if isinstance(one, Mapping)]
    common = settings.get("lr")
    own = {str(one.get("label")): one.get("lr") or common for one in entries}
    cells_at: dict[Any, list[str]] = {}
    for cell, rate in own.items():
        cells_at.setdefault(rate, []).append(cell)
    if len(cells_at) > 1:
        rates = "; ".join(
            f"{', '.join(cells)} at {_rate(rate)}" for rate, cells in cells_at.items()
        )
        how = f"Each cell was trained at one learning rate: {rates}"
    else:
        (rate,) = cells_at or (common,)
        at = f" of {rate:g}" if isinstance(rate, int | float) else ""
        how = f"All cells were trained at one learning rate{at}"
    return (
        f"{how}. The best rate differs from cell to cell and often matters more than the cell: "
        "another rate may change the order."
    )


def _rate(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else "a rate that is not known"


def _rates_swept(outcomes: pd.DataFrame) -> list[str]:
    """Return that cells had different learning rates to choose from, where they had."""
    rates = outcomes.groupby("cell", sort=False)["lr"].unique().map(sorted)
    if len(set(map(tuple, rates))) < 2:
        return []
    had = "; ".join(
        f"{cell} {', '.join(f'{rate:g}' for rate in own)}" for cell, own in rates.items()
    )
    if rates.map(len).nunique() > 1:
        return [
            f"Cells had different numbers of learning rates to choose from ({had}): the best of "
            "many looks better than the best of few, whatever the cell."
        ]
    return [
        f"Cells had different learning rates to choose from ({had}): what is compared is cells "
        "with their rates."
    ]


def size_caution(parameters: Mapping[str, int]) -> str | None:
    """Return that cells differ in their number of parameters, where they do."""
    if len(set(parameters.values())) < 2:
        return None
    small, *_, large = sorted(parameters, key=lambda cell: parameters[cell])
    if parameters[large] < 1.1 * parameters[small]:
        return None
    return (
        f"The models differ in size, from {parameters[small]} learned numbers ({small}) to "
        f"{parameters[large]} ({large}): a difference between them may be one of size."
    )
