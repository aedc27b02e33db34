"""Numbers in sentences that say no more than the numbers do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from rnnlab.plotting.comparison import SIGNIFICANT
from rnnlab.plotting.names import setting_words, words

Row = Mapping[Any, Any]
ENOUGH_SEEDS = 10
OFF = "none"  # as a study's TOML says of a clip


def number(value: float) -> str:
    """Write a number with two or three digits that count.

    Examples
    --------
    >>> [number(value) for value in (0.98765, 0.0001234, 1200.0, 3.14159, float("inf"), 1)]
    ['0.99', '0.00012', '1200', '3.14', 'infinity', '1']
    """
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return "not known"
    if math.isinf(value):
        return "infinity" if value > 0 else "minus infinity"
    if value == int(value) and abs(value) >= 2:
        return str(int(value))
    if 0 < abs(value) < 0.01:
        return f"{value:.2g}"
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"


def p_text(value: float) -> str:
    """Write a p-value.

    Examples
    --------
    >>> p_text(0.0001), p_text(0.0372), p_text(1.0)
    ('p < 0.001', 'p = 0.037', 'p = 1.000')
    """
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def condition(row: Row, by: list[str]) -> str:
    """Name the condition of a row.

    Examples
    --------
    >>> condition({"task": "adding", "length": 50, "lr": 0.001}, ["task", "length", "lr"])
    'adding, length 50, learning rate 0.001'
    """
    return ", ".join(setting_words(name, row[name]) for name in by)


def mean_of(metric: str) -> str:
    """Return what a mean over runs is called.

    Examples
    --------
    >>> mean_of("recall_accuracy"), mean_of("mse")
    ('mean recall accuracy', 'mean squared error')
    """
    name = words(metric)
    return name if name.startswith("mean ") else f"mean {name}"


def success_words(row: Row) -> str:
    """Say how many runs solved the task, and what that shows of all runs there could be.

    Examples
    --------
    >>> always = {"solved": 5, "seeds": 5, "success_low": 0.5655, "success_high": 1.0}
    >>> success_words(always)
    "5 of 5 solved: the success rate is at least 0.57 with 95 % confidence, so not 'always'"
    """
    solved, seeds = int(row["solved"]), int(row["seeds"])
    low, high = number(float(row["success_low"])), number(float(row["success_high"]))
    if solved == seeds:
        return (
            f"{solved} of {seeds} solved: the success rate is at least {low} with 95 % confidence, "
            "so not 'always'"
        )
    if solved == 0:
        return (
            f"0 of {seeds} solved: the success rate is at most {high} with 95 % confidence, "
            "so not 'never'"
        )
    return (
        f"{solved} of {seeds} solved: the success rate lies between {low} and {high} with 95 % "
        "confidence"
    )


def updates_words(row: Row) -> str:
    """Say after how many updates half of the runs are solved.

    Examples
    --------
    >>> updates_words({"updates_to_solve": 960.0, "updates_low": 900.0, "updates_high": math.inf})
    'half of the runs are solved after 960 updates (900 to more than was run)'
    """
    median, low, high = (
        float(row[name]) for name in ("updates_to_solve", "updates_low", "updates_high")
    )
    if math.isinf(median):
        return "no more than half of the runs were solved within the updates that were run"
    latest = "more than was run" if math.isinf(high) else number(high)
    return f"half of the runs are solved after {number(median)} updates ({number(low)} to {latest})"


def pair_words(row: Row) -> str:
    """Say what a comparison of two cells shows, and what it does not.

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
    if share < 0.5:  # said of the one that did better
        a, b, share, low, high = b, a, 1 - share, 1 - high, 1 - low
    text = f"{a} did better than {b} in {share:.0%} of the pairs of runs".replace("%", " %")
    if share == 0.5:
        text = f"neither of {a} and {b} did better more often than the other"
    p = float(row["p_holm"])
    verdict = "a significant difference" if p < SIGNIFICANT else "no significant difference"
    if p >= SIGNIFICANT and low > 0.5:
        verdict += " after Holm's correction for the number of pairs"
    return f"{text} (interval {number(low)} to {number(high)}): {verdict} ({p_text(p)})."


def cautions(
    outcomes: pd.DataFrame, settings: Mapping[str, Any], by: list[str], manifest: Any
) -> list[str]:
    """List what a reader must know before believing the numbers.

    Parameters
    ----------
    outcomes : DataFrame
        A row for each cell and condition: cell, those in `by`, seeds, diverged.
    settings : mapping
        Of the study.
    by : list of str
        The settings that vary.
    manifest : mapping
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
    """Say at which learning rate each cell was trained, where it was one."""
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
    """Say that cells had different learning rates to choose from, where they had."""
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
    """Say that cells differ in their number of parameters, where they do."""
    if len(set(parameters.values())) < 2:
        return None
    small, *_, large = sorted(parameters, key=lambda cell: parameters[cell])
    if parameters[large] < 1.1 * parameters[small]:
        return None
    return (
        f"The models differ in size, from {parameters[small]} learned numbers ({small}) to "
        f"{parameters[large]} ({large}): a difference between them may be one of size."
    )
