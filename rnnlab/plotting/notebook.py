"""HTML of a result for notebooks: its summary as a table and its figure."""

from __future__ import annotations

import base64
import html
from pathlib import Path

import pandas as pd

#: Largest number of rows of the summary that are shown.
MOST_ROWS = 40
_WIDTH = 720  # largest width of the figure, in CSS pixels


def result_html(title: str, summary: pd.DataFrame, figure: Path | None = None) -> str:
    """Return a result as HTML without external resources.

    Parameters
    ----------
    title : str
        Text above the table.
    summary : DataFrame
        The table, with numbers rounded to three digits and at most `MOST_ROWS` rows.
    figure : Path, optional
        A PNG file; left out where it does not exist.

    Examples
    --------
    >>> page = result_html("results/a & b", pd.DataFrame({"cell": ["gru"], "loss": [0.12345]}))
    >>> "results/a &amp; b" in page, "0.123" in page, "<img" in page
    (True, True, False)
    """
    parts = [
        f"<p><strong>{html.escape(title)}</strong></p>",
        summary.head(MOST_ROWS).to_html(index=False, border=0, float_format="{:.3g}".format),
    ]
    if len(summary) > MOST_ROWS:
        parts.append(f"<p>{len(summary) - MOST_ROWS} more rows</p>")
    if figure is not None and figure.is_file():
        data = base64.b64encode(figure.read_bytes()).decode("ascii")
        parts.append(
            f'<img src="data:image/png;base64,{data}" alt="{html.escape(figure.stem)}" '
            f'style="max-width: {_WIDTH}px; width: 100%">'
        )
    return f"<div>{''.join(parts)}</div>"
