"""Captions above figures, wrapped to their width."""

from __future__ import annotations

import textwrap

from matplotlib.figure import Figure

_CHARACTERS_PER_INCH = 12.5  # at 9 points


def wrapped(text: str, inches: float) -> list[str]:
    """Return the lines of a caption for a figure of that width."""
    width = int(_CHARACTERS_PER_INCH * inches)
    return [
        line
        for paragraph in text.split("\n")
        for line in textwrap.wrap(paragraph, width, break_on_hyphens=False)
    ]


def put_caption(figure: Figure, lines: list[str]) -> None:
    """Put lines above the panels, at the left."""
    figure.suptitle("\n".join(lines), x=0.01, ha="left")


def caption(figure: Figure, *sentences: str) -> None:
    """Put sentences above the panels."""
    text = " ".join(sentence for sentence in sentences if sentence)
    put_caption(figure, wrapped(text, figure.get_figwidth()))
