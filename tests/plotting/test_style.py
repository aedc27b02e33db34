"""One look a cell, told apart in colour and without, and nothing left behind in rcParams."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import rnnlab.cells
import rnnlab.plotting
from rnnlab.experiments import draw
from rnnlab.plotting import cell_style, cell_styles, house_style, styles_of_study
from rnnlab.registry import cells

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


def test_no_two_of_many_cells_share_colour_and_line() -> None:
    known = cells.names()[:34]
    for labels in (
        [*known, *(f"cell {number}" for number in range(14))],
        [f"cell {number}" for number in range(45)],
        [*"abcdefgh", *known],
    ):
        styles = cell_styles(labels)
        for one, other in (("color", "linestyle"), ("marker", "linestyle"), ("color", "marker")):
            assert len({(style[one], str(style[other])) for style in styles.values()}) == len(
                labels
            )


def test_all_cells_of_the_catalogue_differ_in_black_and_white_too() -> None:
    names = cells.names()
    styles = cell_styles(names).values()
    assert len({(style["marker"], str(style["linestyle"])) for style in styles}) == len(names)


def test_few_cells_have_colours_of_their_own() -> None:
    for labels in ("abc", [*"abc", "rnn", "lstm", "gru"]):
        styles = cell_styles(labels)
        assert len({style["color"] for style in styles.values()}) == len(labels)


def test_every_cell_that_comes_with_rnnlab_looks_the_same_in_every_study() -> None:
    alone = {name: cell_style(name) for name in cells.names()}
    assert cell_styles(["mine", *reversed(cells.names()), "yours"]).items() >= alone.items()


def test_a_cell_looks_the_same_in_figures_that_show_different_cells() -> None:
    study = ["mine", "lstm,forget_bias=0", "gru", "yours", "theirs"]
    whole = cell_styles(study)
    with styles_of_study(study):
        for shown in (study, study[::-1], ["theirs"], ["yours", "gru"]):
            assert cell_styles(shown) == {label: whole[label] for label in shown}
        more = cell_styles(["another", "mine"])
        assert more["mine"] == whole["mine"]
        assert more["another"] not in whole.values()
    assert cell_styles(["theirs"]) != {"theirs": whole["theirs"]}


def test_a_cell_without_rows_in_one_table_moves_no_colour(tmp_path: Path) -> None:
    """Of a cell without a gate there is nothing in one figure, and the next one took its colour."""
    study = ["mine", "yours", "theirs"]
    settings = {
        "experiment": "copy-task",
        "cells": [{"cell": "rnn", "label": one} for one in study],
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"settings": settings}))
    rows = [{"cell": one, "seed": 0, "update": 1, "metric": "accuracy"} for one in study[1:]]
    table = pd.DataFrame(rows).assign(median=0.5, low=0.4, high=0.6, seeds=2)
    table.to_csv(tmp_path / "learning-curves.csv", index=False)
    (tmp_path / "metrics.csv").write_text("cell,seed,update\n")
    seen: dict[str, Any] = {}

    def note(figure: Figure, path: Path) -> Path:
        seen.update({str(line.get_label()): line.get_color() for line in figure.axes[0].lines})
        return path

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rnnlab.plotting, "save_figure", note)
        draw("learning-curves", tmp_path)
    expected = cell_styles(study)
    assert seen == {one: expected[one]["color"] for one in study[1:]}


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
