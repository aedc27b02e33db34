"""A traced expression graph: what a cell's equations compute for one unit of one sequence.

Equal expressions are one node (hash-consing), and constants fold. Running a cell's function on
expressions instead of numbers records its arithmetic as such a graph.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Iterable
from typing import Any, NoReturn

Number = int | float

#: Nodes that the step is given rather than computes; a `linear` is what a matrix product delivers,
#: a `given` is an array over time that comes from outside, such as a dropout mask.
LEAVES = frozenset({"constant", "input", "state", "vector", "linear", "given", "seed"})


class EquationError(ValueError):
    """A cell's equations cannot be used; the message names the line and the remedy."""


def fail(message: str) -> NoReturn:
    """Raise `EquationError` with the place in the user's code that led here."""
    frame = sys._getframe(1)
    inner = (__name__.rpartition(".")[0], "numpy.")  # NumPy's functions call back into ours
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith(inner):
        frame = frame.f_back
    raise EquationError(f"{frame.f_code.co_filename}:{frame.f_lineno}: {message}")


class Graph:
    """Owner of the nodes of one traced cell; nodes are numbered in the order of creation."""

    def __init__(self) -> None:
        self.nodes: list[Expression] = []
        self._known: dict[tuple[Any, ...], Expression] = {}

    def node(self, op: str, *args: Expression, payload: Any = None) -> Expression:
        """Return the one node that applies `op` to `args`."""
        for position, arg in enumerate(args):
            if arg.op == "input" and op != "linear":
                fail("x has I numbers, not one per unit: use linear(name, x)")
            if arg.op == "greater" and not (op == "where" and position == 0):
                fail("a comparison is not a number: use where(condition, a, b)")
        indices = [arg.index for arg in args]
        key = (op, payload, *(sorted(indices) if op in ("add", "multiply") else indices))
        found = self._known.get(key)
        if found is None:
            found = Expression(self, op, args, payload, len(self.nodes))
            self._known[key] = found
            self.nodes.append(found)
        return found

    def constant(self, value: Number) -> Expression:
        """Return the node of a number."""
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            fail(f"a number in an equation must be finite, got {number}: write a smaller one")
        return self.node("constant", payload=number)

    def lift(self, value: object) -> Expression:
        """Return `value` as a node of this graph: an expression of its own or a number."""
        if isinstance(value, Expression):
            if value.graph is not self:
                fail("a value of another cell was used: values cannot leave the cell's function")
            return value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return self.constant(value)
        if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
            return self.constant(float(value.item()))
        fail(
            f"equations hold values and numbers only, got {type(value).__name__}: "
            "use a Python number, or vector(name) for a learned one"
        )


