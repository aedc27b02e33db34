"""Figures as they go into a page: vector graphics inside it, with their content in words."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from rnnlab.plotting import house_style
from rnnlab.plotting.names import words
from rnnlab.reports.words import condition, number

# Columns of panels on a wide and on a narrow screen.
WIDE, NARROW = 2, 1


@dataclass(frozen=True)
class Picture:
    """A figure of the page.

    Attributes
    ----------
    wide, narrow : str
        Data URIs; `narrow` is for screens of a phone, and may be the same.
    alt : str
        What the figure shows, for those who do not see it.
    caption : str
        How to read it.
    table : str
        The name of the table with its numbers.
    width : int
        Of `wide`, in CSS pixels.
    scrolls : bool
        Whether a narrow screen shows a part at a time.
    """

    wide: str
    narrow: str
    alt: str
    caption: str
    table: str
    width: int
    scrolls: bool = False


def picture(
    draw: Callable[[int], Figure], *, alt: str, caption: str, table: str, scrolls: bool = False
) -> Picture:
    """Draw a figure for wide and for narrow screens.

    Parameters
    ----------
    draw : callable
        From the number of columns to the figure.
    alt, caption, table, scrolls
        As for `Picture`.
    """
    wide = draw(WIDE)
    narrow = wide if scrolls else draw(NARROW)
    width = int(96 * wide.get_figwidth())
    return Picture(_uri(wide), _uri(narrow), alt, caption, table, width, scrolls)


def outcomes_alt(table: pd.DataFrame, x: str, by: list[str]) -> str:
    """Tell the lines of `plot_outcomes`."""
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


def curves_alt(table: pd.DataFrame, by: list[str]) -> str:
    """Tell where the curves of `plot_learning_curves` begin and end."""
    metric = words(str(table["metric"].iloc[0]))
    said = []
    for _, rows in table.groupby(["cell", *by], sort=False, dropna=False):
        first, last = rows.iloc[0].to_dict(), rows.iloc[-1].to_dict()
        where = condition(first, by)
        said.append(
            f"{first['cell']}{f', {where}' if where else ''}: from "
            f"{number(float(first['median']))} to {number(float(last['median']))}"
        )
    return f"Line charts of the median {metric} against updates. {'; '.join(said)}."


def survival_alt(table: pd.DataFrame, by: list[str]) -> str:
    """Tell where the curves of `plot_survival` end."""
    said = []
    for _, rows in table.groupby(["cell", *by], sort=False, dropna=False):
        last = rows.iloc[-1].to_dict()
        where = condition(last, by)
        said.append(
            f"{last['cell']}{f', {where}' if where else ''}: {number(float(last['unsolved']))}"
        )
    return f"Step charts of the share of runs unsolved, which ends at: {'; '.join(said)}."


def comparison_alt(table: pd.DataFrame) -> str:
    """Tell the intervals of `plot_comparison`."""
    rows = table[table["probability"].notna()].to_dict("records")
    pairs = (
        f"{row['cell_a']} over {row['cell_b']} {number(row['probability'])} "
        f"({number(row['ci_low'])} to {number(row['ci_high'])})"
        for row in rows
    )
    return f"Probability of improvement of each pair, with its interval: {'; '.join(pairs)}."


def _uri(figure: Figure) -> str:
    """Return a figure as an SVG in a data URI, the same bytes for the same figure."""
    file = io.BytesIO()
    with house_style(), matplotlib.rc_context({"svg.hashsalt": "rnnlab", "svg.fonttype": "path"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
