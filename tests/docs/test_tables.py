"""docs/cells.md and docs/tasks.md tell what is registered as it is."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from rnnlab.cells import find_cell
from rnnlab.layers import Recurrent
from rnnlab.registry import cells

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["cells.md", "tasks.md"])
def test_the_tables_are_up_to_date(maker: ModuleType, page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert text == maker.filled(page), "run python docs/make_tables.py"


@pytest.mark.parametrize("name", list(cells))
def test_the_weights_add_up(maker: ModuleType, name: str) -> None:
    """The polynomial in I and H is the layer's own count."""
    inputs, units = 3, 7
    written = maker.weights(find_cell(name))
    values = {"HI": units * inputs, "HH": units * units, "H": units, "": 1}
    total = 0
    for term in written.split(" + "):
        found = re.fullmatch(r"(\d+) ?(HI|HH|H|)", term)
        assert found is not None, term
        total += int(found[1]) * values[found[2]]
    assert total == Recurrent(name, inputs, units).parameter_count


def test_files_of_equations_are_short() -> None:
    for path in (DOCS.parent / "rnnlab" / "cells").glob("_[a-z]*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 35, path.name
