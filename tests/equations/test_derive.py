"""The derived backward step: readable, and equal to the chain rule done another way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnnlab.cells import CellDefinition, cell, gru, lstm, peephole_lstm, rnn
from rnnlab.equations import (
    exp,
    hard_sigmoid,
    linear,
    log,
    maximum,
    minimum,
    scalar,
    sigmoid,
    softsign,
    sqrt,
    tanh,
    vector,
    where,
)


@cell
def odd_cell(x, h, m):
    """Division, powers, a choice, a shared subexpression and a learned vector."""
    a = linear("a", x, h)
    b = linear("b", m, bias=None)
    scale = vector("scale", init=0.5)
    gate = sigmoid(a) / (1 + exp(-(b**2)))
    m = where(a > b, gate * scale, m - gate**3)
    return tanh(m * scale + h) * gate, m


@cell
def every_function(x, h, m):
    """Whatever the language has beside what papers use most."""
    a = linear("a", x, h)
    size = 1 + abs(linear("b", m))
    m = maximum(log(size) + m, minimum(a, h)) * scalar("s", init=0.5)
    h = softsign(m) * hard_sigmoid(a) + size**-0.3 + sqrt(size) ** tanh(a)
    return h, m


CELLS = [rnn, lstm, peephole_lstm, gru, odd_cell, every_function]


def run(source: str, values: dict[str, Any]) -> Any:
    """Execute printed source, which is plain Python, on numbers."""
    scope: dict[str, Any] = {
        "tanh": np.tanh,
        "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
        "exp": np.exp,
        "where": np.where,
        "relu": lambda v: np.maximum(v, 0),
        "log": np.log,
        "sqrt": np.sqrt,
        "minimum": np.minimum,
        "maximum": np.maximum,
        "softsign": lambda v: v / (1 + abs(v)),
        "hard_sigmoid": lambda v: np.clip(v / 6 + 0.5, 0, 1),
    }
    exec(source, scope)
    function = next(v for k, v in scope.items() if k.endswith(("_forward", "_backward")))
    code = function.__code__
    return function(*(values[name] for name in code.co_varnames[: code.co_argcount]))


@pytest.mark.parametrize("definition", CELLS, ids=lambda c: c.name)
def test_printed_steps_run_and_agree_with_complex_steps(definition: CellDefinition, rng):
    derivation, equations = definition.derivation, definition.equations
    names = derivation.names
    inputs = [*equations.maps, *equations.states.values(), *equations.vectors]
    point = {names[node]: rng.standard_normal() for node in inputs}
    seeds = {names[seed]: rng.standard_normal() for seed in derivation.state_seeds}

    def loss(values: dict[str, Any]) -> Any:
        outputs = run(derivation.forward_source(), values)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return sum(d * s for d, s in zip(seeds.values(), outputs, strict=True))

    # The backward step starts from kept values: compute them by evaluating the graph.
    values = {node.index: np.array(point[names[node]]) for node in inputs}
    known = equations.evaluate([*derivation.kept, *equations.outputs], values)
    kept = {names[node]: known[node.index] for node in derivation.kept}
    got = run(derivation.backward_source(), {**point, **kept, **seeds})
    for node, gradient in zip(
        [*equations.maps, *equations.states.values(), *equations.vectors], got, strict=True
    ):
        name = names[node]
        if definition in (odd_cell, every_function):  # comparisons are not analytic: differences
            up, down = dict(point), dict(point)
            up[name] += 1e-6
            down[name] -= 1e-6
            expected = (loss(up) - loss(down)) / 2e-6
            assert gradient == pytest.approx(expected, rel=1e-7, abs=1e-8)
        else:
            shifted = dict(point)
            shifted[name] += 1e-30j
            assert gradient == pytest.approx(loss(shifted).imag / 1e-30, rel=1e-13, abs=1e-15)


def test_lstm_source_reads_like_the_paper():
    assert lstm.derivation.forward_source() == (
        "def lstm_forward(a_i, a_f, a_g, a_o, h_prev, c_prev):\n"
        "    i = sigmoid(a_i)\n"
        "    f = sigmoid(a_f)\n"
        "    g = tanh(a_g)\n"
        "    o = sigmoid(a_o)\n"
        "    c = f * c_prev + i * g\n"
        "    tanh_c = tanh(c)\n"
        "    h = o * tanh_c\n"
        "    return h, c\n"
    )
    backward = lstm.derivation.backward_source()
    assert "    d_c = d_c_next + d_tanh_c * (1.0 - tanh_c * tanh_c)\n" in backward
    assert "    d_c_prev = d_c * f\n" in backward
    assert "    d_a_f = d_f * (f * (1.0 - f))\n" in backward


def test_direct_path_of_the_lstm_is_the_forget_gate(rng):
    """dc_t/dc_{t-1} along the direct path equals f_t."""
    derivation = lstm.derivation
    gradient = derivation.state_gradients[1]  # in terms of the seeds
    names = derivation.names
    f = rng.uniform()
    values = {name: rng.uniform() for name in ("i", "g", "o", "tanh_c", "c_prev")}
    got = run(derivation.backward_source(), {**values, "f": f, "d_h_next": 0.0, "d_c_next": 1.0})
    position = len(lstm.maps) + 1
    assert got[position] == f
    assert names[lstm.equations.states["c"]] == "c_prev"
    assert gradient.op == "multiply"


def test_lstm_keeps_its_gates_and_one_more_value():
    names = lstm.derivation.names
    assert sorted(names[node] for node in lstm.derivation.kept) == ["f", "g", "i", "o", "tanh_c"]


def test_names_survive_two_maps_of_one_gate():
    assert "def gru_forward(a_r, a_z, a_n_x, a_n_h, h_prev):" in gru.derivation.forward_source()
