"""Typeset equations: by hand for the known cells, balanced for every cell."""

from __future__ import annotations

import re

import pytest

from rnnlab.cells import cell, gru, lstm, peephole_lstm
from rnnlab.cells.diagram import flowchart
from rnnlab.cells.latex import symbol, typeset
from rnnlab.cells.noise import regularised
from rnnlab.equations import linear, tanh
from rnnlab.equations.operation import OPERATIONS, Operation
from rnnlab.registry import cells

FUNCTIONS = sorted(name for name, one in OPERATIONS.items() if one.is_function)

LSTM = r"""\begin{aligned}
i_{t} &= \sigma(W_{i} x_{t} + U_{i} h_{t-1} + b_{i}) \\
f_{t} &= \sigma(W_{f} x_{t} + U_{f} h_{t-1} + b_{f}) \\
g_{t} &= \tanh(W_{g} x_{t} + U_{g} h_{t-1} + b_{g}) \\
o_{t} &= \sigma(W_{o} x_{t} + U_{o} h_{t-1} + b_{o}) \\
c_{t} &= f_{t} \odot c_{t-1} + i_{t} \odot g_{t} \\
h_{t} &= o_{t} \odot \tanh(c_{t})
\end{aligned}"""

PEEPHOLE_LSTM = r"""\begin{aligned}
i_{t} &= \sigma(W_{i} x_{t} + U_{i} h_{t-1} + b_{i} + p_{i} \odot c_{t-1}) \\
f_{t} &= \sigma(W_{f} x_{t} + U_{f} h_{t-1} + b_{f} + p_{f} \odot c_{t-1}) \\
g_{t} &= \tanh(W_{g} x_{t} + U_{g} h_{t-1} + b_{g}) \\
c_{t} &= f_{t} \odot c_{t-1} + i_{t} \odot g_{t} \\
o_{t} &= \sigma(W_{o} x_{t} + U_{o} h_{t-1} + b_{o} + p_{o} \odot c_{t}) \\
h_{t} &= o_{t} \odot \tanh(c_{t})
\end{aligned}"""

GRU = r"""\begin{aligned}
r_{t} &= \sigma(W_{r} x_{t} + U_{r} h_{t-1} + b_{r}) \\
z_{t} &= \sigma(W_{z} x_{t} + U_{z} h_{t-1} + b_{z}) \\
n_{t} &= \tanh(W_{n} x_{t} + b_{n} + r_{t} \odot (U_{n} h_{t-1} + b_{hn})) \\
h_{t} &= (1 - z_{t}) \odot n_{t} + z_{t} \odot h_{t-1}
\end{aligned}"""

AWKWARD = r"""\begin{aligned}
\mathrm{load}_{t} &= \sigma(W_{\mathrm{load}} x_{t} + U_{\mathrm{load}} h_{t-1} + b_{\mathrm{load}} + \alpha) \\
h_{\mathrm{new},t} &= \tanh(W_{u} x_{t} + V^{(\mathrm{memory})}_{u} \mathrm{memory}_{t-1} + b_{u}) \\
t_{0,t} &= W_{n} x_{t} + b_{n} + U_{n} h_{t-1} + b_{hn} \\
\mathrm{part}_{t} &= \frac{\operatorname{relu}(t_{0,t} \odot t_{0,t} - 0.1)}{1 + \exp(-t_{0,t})} \\
\mathrm{units}_{t} &= \begin{cases} h_{\mathrm{new},t} & \text{if } h_{\mathrm{new},t} > \mathrm{part}_{t} \\ 0.5 \mathrm{part}_{t} & \text{otherwise} \end{cases} - p_{i} \\
\tilde{\mathrm{memory}}_{t} &= \mathrm{load}_{t} \odot \mathrm{memory}_{t-1} + (1 - \mathrm{load}_{t}) \odot \mathrm{units}_{t} + (-0.5) \\
\mathrm{store}_{t} &= \tanh(U_{\mathrm{store}} (\mathrm{load}_{t} \odot \tilde{\mathrm{memory}}_{t}) - 0.5 (t_{0,t} - \mathrm{part}_{t})) \\
h_{t} &= \mathrm{store}_{t} \odot \mathrm{load}_{t} \\
\mathrm{memory}_{t} &= \tilde{\mathrm{memory}}_{t} \odot (\mathrm{load}_{t} + \mathrm{part}_{t}) \\
\mathrm{last}_{t} &= h_{t-1}
\end{aligned}"""  # noqa: E501


