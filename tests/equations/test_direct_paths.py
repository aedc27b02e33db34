"""ds_t/ds_{t-1} past every matrix: by hand for known cells, by differences for any cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from rnnlab.cells import CellDefinition, cell, find_cell
from rnnlab.equations import exp, linear, relu, sigmoid, tanh, vector, where
from rnnlab.registry import cells


@cell
def three_states(x, h, m, before):
    """A product on a computed value, a choice, a state that is passed on, one that is forgotten."""
    a = linear("a", x, h)
    gate = sigmoid(a) / (1 + exp(-(m**2)))
    inner = linear("inner", gate * m)
    m = where(a > 0.1, gate * vector("scale", init=0.5) * m, relu(m + inner) - gate**3)
    return tanh(m + before) * gate, m, h


@cell
def quotient(x, h, c):
    c = (c * linear("f", x) + h) / (2 + c * c)
    return -c, c


CELLS: list[CellDefinition] = [*(cells[name] for name in cells), three_states, quotient]


def paths(name: str) -> dict[tuple[str, str], str]:
    derivation = find_cell(name).derivation
    return {pair: derivation.write(path) for pair, path in derivation.direct_paths.items()}


def test_vanilla_network_has_none():
    assert paths("rnn") == {}


def test_lstm_is_the_forget_gate():
    assert paths("lstm") == {("c", "c"): "f", ("h", "c"): "o * (1 - tanh_c * tanh_c) * f"}


def test_gru_is_the_update_gate():
    assert paths("gru") == {("h", "h"): "z"}


def test_peepholes_add_what_the_gates_see():
    assert paths("peephole-lstm")["c", "c"] == (
        "f + c_prev * f * (1 - f) * p_f + g * i * (1 - i) * p_i"
    )


def test_a_state_that_is_passed_on_is_one():
    assert three_states.derivation.write(three_states.derivation.direct_paths["before", "h"]) == "1"


def test_the_expressions_are_nodes_that_equations_evaluate(rng):
    equations, derivation = find_cell("lstm").equations, find_cell("lstm").derivation
    path = derivation.direct_paths["c", "c"]
    assert path is equations.named["f"]
    values = {node.index: rng.standard_normal(3) for node in equations.maps}
    found = equations.evaluate([path], values)[path.index]
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-values[equations.maps[1].index])))


@pytest.mark.parametrize("definition", CELLS, ids=lambda c: c.name)
def test_every_pair_agrees_with_differences_while_the_products_are_held(
    definition: CellDefinition, rng: np.random.Generator
) -> None:
    """The truth runs the function as it is written, on numbers, with `linear` a constant."""
    equations, derivation = definition.equations, definition.derivation
    delivered: Iterator[float] = iter(())
    held = [rng.standard_normal() for _ in equations.maps]
    learned = [node for node in equations.graph.nodes if node.op in ("vector", "scalar")]
    vectors = {node.payload.name: rng.uniform(0.5, 1.5) for node in learned}
    states = rng.standard_normal(len(equations.states))
    written: Any = definition.function
    words = {
        "linear": lambda *_, **__: next(delivered),
        **dict.fromkeys(("vector", "scalar"), lambda name, *_, **__: vectors[name]),
    }
    run = type(written)(written.__code__, {**written.__globals__, **words})

    def step(values: Any) -> Any:
        nonlocal delivered
        delivered = iter(held)
        returned = run(0.0, *values)
        return np.array(returned if isinstance(returned, tuple) else [returned], float)

    known = {
        **{node.index: value for node, value in zip(equations.maps, held, strict=True)},
        **{node.index: vectors[node.payload.name] for node in learned},
        **{n.index: v for n, v in zip(equations.states.values(), states, strict=True)},
    }
    found = np.zeros((len(states), len(states)))
    names = list(equations.states)
    for (state, before), path in derivation.direct_paths.items():
        value = equations.evaluate([path], known)[path.index]
        found[names.index(state), names.index(before)] = value
    moves = 1e-6 * np.eye(len(states))
    expected = np.stack([(step(states + d) - step(states - d)) / 2e-6 for d in moves], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)
    absent = [
        (k, j)
        for k, state in enumerate(names)
        for j, before in enumerate(names)
        if (state, before) not in derivation.direct_paths
    ]
    assert all(abs(expected[pair]) < 1e-9 for pair in absent)
