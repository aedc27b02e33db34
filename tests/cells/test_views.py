"""What a prompt and a notebook show of a cell."""

from __future__ import annotations

from html.parser import HTMLParser

from rnnlab.cells import cell, lstm, peephole_lstm
from rnnlab.equations import linear, tanh


def test_repr_has_states_gates_and_size():
    assert repr(lstm) == "<cell lstm(x, h, c), keep='f', write='i', 4H(I+H+1) parameters>"


class _Text(HTMLParser):
    """Texts of the cells of a table, and the open tags."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "br":
            self.open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "td":
            self.cells[-1] += data


def test_the_view_in_a_notebook():
    parser = _Text()
    html = peephole_lstm._repr_html_()
    parser.feed(html)
    assert parser.open == []
    assert parser.cells[:6] == [
        "weight_ih",
        "(4H, I)",
        "i f g o",
        "weight_hh",
        "(4H, H)",
        "i f g o",
    ]
    assert parser.cells[-3:] == ["p_o", "(H,)", ""]
    assert "Paper: Gers" in html
    assert "c = f * c + i * g" in html


def test_the_view_escapes_what_a_user_writes():
    @cell(paper="<b>A & B</b> 1999")
    def mine(x, h):
        return tanh(linear("g", x, h) * (1 if 1 < 2 else 0))

    assert "&lt;b&gt;A &amp; B&lt;/b&gt; 1999" in mine._repr_html_()
    assert "1 &lt; 2" in mine._repr_html_()
