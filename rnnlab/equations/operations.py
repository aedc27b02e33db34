"""The operations of equations: one entry each.

An entry holds all that the package knows about an operation (see `Operation`); tracing, derivation,
source, LaTeX, diagrams, analysis and other array libraries read it. A new operation is one entry
and, for the compiled engine, one kernel function of its name in `rnnlab.engine.vector_math`.

A function of one value is written as its meaning on arrays, under the decorator `function`. What
the decorator returns is the function that equations call: on a value of a cell it makes a node of
the graph, on arrays it computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rnnlab.equations.expression import Expression, fail
from rnnlab.equations.operation import (
    LOOSE,
    PRODUCT,
    SIGNED,
    SUM,
    UNBOUNDED,
    Bounds,
    Form,
    Operation,
    add_operation,
)

# Arithmetic.


def _product_bounds(a: Bounds, b: Bounds) -> Bounds:
    ends = [0.0 if 0 in (p, q) else p * q for p in a for q in b]  # 0 times infinity is 0 here
    return min(ends), max(ends)


add_operation(
    Operation(
        "add",
        lambda _, a, b: a + b,
        gradient=lambda d, *_: (d, d),
        commutes=True,
        adds=True,
        bounds=lambda a, b: (a[0] + b[0], a[1] + b[1]),
        python=Form("#1 + #2", SUM, (SUM, PRODUCT)),
        latex=Form("#1 + #2", SUM, (LOOSE, SUM)),
        sign="+",
    )
)
add_operation(
    Operation(
        "subtract",
        lambda _, a, b: a - b,
        gradient=lambda d, *_: (d, -d),
        adds=True,
        bounds=lambda a, b: (a[0] - b[1], a[1] - b[0]),
        python=Form("#1 - #2", SUM, (SUM, PRODUCT)),
        latex=Form("#1 - #2", SUM, (LOOSE, PRODUCT)),
        sign="\N{MINUS SIGN}",
        arrows=("", "minus"),
    )
)
add_operation(
    Operation(
        "negative",
        lambda _, a: -a,
        gradient=lambda d, *_: (-d,),
        takes=("number",),
        adds=True,
        exact=True,
        bounds=lambda a: (-a[1], -a[0]),
        python=Form("-#1", SIGNED, (SIGNED,)),
        latex=Form("-#1", LOOSE, (PRODUCT,)),
        sign="\N{MINUS SIGN}",
    )
)
add_operation(
    Operation(
        "multiply",
        lambda _, a, b: a * b,
        gradient=lambda d, _, a, b: (d * b, d * a),
        commutes=True,
        bounds=_product_bounds,
        python=Form("#1 * #2", PRODUCT, (PRODUCT, SIGNED)),
        latex=Form(r"#1 \odot #2", PRODUCT, (PRODUCT, PRODUCT)),
        latex_of_number=Form("#1 #2", PRODUCT, (PRODUCT, PRODUCT)),
        sign="\N{MULTIPLICATION SIGN}",
    )
)


def _quotient_gradient(d: Any, y: Any, _: Any, b: Any) -> tuple[Any, Any]:
    share = d / b
    return share, -(share * y)


add_operation(
    Operation(
        "divide",
        lambda _, a, b: a / b,
        gradient=_quotient_gradient,
        python=Form("#1 / #2", PRODUCT, (PRODUCT, SIGNED)),
        latex=Form(r"\frac{#1}{#2}"),
        sign="\N{DIVISION SIGN}",
        arrows=("", "by"),
    )
)

# Functions of one value.


def function(
    *,
    slope: Callable[[Any, Any], Any],
    bounds: Bounds = UNBOUNDED,
    latex: str = "",
    exact: bool = False,
) -> Callable[[Callable[[Any, Any], Any]], Callable[[Any], Any]]:
    """Define a function of one value from its meaning on arrays.

    Parameters
    ----------
    slope : callable
        dy/dx from the argument x and the result y, in arithmetic and functions of equations.
    bounds : (float, float)
        The least and the largest result.
    latex : str
        LaTeX form, with #1 for the argument; the function's name unless given.
    exact : bool
        Whether the result has no rounding error.

    Returns
    -------
    callable
        A decorator for `meaning(xp, x)` (see `Operation.compute`). The decorated function takes a
        value of a cell or an array.
    """

    def define(meaning: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
        operation = add_operation(
            Operation(
                meaning.__name__.strip("_"),
                meaning,
                gradient=lambda d, y, x: (d * slope(x, y),),
                takes=("number",),
                is_function=True,
                exact=exact,
                bounds=lambda _: bounds,
                latex=Form(latex) if latex else None,
            )
        )

        def apply(x: Any) -> Any:
            if isinstance(x, Expression):
                return x.graph.node(operation.name, x)
            return meaning(np, np.asarray(x))

        apply.__name__ = apply.__qualname__ = operation.name
        apply.__doc__ = meaning.__doc__
        apply.__module__ = meaning.__module__
        return apply

    return define


@function(slope=lambda _, y: y * (1 - y), bounds=(0, 1), latex=r"\sigma(#1)")
def sigmoid(xp: Any, x: Any) -> Any:
    """Logistic function 1 / (1 + exp(-x))."""
    e = xp.exp(-xp.abs(x))  # never overflows
    return xp.where(x >= 0, 1 / (1 + e), e / (1 + e))


@function(slope=lambda _, y: 1 - y * y, bounds=(-1, 1), latex=r"\tanh(#1)")
def tanh(xp: Any, x: Any) -> Any:
    """Hyperbolic tangent."""
    return xp.tanh(x)


@function(slope=lambda _, y: where(y > 0, 1.0, 0.0), bounds=(0, math.inf))
def relu(xp: Any, x: Any) -> Any:
    """Rectifier max(x, 0); its derivative at 0 is 0."""
    return xp.maximum(x, 0)


@function(slope=lambda _, y: y, bounds=(0, math.inf), latex=r"\exp(#1)")
def exp(xp: Any, x: Any) -> Any:
    """Exponential function."""
    return xp.exp(x)


@function(slope=lambda x, _: 1 / x, latex=r"\log(#1)")
def log(xp: Any, x: Any) -> Any:
    """Natural logarithm; -inf at 0 and NaN below."""
    with np.errstate(divide="ignore", invalid="ignore"):  # as in the kernels: -inf and NaN surface
        return xp.log(x)


@function(slope=lambda _, y: 0.5 / y, bounds=(0, math.inf), latex=r"\sqrt{#1}")
def sqrt(xp: Any, x: Any) -> Any:
    """Square root; NaN below 0 and an infinite slope at 0."""
    with np.errstate(invalid="ignore"):
        return xp.sqrt(x)


@function(slope=lambda _, y: where(y > 0, where(y < 1, 1 / 6, 0.0), 0.0), bounds=(0, 1))
def hard_sigmoid(xp: Any, x: Any) -> Any:
    """Piecewise linear sigmoid clip(x / 6 + 1 / 2, 0, 1) of PyTorch; flat beyond -3 and 3."""
    return xp.clip(x / 6 + 0.5, 0, 1)


@function(slope=lambda _, y: (1 - abs(y)) ** 2, bounds=(-1, 1))
def softsign(xp: Any, x: Any) -> Any:
    """Softsign x / (1 + |x|)."""
    bounded = xp.clip(x, -1e18, 1e18)  # beyond, 1 + |x| is |x|; infinity over infinity is NaN
    return bounded / (1 + xp.abs(bounded))


@function(
    slope=lambda x, _: where(x > 0, 1.0, where(x < 0, -1.0, 0.0)),
    bounds=(0, math.inf),
    latex=r"\lvert #1 \rvert",
    exact=True,
)
def _abs(xp: Any, x: Any) -> Any:
    """Absolute value |x|, Python's abs in equations; its derivative at 0 is 0."""
    return xp.abs(x)