class Expression:
    """One node of a cell's graph; Python's arithmetic on it makes further nodes."""

    __slots__ = ("args", "graph", "index", "op", "payload")
    __hash__ = object.__hash__

    def __init__(
        self, graph: Graph, op: str, args: tuple[Expression, ...], payload: Any, index: int
    ) -> None:
        self.graph = graph
        self.op = op
        self.args = args
        self.payload = payload
        self.index = index

    def __repr__(self) -> str:
        payload = "" if self.payload is None else f" {self.payload!r}"
        return f"<{self.op}{payload} #{self.index}>"

    def is_constant(self, value: float | None = None) -> bool:
        """Tell whether this is a number, or that very number."""
        return self.op == "constant" and (value is None or self.payload == value)

    # Arithmetic. Zeros and ones disappear, which keeps the derived backward step short.

    def __add__(self, other: object) -> Expression:
        a, b = self, self.graph.lift(other)
        if a.is_constant() and b.is_constant():
            return self.graph.constant(a.payload + b.payload)
        if a.is_constant(0):
            return b
        if b.is_constant(0):
            return a
        if b.op == "negative":
            return a - b.args[0]
        if a.op == "negative":
            return b - a.args[0]
        return self.graph.node("add", a, b)

    def __sub__(self, other: object) -> Expression:
        a, b = self, self.graph.lift(other)
        if a.is_constant() and b.is_constant():
            return self.graph.constant(a.payload - b.payload)
        if b.is_constant(0):
            return a
        if a.is_constant(0):
            return -b
        if b.op == "negative":
            return a + b.args[0]
        return self.graph.node("subtract", a, b)

    def __mul__(self, other: object) -> Expression:
        a, b = self, self.graph.lift(other)
        if a.is_constant() and b.is_constant():
            return self.graph.constant(a.payload * b.payload)
        for one, another in ((a, b), (b, a)):
            if one.is_constant(0):
                return one
            if one.is_constant(1):
                return another
            if one.is_constant(-1):
                return -another
        if a.op == "negative":
            return -(a.args[0] * b)
        if b.op == "negative":
            return -(a * b.args[0])
        return self.graph.node("multiply", a, b)

    def __truediv__(self, other: object) -> Expression:
        a, b = self, self.graph.lift(other)
        if b.is_constant():
            if b.payload == 0:
                fail("an equation divides by 0: divide by a value or by another number")
            return a * self.graph.constant(1.0 / b.payload)
        return self.graph.node("divide", a, b)

    def __pow__(self, exponent: object) -> Expression:
        """Raise to a power.

        A whole number multiplies out, whatever the sign of the base; halves are square roots. Any
        other exponent, a value among them, is exp(exponent * log(base)): it needs a positive base,
        and a negative one gives NaN.
        """
        a, b = self, self.graph.lift(exponent)
        if not b.is_constant():
            return self.graph.node("exp", b * self.graph.node("log", a))
        power = float(b.payload)
        if a.is_constant():
            try:
                return self.graph.lift(a.payload**power)
            except (ArithmeticError, EquationError):
                fail(f"{a.payload:g} has no finite power {power:g}: write another number")
        if power < 0:
            return self.graph.constant(1) / a**-power
        if power.is_integer():
            return self._multiplied_out(int(power))
        if (2 * power).is_integer():
            return self._multiplied_out(int(power)) * self.graph.node("sqrt", a)
        return self.graph.node("exp", b * self.graph.node("log", a))

    def _multiplied_out(self, power: int) -> Expression:
        """Return a whole power by repeated squaring."""
        result, square = self.graph.constant(1), self
        while power:
            if power % 2:
                result = result * square
            power //= 2
            if power:
                square = square * square
        return result

    def __abs__(self) -> Expression:
        return self.graph.node("abs", self)

    def __neg__(self) -> Expression:
        if self.is_constant():
            return self.graph.constant(-self.payload)
        if self.op == "negative":
            return self.args[0]
        if self.op == "subtract":
            return self.args[1] - self.args[0]
        return self.graph.node("negative", self)

    def __pos__(self) -> Expression:
        return self

    def __radd__(self, other: object) -> Expression:
        return self.graph.lift(other) + self

    def __rsub__(self, other: object) -> Expression:
        return self.graph.lift(other) - self

    def __rmul__(self, other: object) -> Expression:
        return self.graph.lift(other) * self

    def __rtruediv__(self, other: object) -> Expression:
        return self.graph.lift(other) / self

    def __rpow__(self, other: object) -> Expression:
        base = self.graph.lift(other)
        if base.is_constant() and base.payload <= 0:
            fail(f"a power of a value needs a positive base, got {base.payload:g}: use one above 0")
        if base.is_constant(1):
            return base
        return base**self

    def __gt__(self, other: object) -> Expression:
        return self.graph.node("greater", self, self.graph.lift(other))

    def __lt__(self, other: object) -> Expression:
        return self.graph.node("greater", self.graph.lift(other), self)

    def __ge__(self, other: object) -> NoReturn:
        fail("equations compare with > and < only: where(a > b, p, q)")

    __le__ = __ge__

    def __eq__(self, other: object) -> bool:
        fail("equations compare with > and < only: where(a > b, p, q)")

    __ne__ = __eq__

    # What Python would do with a number but equations cannot: said here, at definition time.

    def __bool__(self) -> bool:
        fail(
            "a cell cannot branch on a value: use where(condition, a, b), and minimum(a, b) or "
            "maximum(a, b) of rnnlab for Python's min and max"
        )

    def __float__(self) -> float:
        fail("a function of Python's math does not take a cell's values: import it from rnnlab")

    def __iter__(self) -> NoReturn:
        fail("a value is one unit of one sequence and cannot be unpacked or indexed")

    def __getitem__(self, key: object) -> NoReturn:
        fail("a value is one unit of one sequence and cannot be unpacked or indexed")

    def __matmul__(self, other: object) -> NoReturn:
        fail("matrices are not written out in equations: use linear(name, operand)")

    __rmatmul__ = __matmul__

    def __array__(self, *_: object, **__: object) -> NoReturn:
        fail(
            "NumPy does not take a cell's values: use the functions of rnnlab, such as "
            "where(condition, a, b), minimum(a, b) and maximum(a, b)"
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: object, **_: object) -> object:
        name = str(ufunc.__name__)
        arithmetic: dict[str, Callable[[Expression, Any], Expression]] = {
            "add": lambda a, b: a + b,
            "subtract": lambda a, b: a - b,
            "multiply": lambda a, b: a * b,
            "true_divide": lambda a, b: a / b,
            "power": lambda a, b: a**b,
        }
        if name in arithmetic and method == "__call__":  # a NumPy scalar on the left
            return arithmetic[name](self.graph.lift(inputs[0]), inputs[1])
        remedy = "Python's abs" if name in ("absolute", "fabs") else "the functions of rnnlab"
        fail(f"NumPy's {name} does not take a cell's values: use {remedy}")


def reachable(outputs: Iterable[Expression], stop: Collection[int] = ()) -> list[Expression]:
    """Return what `outputs` depend on in the order of creation, so operands first.

    Nodes whose index is in `stop` are returned, but what lies behind them is not.
    """
    found: dict[int, Expression] = {}
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node.index not in found:
            found[node.index] = node
            if node.index not in stop:
                stack.extend(node.args)
    return [found[index] for index in sorted(found)]
