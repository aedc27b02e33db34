"""Bounds of values: no input leads beyond them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.equations import (
    exp,
    hard_sigmoid,
    log,
    maximum,
    minimum,
    relu,
    sigmoid,
    softsign,
    sqrt,
    tanh,
    where,
)
from rnnlab.equations.bounds import bounds
from rnnlab.equations.expression import Graph, reachable
from rnnlab.equations.trace import compute

CALLS: list[Callable[[Any, Any], Any]] = [
    lambda p, q: p + q,
    lambda p, q: p - q,
    lambda p, q: p * q,
    lambda p, q: p / (2 + q * q),
    lambda p, _: 1 - p,
    lambda p, _: -p,
    lambda p, _: abs(p),
    lambda p, q: where(p > q, p, q),
    minimum,
    maximum,
    *(
        lambda p, _, function=function: function(p)
        for function in (exp, hard_sigmoid, log, relu, sigmoid, softsign, sqrt, tanh)
    ),
]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(range(len(CALLS))), st.integers(0, 20), st.integers(0, 20)),
        max_size=8,
    ),
    st.integers(0, 2**16),
)
def test_values_are_within_their_bounds(program, seed):
    graph = Graph()
    leaves = [graph.node("state", payload=name) for name in "ab"]
    nodes = [*leaves, graph.constant(0.5)]
    for call, i, j in program:
        nodes.append(CALLS[call](nodes[i % len(nodes)], nodes[j % len(nodes)]))
    inputs = np.random.default_rng(seed).normal(0, 3, (2, 50))
    values = {leaf.index: array for leaf, array in zip(leaves, inputs, strict=True)}
    with np.errstate(all="ignore"):
        for node in reachable(nodes):
            if node.index not in values:
                values[node.index] = compute(node, [values[arg.index] for arg in node.args])
            least, largest = bounds(node)
            found = np.asarray(values[node.index], float)
            found = found[~np.isnan(found)]
            if not node.is_condition:
                assert (found >= least - 1e-12).all()
                assert (found <= largest + 1e-12).all()


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda a: sigmoid(a), (0, 1)),
        (lambda a: 1 - sigmoid(a), (0, 1)),
        (lambda a: 0.5 + 0.5 * tanh(a), (0, 1)),
        (lambda a: sigmoid(a) * relu(a), (0, np.inf)),
        (lambda a: minimum(a, 2.0), (-np.inf, 2)),
        (lambda a: a - a, (-np.inf, np.inf)),
    ],
)
def test_bounds_by_hand(write, expected):
    graph = Graph()
    assert bounds(write(graph.node("state", payload="a"))) == expected