def identity(x: Any) -> Any:
    """Return `x`: an activation that is left out."""
    return x if isinstance(x, Expression) else np.asarray(x)


# Comparisons and choices.

add_operation(
    Operation(
        "greater",
        lambda _, a, b: a > b,
        gradient=lambda *_: (None, None),
        gives="condition",
        exact=True,
        python=Form("#1 > #2", LOOSE, (SUM, SUM)),
        latex=Form("#1 > #2"),
        sign=">",
        arrows=("", "than"),
    )
)
add_operation(
    Operation(
        "where",
        lambda xp, condition, a, b: xp.where(condition, a, b),
        gradient=lambda d, _, condition, *__: (
            None,
            where(condition, d, 0),
            where(condition, 0, d),
        ),
        takes=("condition", "number", "number"),
        exact=True,
        # no bounds: a choice between numbers would count as a gate
        latex=Form(r"\begin{cases} #2 & \text{if } #1 \\ #3 & \text{otherwise} \end{cases}"),
        sign="choose",
        arrows=("if", "then", "else"),
    )
)


def where(condition: Any, a: Any, b: Any) -> Any:
    """Choose `a` where the condition (`value > value`) holds and `b` elsewhere."""
    if not isinstance(condition, Expression):
        if isinstance(a, Expression) or isinstance(b, Expression):
            fail("the condition of where must compare values, such as x > 0")
        return np.where(condition, a, b)
    if not condition.is_condition:
        fail("the condition of where must compare values, such as x > 0")
    graph = condition.graph
    first, second = graph.lift(a), graph.lift(b)
    return first if first is second else graph.node("where", condition, first, second)


def _to_the_chosen(first: Any, d: Any) -> tuple[Any, Any]:
    """Return the adjoints of two values of which the first was chosen where `first` holds."""
    return where(first, d, 0), where(first, 0, d)


add_operation(
    Operation(
        "minimum",
        lambda xp, a, b: xp.minimum(a, b),
        gradient=lambda d, _, a, b: _to_the_chosen(b > a, d),
        exact=True,
        bounds=lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
        latex=Form(r"\min(#1, #2)"),
        arrows=("", ""),
    )
)
add_operation(
    Operation(
        "maximum",
        lambda xp, a, b: xp.maximum(a, b),
        gradient=lambda d, _, a, b: _to_the_chosen(a > b, d),
        exact=True,
        bounds=lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
        latex=Form(r"\max(#1, #2)"),
        arrows=("", ""),
    )
)


def minimum(a: Any, b: Any) -> Any:
    """Smaller of two values, NaN if one is; where they are equal the gradient goes to `b`."""
    return _extremum("minimum", np.minimum, a, b)


def maximum(a: Any, b: Any) -> Any:
    """Larger of two values, NaN if one is; where they are equal the gradient goes to `b`."""
    return _extremum("maximum", np.maximum, a, b)


def _extremum(name: str, compute: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    expression = next((value for value in (a, b) if isinstance(value, Expression)), None)
    if expression is None:
        return compute(a, b)
    graph = expression.graph
    first, second = graph.lift(a), graph.lift(b)
    if first.is_constant() and second.is_constant():
        return graph.constant(float(compute(first.payload, second.payload)))
    return first if first is second else graph.node(name, first, second)
