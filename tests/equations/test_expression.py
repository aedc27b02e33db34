"""The expression graph: hash-consing, folding, and what equations cannot say."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.equations import EquationError, Expression, exp, relu, sigmoid, tanh, where
from rnnlab.equations.expression import Graph, reachable
from rnnlab.equations.functions import ELEMENTWISE
from rnnlab.equations.trace import compute


def leaves(count: int) -> tuple[Graph, list[Expression]]:
    graph = Graph()
    return graph, [graph.node("state", payload=f"s{k}") for k in range(count)]


def value(expression: Expression, given_values: dict[int, Any]) -> Any:
    known = dict(given_values)
    for node in reachable([expression]):
        if node.index not in known:
            known[node.index] = compute(node, [known[arg.index] for arg in node.args])
    return known[expression.index]


def test_equal_expressions_are_one_node():
    _, (a, b) = leaves(2)
    assert a * b is b * a
    assert tanh(a + b) is tanh(b + a)
    assert a - b is not b - a


def test_zeros_and_ones_disappear():
    graph, (a,) = leaves(1)
    assert a + 0 is a
    assert 0 + a is a
    assert a * 1 is a
    assert 1 * a is a
    assert (a * 0).is_constant(0)
    assert a - 0 is a
    assert -1 * (-a) is a
    assert a**1 is a
    assert (a**0).is_constant(1)
    assert (2 * graph.constant(3) - 1).is_constant(5)
    assert where(a > 0, 2.0, 2.0).is_constant(2)
    assert +a is a


def test_numpy_scalars_are_numbers():
    _, (a,) = leaves(1)
    assert np.float64(2) * a is 2 * a
    assert a + np.float32(0.5) is a + 0.5
    assert np.float64(1) - a is 1 - a


def test_powers_multiply_out():
    _, (a,) = leaves(1)
    assert value(a**5, {a.index: 1.5}) == pytest.approx(1.5**5, rel=1e-15)


# The same code on expressions and on numbers.
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda p, q: p + q,
    "subtract": lambda p, q: p - q,
    "from one": lambda p, _: 1 - p,
    "multiply": lambda p, q: p * q,
    "divide": lambda p, q: p / (2 + q**2),
    "negative": lambda p, _: -p,
    "tanh": lambda p, _: tanh(p),
    "sigmoid": lambda p, _: sigmoid(p),
    "exp": lambda p, _: exp(tanh(p)),
    "relu": lambda p, _: relu(p),
    "where": lambda p, q: where(p > q, p, q),
    "cube": lambda p, _: p**3,
}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 30), st.integers(0, 30)),
        max_size=12,
    )
)
def test_folding_never_changes_a_value(program):
    _, (a, b) = leaves(2)
    numbers: list[Any] = [0.7, -1.3, 0.0, 1.0, 2.5]
    nodes: list[Any] = [a, b, 0.0, 1.0, 2.5]
    for op, i, j in program:
        i, j = i % len(nodes), j % len(nodes)
        if isinstance(nodes[i], Expression) and abs(numbers[i]) < 100 and abs(numbers[j]) < 100:
            nodes.append(OPERATIONS[op](nodes[i], nodes[j]))
            numbers.append(float(OPERATIONS[op](numbers[i], numbers[j])))
    for node, number in zip(nodes, numbers, strict=True):
        if isinstance(node, Expression):
            got = value(node, {a.index: 0.7, b.index: -1.3})
            assert got == pytest.approx(number, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
def test_derivatives_agree_with_complex_steps(name, rng):
    function = ELEMENTWISE[name]
    x = rng.standard_normal(200) * 2
    if name == "relu":  # not analytic: its two branches are
        expected = (x > 0).astype(float)
    elif name == "sigmoid":
        expected = (1 / (1 + np.exp(-(x + 1e-30j)))).imag / 1e-30
    else:
        expected = function.compute(x + 1e-30j).imag / 1e-30
    got = function.derivative(x, function.compute(x))
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-15)


def test_sigmoid_does_not_overflow():
    np.testing.assert_array_equal(sigmoid(np.array([-1e4, 0.0, 1e4])), [0.0, 0.5, 1.0])


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (lambda a: bool(a), "cannot branch on a value"),
        (lambda a: math.tanh(a), "Python's math does not take"),
        (lambda a: np.tanh(a), "NumPy's tanh does not take"),
        (lambda a: a >= 0, "compare with > and < only"),
        (lambda a: a == 0, "compare with > and < only"),
        (lambda a: a / 0, "divides by 0"),
        (lambda a: a**0.5, "whole number of 0 or more"),
        (lambda a: a[0], "cannot be unpacked or indexed"),
        (lambda a: list(a), "cannot be unpacked or indexed"),
        (lambda a: a @ a, r"use linear\(name, operand\)"),
        (lambda a: (a > 0) * 2, "comparison is not a number"),
        (lambda a: a + "one", "numbers only, got str"),
        (lambda a: where(a, 1, 2), "must compare values"),
        (lambda a: a + leaves(1)[1][0], "cannot leave the cell's function"),
    ],
)
def test_misuse_names_the_line_and_the_remedy(misuse, message):
    _, (a,) = leaves(1)
    with pytest.raises(EquationError, match=rf"test_expression\.py:\d+: .*{message}"):
        misuse(a)
