"""The data flow as Mermaid text, read by a small checker of its own."""

from __future__ import annotations

import re

import pytest

from rnnlab.cells import gru, lstm, peephole_lstm
from rnnlab.cells.diagram import flowchart
from rnnlab.registry import cells

# The part of Mermaid's grammar that a diagram may use: a box with a quoted label in one of five
# shapes, an arrow with or without a quoted label, a class.
_SHAPES = [
    (r"\(\[", r"\]\)"),
    (r"\(\(", r"\)\)"),
    (r"\{\{", r"\}\}"),
    (r"\[/", r"/\]"),
    (r"\[", r"\]"),
]
_ID = r"(?!end\b)[A-Za-z]\w*"
_BOX = re.compile(
    rf"(?P<id>{_ID})(?:"
    + "|".join(rf'{a}"(?P<label{k}>[^"]+)"{b}' for k, (a, b) in enumerate(_SHAPES))
    + r"):::(?P<kind>\w+)"
)
_ARROW = re.compile(
    rf'(?P<a>{_ID}) (?:-->(?:\|"(?P<label>[^"]+)"\|)?|-\. "(?P<dotted>[^"]+)" \.->) (?P<b>{_ID})'
)
_CLASS = re.compile(r"classDef (?P<name>\w+) (?:[\w-]+:[#\w]+,?)+")


def read(text: str) -> tuple[dict[str, tuple[str, str]], list[tuple[str, str, str]]]:
    """Return boxes (id to kind and label) and arrows (from, to, label); refuse anything else."""
    first, *lines = text.splitlines()
    assert first == "flowchart LR"
    boxes: dict[str, tuple[str, str]] = {}
    arrows: list[tuple[str, str, str]] = []
    classes = set()
    for line in lines:
        stripped = line.strip()
        box, arrow = _BOX.fullmatch(stripped), _ARROW.fullmatch(stripped)
        style = _CLASS.fullmatch(stripped)
        if box:
            assert box["id"] not in boxes, f"declared twice: {line}"
            label = next(v for k, v in box.groupdict().items() if k.startswith("label") and v)
            boxes[box["id"]] = (box["kind"], label)
        elif arrow:
            arrows.append((arrow["a"], arrow["b"], arrow["label"] or arrow["dotted"] or ""))
        else:
            assert style, f"not understood: {line}"
            classes.add(style["name"])
    for a, b, _ in arrows:
        assert a in boxes, a
        assert b in boxes, b
    assert {kind for kind, _ in boxes.values()} <= classes
    return boxes, arrows


def labelled(text: str) -> set[tuple[str, str]]:
    """Return the solid arrows of a diagram between labels."""
    boxes, arrows = read(text)
    return {(boxes[a][1], boxes[b][1]) for a, b, _ in arrows if b != "next_step"}


@pytest.mark.parametrize("name", cells.names())
def test_every_cell_is_drawn_whole(name):
    boxes, arrows = read(flowchart(cells[name]))
    kinds = [kind for kind, _ in boxes.values()]
    assert kinds.count("product") == len(cells[name].equations.maps)
    assert kinds.count("state") == 2 * len(cells[name].states)
    assert kinds.count("learned") == len(cells[name].equations.vectors)
    passed_on = [(a, label) for a, b, label in arrows if b == "next_step"]
    assert passed_on == [(f"new_{state}", state) for state in cells[name].states]
    # everything but the input, the states before and what is learned comes from somewhere,
    # and everything but the new states goes somewhere
    sources, ends = {a for a, _, _ in arrows}, {b for _, b, _ in arrows}
    for box, (kind, _) in boxes.items():
        assert box in sources or box == "next_step" or box.startswith("before_")
        assert box in ends or kind in ("input", "learned") or box.startswith("before_")


def test_the_lstm_by_hand():
    drawn = labelled(flowchart(lstm))
    for gate in "ifgo":
        product = f"W_{gate} x + U_{gate} h + b_{gate}"
        function = "tanh" if gate == "g" else "sigmoid"
        assert {("x(t)", product), ("h(t-1)", product)} <= drawn
        assert (product, f"{gate} = {function}") in drawn
    assert {
        ("f = sigmoid", "×"),
        ("c(t-1)", "×"),
        ("×", "c = +"),
        ("c = +", "c(t)"),
        ("c = +", "tanh"),
        ("tanh", "h = ×"),
        ("o = sigmoid", "h = ×"),
        ("h = ×", "h(t)"),
    } <= drawn
    assert len(drawn) == 4 * 3 + 10


def test_the_grus_reset_is_after_the_product():
    drawn = labelled(flowchart(gru))
    assert {("r = sigmoid", "×"), ("U_n h + b_hn", "×"), ("z = sigmoid", "1 − ·")} <= drawn


def test_peepholes_are_learned():
    drawn = labelled(flowchart(peephole_lstm))
    assert {("p_i", "×"), ("p_f", "×"), ("p_o", "×"), ("c(t-1)", "×")} <= drawn


def test_order_numbers_choices_and_copies(awkward):
    boxes, arrows = read(flowchart(awkward))
    named = {(boxes[a][1], boxes[b][1], label) for a, b, label in arrows}
    assert {
        (">", "choose", "if"),
        ("h_new = tanh", "choose", "then"),
        ("0.5 × ·", "choose", "else"),
        ("part = ÷", ">", "than"),
        ("1 + ·", "part = ÷", "by"),
        ("p_i", "units = −", "minus"),
        ("h(t-1)", "last(t)", ""),
    } <= named
    # a value that is multiplied by itself flows in twice
    square = [(a, b) for a, b, _ in arrows if boxes[a][1] == "t0 = +" and boxes[b][1] == "×"]
    assert len(square) == 2


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ('h(["h(t)"])', "h([h(t)])"),
        ("x --> n", "y --> n"),
        (":::gate", ":::gait"),
        ("step t+1", 'step "t+1"'),
    ],
)
def test_the_checker_sees_what_is_wrong(good, bad):
    text = flowchart(lstm)
    assert good in text
    with pytest.raises(AssertionError):
        read(text.replace(good, bad))
