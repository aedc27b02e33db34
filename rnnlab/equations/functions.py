"""The functions that equations are written with: their meaning in NumPy and their derivative.

`sigmoid(value)` in a cell makes a node of its graph; on NumPy arrays the same function computes.
`linear` and `vector` declare what the cell learns.
"""

from __future__ import annotations

import contextvars
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnlab.equations.expression import Expression, Graph, fail

#: The graph of the cell that is being traced in this context.
current_graph: contextvars.ContextVar[Graph | None] = contextvars.ContextVar("graph", default=None)


@dataclass(frozen=True)
class LinearMap:
    """A learned affine map `sum_k W_k operand_k + b` of one cell.

    Attributes
    ----------
    name : str
        The gate that it feeds.
    bias : float or None
        What the bias starts at; None where the map has no bias.
    position : int
        Its place among the maps of the cell, in the order of their appearance.
    """

    name: str
    bias: float | None
    position: int


@dataclass(frozen=True)
class Vector:
    """One learned number per unit, shape (H,), with its initial value."""

    name: str
    init: float


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


def linear(name: str, *operands: Any, bias: float | None = 0.0) -> Any:
    """Declare the learned affine map `W x + U h + b` of a gate.

    Parameters
    ----------
    name : str
        The gate's name; it names the map's rows in the layer's parameters.
    *operands : value
        `x`, states of the step before, or computed values: each gets a matrix of its own.
    bias : float or None
        What the bias starts at; None for a map without one.

    Returns
    -------
    value
        The pre-activation, one number per unit.
    """
    graph = _tracing("linear")
    _check_name("linear", name)
    if not operands:
        fail(f"linear({name!r}) needs an operand: write linear({name!r}, x, h)")
    values: list[Expression] = []
    for operand in operands:
        if not isinstance(operand, Expression) or operand.is_constant():
            fail(
                f"linear({name!r}) takes x, states and computed values, "
                f"got {type(operand).__name__}: constants need no matrix"
            )
        graph.lift(operand)  # refuses a value of another cell
        if any(operand is value for value in values):
            fail(f"linear({name!r}) has the same operand twice: one matrix is enough")
        values.append(operand)
    if bias is not None and not _is_number(bias):
        fail(f"the bias of linear({name!r}) must be a finite number or None, got {bias!r}")
    position = sum(node.op == "linear" for node in graph.nodes)
    for node in graph.nodes:
        if node.op != "linear" or node.payload.name != name:
            continue
        if any(operand is arg for operand in values for arg in node.args):
            fail(
                f"linear({name!r}) is declared twice on the same operand: "
                "assign the first to a name and use that, or choose another name"
            )
    return graph.node("linear", *values, payload=LinearMap(name, bias, position))


def vector(name: str, init: float = 0.0) -> Any:
    """Declare one learned number per unit, shape (H,), such as a peephole weight.

    Parameters
    ----------
    name : str
        Its name in the layer's parameters.
    init : float
        What it starts at.
    """
    graph = _tracing("vector")
    _check_name("vector", name)
    if not _is_number(init):
        fail(f"the init of vector({name!r}) must be a finite number, got {init!r}")
    for node in graph.nodes:
        if node.op == "vector" and node.payload.name == name and node.payload.init != float(init):
            fail(f"vector({name!r}) is declared twice with other initial values: name them apart")
    return graph.node("vector", payload=Vector(name, float(init)))


def _tracing(function: str) -> Graph:
    graph = current_graph.get()
    if graph is None:
        fail(f"{function} declares what a cell learns: call it inside a function under @cell")
    return graph


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value)


def _check_name(function: str, name: object) -> None:
    if not isinstance(name, str) or not name.isidentifier():
        fail(f'the name in {function}(...) must be a word such as "f" or "p_i", got {name!r}')
