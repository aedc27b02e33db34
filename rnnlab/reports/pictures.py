"""Figures of the page: vector graphics inside it, with their content in words."""

from __future__ import annotations

import base64
import io
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from rnnlab.plotting import house_style, save_figure
from rnnlab.plotting._glyphs import show_as_written

# Largest number of panels side by side.
COLUMNS = 2
# Share of its width that a figure keeps on a narrow screen: text of 9 points is drawn at 6.5.
_LEAST = 0.72
# The house font, and fonts of the same width for systems without it.
_FONTS = "'DejaVu Sans', Verdana, sans-serif"


@dataclass(frozen=True)
class Picture:
    """A figure of the page.

    Attributes
    ----------
    image : str
        A data URI.
    alt : str
        Content of the figure for readers who cannot see it.
    caption : str
        How to read it.
    table : str
        Name of the table with its numbers.
    width, least : int
        Width of the image and its smallest width on a narrow screen, in CSS pixels. A figure that
        is wider than the screen scrolls.
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
    """Return a drawn figure for the page.

    Parameters
    ----------
    draw : callable
        From the number of panels side by side to the figure.
    alt, caption, table
        As for `Picture`.
    scrolls : bool
        Whether it keeps its size on a narrow screen, because of small details.
    raster : bool
        Whether it is a bitmap, for figures with very many lines and points.
    """
    figure = draw(COLUMNS)
    width = int(96 * figure.get_figwidth())
    least = width if scrolls else int(_LEAST * width)
    return Picture(_uri(figure, raster), alt, caption, table, width, least)


def _uri(figure: Figure, raster: bool) -> str:
    """Return a figure as a data URI of an SVG or PNG: the same bytes for the same figure."""
    if raster:
        with tempfile.TemporaryDirectory() as folder:
            data = save_figure(figure, Path(folder) / "figure.png").read_bytes()
        return f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}"
    file = io.BytesIO()
    with house_style(), matplotlib.rc_context({"svg.hashsalt": "rnnlab", "svg.fonttype": "none"}):
        show_as_written(figure)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue().decode("utf-8").replace("'DejaVu Sans'", _FONTS)
    # a third of the bytes: coordinates with two decimals, and single spaces
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d\d)\d+", r"\1", tag[0]), text)
    text = re.sub(r"\s+", " ", text)
    return f"data:image/svg+xml;base64,{base64.b64encode(text.encode('utf-8')).decode('ascii')}"
