"""One look a cell, told apart in colour and without, and nothing left behind in rcParams."""

from __future__ import annotations

import matplotlib
import pytest
from matplotlib.colors import to_hex

from rnnlab.plotting import cell_style, cell_styles, house_style

OKABE_ITO = {
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
}  # fmt: skip
CELLS = ["rnn", "lstm", "peephole-lstm", "gru"]


@pytest.mark.parametrize("label", CELLS)
def test_a_known_cell_looks_the_same_in_every_figure(label: str) -> None:
    alone = cell_style(label)
    assert set(alone) == {"color", "marker", "linestyle"}
    assert cell_styles(["mine.py:cell", *reversed(CELLS)])[label] == alone
    assert cell_styles(["lstm,forget_bias=chrono", label])[label] == alone


def test_known_cells_differ_in_every_respect() -> None:
    styles = [cell_style(label) for label in CELLS]
    for respect in ("color", "marker", "linestyle"):
        assert len({str(style[respect]) for style in styles}) == 4


def test_other_labels_take_what_known_cells_leave() -> None:
    labels = ["lstm,forget_bias=0", "lstm", "lstm,forget_bias=chrono", "mine.py:cell"]
    styles = cell_styles(labels)
    assert list(styles) == labels
    taken = [cell_style(cell) for cell in CELLS]
    others = [styles[label] for label in labels if label != "lstm"]
    assert len({style["color"] for style in taken + others}) == 7
    assert cell_styles(labels) == styles


def test_many_labels_differ_in_black_and_white_too() -> None:
    styles = cell_styles(f"cell {number}" for number in range(59)) | cell_styles(CELLS)
    pairs = {(style["marker"], str(style["linestyle"])) for style in styles.values()}
    assert len(styles) == len(pairs) == 63


def test_a_label_that_comes_twice_counts_once() -> None:
    assert cell_styles(["a", "b", "a", "b"]) == cell_styles(["a", "b"])


def test_colours_are_those_of_okabe_and_ito_without_yellow() -> None:
    colours = {style["color"] for style in cell_styles([*CELLS, *"abcdefgh"]).values()}
    assert {to_hex(colour).upper() for colour in colours} == OKABE_ITO - {"#F0E442"}


def test_the_mark_of_the_floor_is_no_cell() -> None:
    assert "v" not in {style["marker"] for style in cell_styles("abcdefghijkl").values()}


def test_the_house_style_ends_with_its_block() -> None:
    before = dict(matplotlib.rcParams)
    with house_style():
        assert matplotlib.rcParams["axes.grid"]
        assert not matplotlib.rcParams["axes.spines.top"]
    assert dict(matplotlib.rcParams) == before


def test_the_house_style_ends_with_an_error_too() -> None:
    before = dict(matplotlib.rcParams)
    with pytest.raises(KeyError), house_style():
        raise KeyError
    assert dict(matplotlib.rcParams) == before
