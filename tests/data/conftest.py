"""A table that is written out, and files made from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]

TABLE = """\
id,time,temp,wind,label
a,1,10,low,x
a,2,12,high,x
b,1,14,low,y
b,2,16,low,y
b,3,18,low,y
c,1,20,none,x
d,1,30,low,y
d,2,34,low,y
e,1,11,low,x
f,1,13,high,y
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a text, `TABLE` with replacements, and returns the path."""

    def make(text: str = TABLE, *replacements: tuple[str, str], name: str = "data.csv") -> Path:
        for before, after in replacements:
            assert before in text
            text = text.replace(before, after)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return make
