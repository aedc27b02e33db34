"""Results as HTML in a notebook."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd

from rnnlab.experiments.runner.result import Result
from rnnlab.plotting.notebook import MOST_ROWS, result_html

PUBLISHED = Path(__file__).parents[2] / "results" / "published" / "copy-task"


class Tags(HTMLParser):
    """The tags that are open, which must all be closed in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def result() -> Result:
    summary = pd.read_csv(PUBLISHED / "summary.csv")
    metrics = pd.read_csv(PUBLISHED / "metrics.csv")
    return Result(PUBLISHED, metrics, summary, PUBLISHED / "copy-task.png")


def test_a_result_shows_its_summary_and_its_figure() -> None:
    page = result()._repr_html_()
    assert Tags(page).open == []
    assert page.count("<tr") == 1 + len(result().summary)
    assert all(name in page for name in result().summary.columns)
    (data,) = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert base64.b64decode(data) == (PUBLISHED / "copy-task.png").read_bytes()
    assert "http" not in page


def test_a_result_says_how_much_it_holds() -> None:
    one = result()
    text = repr(one)
    assert str(PUBLISHED) in text
    assert f"{len(one.metrics)} rows" in text
    assert "\n" not in text


def test_labels_are_text_and_long_tables_are_cut(tmp_path: Path) -> None:
    summary = pd.DataFrame({"cell": ["<b>mine</b>"] * (MOST_ROWS + 2), "loss": 0.5})
    page = result_html("a <i>", summary, tmp_path / "none.png")
    assert "<b>" not in page
    assert "<i>" not in page
    assert "<img" not in page
    assert "2 more rows" in page
