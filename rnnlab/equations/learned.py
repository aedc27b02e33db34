"""Declarations of learned parameters in equations: affine maps, vectors and scalars."""

from __future__ import annotations

import contextvars
import math
import numbers
from dataclasses import dataclass, field
from typing import Any

from rnnlab.equations.expression import Expression, Graph, calling_place, fail

#: The graph of the cell that is being traced in this context.
current_graph: contextvars.ContextVar[Graph | None] = contextvars.ContextVar("graph", default=None)


@dataclass(frozen=True)
class LinearMap:
    """A learned affine map `sum_k W_k operand_k + b` of one cell.

    Attributes
    ----------
    name : str
        The gate that it belongs to.
    bias : float or None
        Initial value of the bias; None for a map without one.
    position : int
        Position among the maps of the cell, in the order of appearance.
    place : str
        "FILE:LINE" of the declaration, for messages.
    """

    name: str
    bias: float | None
    position: int
    place: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True)
class Uniform:
    """Random initial values: each number is drawn from U(low, high)."""

    low: float
    high: float


@dataclass(frozen=True)
class Vector:
    """Learned numbers outside the maps.

    Attributes
    ----------
    name : str
    init : float or Uniform
        Initial value.
    shared : bool
        Whether it is one number for the whole layer, shape (1,), and not one per unit, shape (H,).
    place : str
        "FILE:LINE" of the declaration, for messages.
    """

    name: str
    init: float | Uniform
    shared: bool = False
    place: str = field(default="", compare=False, repr=False)


def uniform(low: float, high: float) -> Uniform:
    """Return random initial values for a vector or scalar: U(low, high), by the layer's seed.

    Examples
    --------
    >>> from rnnlab import cell, linear, relu, uniform, vector
    >>> @cell
    ... def diagonal(x, h):
    ...     return relu(linear("h", x) + vector("u", init=uniform(-1, 1)) * h)
    >>> diagonal.arrays["u"].init
    Uniform(low=-1.0, high=1.0)
    """
    if not (_is_number(low) and _is_number(high) and low < high):
        fail(f"uniform needs two finite numbers, the lower one first, got {low!r} and {high!r}")
    return Uniform(float(low), float(high))


def linear(name: str, *operands: Any, bias: float | None = 0.0) -> Any:
    """Declare the learned affine map `W x + U h + b` of a gate.

    Parameters
    ----------
    name : str
        Name of the gate; it names the map's rows in the layer's parameters.
    *operands : value
        `x`, states of the step before, or computed values, each with a matrix of its own.
    bias : float or None
        Initial value of the bias; None for a map without one.

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
                f"got {type(operand).__name__}: {_no_operand(operand)}"
            )
        graph.lift(operand)  # an error for a value of another cell
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
    declared = LinearMap(name, None if bias is None else float(bias), position, calling_place())
    return graph.node("linear", *values, payload=declared)


def _no_operand(operand: object) -> str:
    """Return the remedy for a wrong operand of `linear`."""
    if isinstance(operand, (list, tuple, dict)):
        return "write the operands one after the other, as in linear(name, x, h)"
    if callable(operand) and not isinstance(operand, Expression):
        return "call the function, and pass what it returns"
    return "constants need no matrix"


def vector(name: str, init: float | Uniform = 0.0) -> Any:
    """Declare one learned number per unit, shape (H,), such as a peephole weight.

    Parameters
    ----------
    name : str
        Name in the layer's parameters.
    init : float or uniform(low, high)
        Initial value.
    """
    return _declare("vector", name, init)


def scalar(name: str, init: float | Uniform = 0.0) -> Any:
    """Declare one learned number for the whole layer, shape (1,), such as a residual weight.

    Parameters
    ----------
    name : str
        Name in the layer's parameters.
    init : float or uniform(low, high)
        Initial value.
    """
    return _declare("scalar", name, init)


def _declare(function: str, name: str, init: float | Uniform) -> Expression:
    graph = _tracing(function)
    _check_name(function, name)
    if not isinstance(init, Uniform):
        if not _is_number(init):
            fail(
                f"the init of {function}({name!r}) must be a finite number or uniform(low, high), "
                f"got {init!r}"
            )
        init = float(init)
    declared = Vector(name, init, shared=function == "scalar", place=calling_place())
    for node in graph.nodes:
        if node.op != "vector" or node.payload.name != name or node.payload == declared:
            continue
        if node.payload.shared != declared.shared:
            fail(f"{name!r} is declared as a vector and as a scalar: give them different names")
        fail(
            f"{function}({name!r}) is declared twice with other initial values: "
            "give them different names"
        )
    return graph.node("vector", payload=declared)


def _tracing(function: str) -> Graph:
    graph = current_graph.get()
    if graph is None:
        fail(f"{function} declares a parameter of a cell: call it inside a function under @cell")
    return graph


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _check_name(function: str, name: object) -> None:
    if not isinstance(name, str) or not name.isidentifier():
        fail(f'the name in {function}(...) must be a word such as "f" or "p_i", got {name!r}')
