"""The functions that equations are written with: their meaning in NumPy and their derivative.

`sigmoid(value)` in a cell makes a node of its graph; on NumPy arrays the same function computes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnlab.equations.expression import Expression, fail


@dataclass(frozen=True)
class Elementwise:
    """A function of one value.

    Attributes
    ----------
    name : str
        As equations write it.
    compute : callable
        Its meaning on a NumPy array.
    derivative : callable
        From its argument `x` and its result `y` to dy/dx, in arithmetic that holds for arrays and
        for expressions alike.
    """

    name: str
    compute: Callable[[Any], Any]
    derivative: Callable[[Any, Any], Any]


ELEMENTWISE: dict[str, Elementwise] = {}


def _elementwise(
    name: str,
    compute: Callable[[Any], Any],
    derivative: Callable[[Any, Any], Any],
    doc: str,
) -> Callable[[Any], Any]:
    ELEMENTWISE[name] = Elementwise(name, compute, derivative)

    def function(x: Any) -> Any:
        if isinstance(x, Expression):
            return x.graph.node(name, x)
        return compute(np.asarray(x))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _sigmoid(x: Any) -> Any:
    e = np.exp(-np.abs(x))  # never overflows
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def _log(x: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):  # as in the kernels: -inf and NaN surface
        return np.log(x)


def _sqrt(x: Any) -> Any:
    with np.errstate(invalid="ignore"):
        return np.sqrt(x)


def _softsign(x: Any) -> Any:
    bounded = np.clip(x, -1e18, 1e18)  # beyond, 1 + |x| is |x|; infinity over infinity is NaN
    return bounded / (1 + np.abs(bounded))


sigmoid = _elementwise(
    "sigmoid", _sigmoid, lambda _, y: y * (1 - y), "Logistic function 1 / (1 + exp(-x))."
)
tanh = _elementwise("tanh", np.tanh, lambda _, y: 1 - y * y, "Hyperbolic tangent.")
relu = _elementwise(
    "relu",
    lambda x: np.maximum(x, 0),
    lambda _, y: where(y > 0, 1.0, 0.0),
    "Rectifier max(x, 0); its derivative at 0 is 0.",
)
exp = _elementwise("exp", np.exp, lambda _, y: y, "Exponential function.")
log = _elementwise("log", _log, lambda x, _: 1 / x, "Natural logarithm; -inf at 0 and NaN below.")
sqrt = _elementwise(
    "sqrt",
    _sqrt,
    lambda _, y: 0.5 / y,
    "Square root; NaN below 0 and an infinite slope at 0.",
)
hard_sigmoid = _elementwise(
    "hard_sigmoid",
    lambda x: np.clip(x / 6 + 0.5, 0, 1),
    lambda _, y: where(y > 0, where(y < 1, 1 / 6, 0.0), 0.0),
    "Piecewise linear sigmoid clip(x / 6 + 1 / 2, 0, 1), as PyTorch defines it; flat beyond -3, 3.",
)
softsign = _elementwise(
    "softsign", _softsign, lambda _, y: (1 - abs(y)) ** 2, "Softsign x / (1 + |x|)."
)
# Not exported: equations write Python's abs(value), which makes this node.
_elementwise(
    "abs",
    np.abs,
    lambda x, _: where(x > 0, 1.0, where(x < 0, -1.0, 0.0)),
    "Absolute value |x|; its derivative at 0 is 0.",
)


def identity(x: Any) -> Any:
    """Return `x`: an activation that is left out."""
    return x if isinstance(x, Expression) else np.asarray(x)


def where(condition: Any, a: Any, b: Any) -> Any:
    """Choose `a` where the condition (`value > value`) holds and `b` elsewhere."""
    if not isinstance(condition, Expression):
        if isinstance(a, Expression) or isinstance(b, Expression):
            fail("the condition of where must compare values, such as x > 0")
        return np.where(condition, a, b)
    if condition.op != "greater":
        fail("the condition of where must compare values, such as x > 0")
    graph = condition.graph
    first, second = graph.lift(a), graph.lift(b)
    return first if first is second else graph.node("where", condition, first, second)


def minimum(a: Any, b: Any) -> Any:
    """Smaller of two values, NaN if one is; where they are equal the gradient goes to `b`."""
    return _extremum("minimum", np.minimum, a, b)


def maximum(a: Any, b: Any) -> Any:
    """Larger of two values, NaN if one is; where they are equal the gradient goes to `b`."""
    return _extremum("maximum", np.maximum, a, b)


def _extremum(op: str, compute: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    given = next((value for value in (a, b) if isinstance(value, Expression)), None)
    if given is None:
        return compute(a, b)
    first, second = given.graph.lift(a), given.graph.lift(b)
    if first.is_constant() and second.is_constant():
        return given.graph.constant(float(compute(first.payload, second.payload)))
    return first if first is second else given.graph.node(op, first, second)


#: What equations may call, besides Python's abs.
FUNCTIONS = (
    *sorted({*ELEMENTWISE, "identity"} - {"abs"}),
    "maximum",
    "minimum",
    "where",
)