@pytest.mark.parametrize(
    ("definition", "expected"),
    [(lstm, LSTM), (peephole_lstm, PEEPHOLE_LSTM), (gru, GRU)],
    ids=["lstm", "peephole-lstm", "gru"],
)
def test_as_written_by_hand(definition, expected):
    assert typeset(definition) == expected


def test_names_numbers_choices_and_copies(awkward):
    assert typeset(awkward) == AWKWARD


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda a, h: a - (h - 2 * a), r"a_{t} - (h_{t-1} - 2 a_{t})"),
        (lambda a, h: a - (h + 1), r"a_{t} - (h_{t-1} + 1)"),
        (lambda a, h: (a - h) - 1, r"a_{t} - h_{t-1} - 1"),
        (lambda a, h: a + (h - 1), r"a_{t} + h_{t-1} - 1"),
        (lambda a, h: -(a + h) * a, r"-(a_{t} + h_{t-1}) \odot a_{t}"),
        (lambda a, h: a * (h * (a - 1)), r"a_{t} \odot h_{t-1} \odot (a_{t} - 1)"),
        (lambda a, h: a / (h + 1) * h, r"\frac{a_{t}}{h_{t-1} + 1} \odot h_{t-1}"),
        (lambda a, h: tanh(-a) - h * -0.5, r"\tanh(-a_{t}) - (-0.5) h_{t-1}"),
        (lambda a, h: a * 3 + h, r"3 a_{t} + h_{t-1}"),
    ],
)
def test_brackets_stand_where_they_are_needed(write, expected):
    @cell
    def probe(x, h):
        a = linear("a", x)
        return write(a, h)

    assert typeset(probe).splitlines()[2] == rf"h_{{t}} &= {expected}"


def assert_balanced(text: str) -> None:
    """Brackets nest, environments close, and every line has one place to align at."""
    pairs = {")": "(", "}": "{", "]": "["}
    stack: list[str] = []
    for sign in text:
        if sign in "({[":
            stack.append(sign)
        elif sign in ")}]":
            assert stack, text
            assert stack.pop() == pairs[sign], text
    assert not stack, text
    opened: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert not opened
    body = re.sub(r"\\begin\{cases\}.*?\\end\{cases\}", "", text)
    lines = body.split("\n")[1:-1]
    assert all(line.count(" &= ") == 1 for line in lines)
    assert all(line.endswith(r" \\") for line in lines[:-1])
    assert not lines[-1].endswith("\\")


@pytest.mark.parametrize("name", cells.names())
def test_every_cell_is_balanced_and_defines_its_states(name):
    text = typeset(cells[name])
    assert_balanced(text)
    for state in cells[name].states:
        assert f"{symbol(state, 't')} &= " in text


def test_the_balance_sees_what_is_wrong(awkward):
    assert_balanced(typeset(awkward))
    for wrong in (LSTM.replace("(W_{f}", "W_{f}"), LSTM.replace("\\end{aligned}", "")):
        with pytest.raises((AssertionError, IndexError)):
            assert_balanced(wrong)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_typeset_at_least_by_its_name(name):
    def f(x, h):
        a = linear("a", x, h)
        return a.graph.node(name, a) + tanh(a)

    text = typeset(cell(name="probe")(f))
    assert_balanced(text)
    assert "a_{t}" in text.splitlines()[-2]


def test_an_operation_without_a_form_is_set_by_its_name(monkeypatch):
    new = Operation("new_op", lambda _, a, b: a * b, gradient=lambda d, *_: (d, d))
    monkeypatch.setitem(OPERATIONS, "new_op", new)

    def f(x, h):
        a = linear("a", x, h)
        return a.graph.node("new_op", a, tanh(a))

    text = typeset(cell(name="probe")(f))
    assert text.splitlines()[2] == r"h_{t} &= \operatorname{new\_op}(a_{t}, \tanh(a_{t}))"


def test_masks_are_typeset_and_drawn():
    noisy, _ = regularised(lstm, hidden=0.5, zoneout={"h": 0.1})
    lines = typeset(noisy).splitlines()
    assert lines[1].startswith(
        r"i_{t} &= \sigma(W_{i} x_{t} + U_{i} (h_{t-1} \odot \mathrm{mask}_{h,t})"
    )
    assert_balanced(typeset(noisy))
    drawn = flowchart(noisy)
    assert '[/"mask_h"/]:::input' in drawn
    assert '[/"zoneout_h"/]:::input' in drawn
