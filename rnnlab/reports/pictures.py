"""Figures as they go into a page: vector graphics inside it, with their content in words."""

from __future__ import annotations

import base64
import io
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from rnnlab.plotting import house_style, save_figure
from rnnlab.plotting._glyphs import show_as_written
from rnnlab.plotting.names import words
from rnnlab.reports.words import condition, number

# Panels side by side, at most.
COLUMNS = 2
# Share of its width that a figure keeps on a narrow screen: 9 points are 6.5 then.
_LEAST = 0.72
# The house font, and what has letters of the same width where it is not installed.
_FONTS = "'DejaVu Sans', Verdana, sans-serif"


@dataclass(frozen=True)
class Picture:
    """A figure of the page.

    Attributes
    ----------
    image : str
        A data URI.
    alt : str
        What the figure shows, for those who do not see it.
    caption : str
        How to read it.
    table : str
        The name of the table with its numbers.
    width, least : int
        Of the image and, on a narrow screen, at least, in CSS pixels: more than fits is scrolled.
    """

    image: str
    alt: str
    caption: str
    table: str
    width: int
    least: int


def picture(
    draw: Callable[[int], Figure],
    *,
    alt: str,
    caption: str,
    table: str,
    scrolls: bool = False,
    raster: bool = False,
) -> Picture:
    """Draw a figure.

    Parameters
    ----------
    draw : callable
        From the number of columns to the figure.
    alt, caption, table
        As for `Picture`.
    scrolls : bool
        Whether it keeps its size on a narrow screen, for it has small parts.
    raster : bool
        Whether it is a bitmap, for figures of very many lines and points.
    """
    figure = draw(COLUMNS)
    width = int(96 * figure.get_figwidth())
    least = width if scrolls else int(_LEAST * width)
    return Picture(_uri(figure, raster), alt, caption, table, width, least)


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


def _uri(figure: Figure, raster: bool) -> str:
    """Return a figure in a data URI, as SVG or PNG, the same bytes for the same figure."""
    if raster:
        with tempfile.TemporaryDirectory() as folder:
            data = save_figure(figure, Path(folder) / "figure.png").read_bytes()
        return f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}"
    file = io.BytesIO()
    with house_style(), matplotlib.rc_context({"svg.hashsalt": "rnnlab", "svg.fonttype": "none"}):
        show_as_written(figure)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue().decode("utf-8").replace("'DejaVu Sans'", _FONTS)
    # a third of the bytes: places with no more decimals than the eye sees, one space for several
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d\d)\d+", r"\1", tag[0]), text)
    text = re.sub(r"\s+", " ", text)
    return f"data:image/svg+xml;base64,{base64.b64encode(text.encode('utf-8')).decode('ascii')}"
