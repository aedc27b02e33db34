"""The expression graph: hash-consing, folding, and what equations cannot say."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.equations import (
    EquationError,
    Expression,
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
from rnnlab.equations.expression import Graph, reachable
from rnnlab.equations.operation import OPERATIONS
from rnnlab.equations.trace import compute

FUNCTIONS = sorted(name for name, one in OPERATIONS.items() if one.is_function)


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
    assert a**2.0 is a * a
    assert a ** np.int64(3) is a**3
    assert len([node for node in reachable([a**1000]) if node.op == "multiply"]) < 20


@pytest.mark.parametrize("power", [-1, -3, 0, 1, 7, 2.0, -2.0])
@pytest.mark.parametrize("base", [1.3, -0.7])
def test_whole_powers_of_any_base(base, power):
    _, (a,) = leaves(1)
    assert float(value(a**power, {a.index: base})) == pytest.approx(base**power, rel=1e-14)


@pytest.mark.parametrize("power", [0.5, 1.5, -0.5, 0.3, -1.7, math.pi])
def test_other_powers_of_a_positive_base(power):
    graph, (a, b) = leaves(2)
    given = {a.index: 1.7, b.index: power}
    assert value(a**power, given) == pytest.approx(1.7**power, rel=1e-14)
    assert value(a**b, given) == pytest.approx(1.7**power, rel=1e-14)
    assert value(1.7**b, given) == pytest.approx(1.7**power, rel=1e-14)
    assert value(np.float64(1.7) ** b, given) == pytest.approx(1.7**power, rel=1e-14)
    assert (graph.constant(1.7) ** power).is_constant(1.7**power)


def test_powers_that_need_no_function():
    _, (a, b) = leaves(2)
    assert a**0.5 is sqrt(a)
    assert a**1.5 is a * sqrt(a)
    assert a**-2 is 1 / (a * a)
    assert (1**b).is_constant(1)


def test_a_power_of_a_negative_base_is_nan_and_of_zero_what_it_is():
    _, (a, b) = leaves(2)
    assert np.isnan(value(a**0.3, {a.index: -1.0}))
    assert value(a**b, {a.index: 0.0, b.index: 2.0}) == 0


def test_extrema_fold():
    graph, (a, b) = leaves(2)
    assert maximum(a, a) is a
    assert maximum(graph.constant(2), graph.constant(3)).is_constant(3)
    assert minimum(a, b) is not maximum(a, b)
    assert maximum(a, 0).op == minimum(0, a).op.replace("min", "max") == "maximum"


# The same code on expressions and on numbers.
PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {
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
    "inverse square": lambda p, _: (1 + p * p) ** -2,
    "power": lambda p, q: (1 + abs(p)) ** tanh(q),
    "minimum": lambda p, q: minimum(p, q),
    "maximum": lambda p, q: maximum(p, q),
    "abs": lambda p, _: abs(p),
    "log": lambda p, _: log(1 + abs(p)),
    "sqrt": lambda p, _: sqrt(abs(p)),
    "softsign": lambda p, _: softsign(p),
    "hard sigmoid": lambda p, _: hard_sigmoid(p),
}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(PROGRAMS)), st.integers(0, 30), st.integers(0, 30)),
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
            nodes.append(PROGRAMS[op](nodes[i], nodes[j]))
            numbers.append(float(PROGRAMS[op](numbers[i], numbers[j])))
    for node, number in zip(nodes, numbers, strict=True):
        if isinstance(node, Expression):
            got = value(node, {a.index: 0.7, b.index: -1.3})
            assert got == pytest.approx(number, rel=1e-12, abs=1e-12)


# By hand, not from the package.
SLOPES: dict[str, Callable[[Any], Any]] = {
    "sigmoid": lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2,
    "tanh": lambda x: 1 / np.cosh(x) ** 2,
    "relu": lambda x: (x > 0).astype(float),
    "exp": np.exp,
    "log": lambda x: 1 / x,
    "sqrt": lambda x: 1 / (2 * np.sqrt(x)),
    "hard_sigmoid": lambda x: np.where(np.abs(x) < 3, 1 / 6, 0),
    "softsign": lambda x: 1 / (1 + np.abs(x)) ** 2,
    "abs": np.sign,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives(name, rng):
    function = OPERATIONS[name]
    x = rng.standard_normal(200) * 2
    if name in ("log", "sqrt"):
        x = np.abs(x) + 0.01
    (got,) = function.gradient(1.0, function.compute(np, x), x)
    np.testing.assert_allclose(got, SLOPES[name](x), rtol=1e-12, atol=1e-15)
    ahead, behind = function.compute(np, x + 1e-6), function.compute(np, x - 1e-6)
    np.testing.assert_allclose(got, (ahead - behind) / 2e-6, rtol=1e-7, atol=1e-8)


def test_an_extremum_hands_its_gradient_to_the_value_it_took():
    graph, (a, b) = leaves(2)
    seed = graph.node("seed", payload="d")
    for op, first in (("maximum", 5.0), ("minimum", 0.0)):
        to_a, to_b = OPERATIONS[op].gradient(seed, graph.node(op, a, b), a, b)
        assert to_a is not None
        assert to_b is not None
        for numbers, expected in (((3.0, 2.0), first), ((2.0, 3.0), 5.0 - first), ((2.0, 2.0), 0)):
            given_values = {a.index: numbers[0], b.index: numbers[1], seed.index: 5.0}
            assert value(to_a, given_values) == expected
            assert value(to_b, given_values) == 5 - expected


def test_sigmoid_does_not_overflow():
    np.testing.assert_array_equal(sigmoid(np.array([-1e4, 0.0, 1e4])), [0.0, 0.5, 1.0])


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (lambda a: bool(a), "cannot branch on a value"),
        (lambda a: math.tanh(a), "Python's tanh does not take"),
        (lambda a: np.tanh(a), "NumPy's tanh does not take"),
        (lambda a: a >= 0, "compare with > and < only"),
        (lambda a: a == 0, "compare with > and < only"),
        (lambda a: a / 0, "divides by 0"),
        (lambda a: a**True, "numbers only, got bool"),
        (lambda a: (-2) ** a, "needs a positive base, got -2"),
        (lambda a: a.graph.constant(0) ** -1, "0 has no finite power -1"),
        (lambda a: a.graph.constant(-8) ** 0.3, "-8 has no finite power 0.3"),
        (lambda a: max(a, 0), r"maximum\(a, b\) of rnnlab"),
        (lambda a: np.abs(a), "use Python's abs"),
        (lambda a: a[0], "cannot be unpacked, indexed"),
        (lambda a: list(a), "cannot be unpacked, indexed"),
        (lambda a: a @ a, r"linear\(name, value\) is the only product"),
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
