"""Expression graph of a cell's equations, for one unit of one sequence.

Running a cell's function on expressions instead of numbers records its arithmetic as a graph. Equal
expressions are one node (hash-consing), and arithmetic on constants is done at once.
"""

from __future__ import annotations

import math
import numbers
import sys
from collections.abc import Callable, Collection, Iterable
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from rnnlab.equations.advice import FORMULAS, instead_of
from rnnlab.equations.operation import OPERATIONS, Operation
from rnnlab.user_code import UserCodeError, frame_outside, is_installed, text_at

Number = int | float

#: Nodes that the step does not compute. A `linear` is the result of matrix products, a `given` an
#: array over time from outside, such as a dropout mask, a `seed` a gradient that arrives.
LEAVES = frozenset({"constant", "input", "state", "vector", "linear", "given", "seed"})


_LANGUAGE = __name__.rpartition(".")[0]


class EquationError(UserCodeError):
    """A cell's equations cannot be used; the message names the line and the remedy."""


def calling_frame() -> FrameType:
    """Return the innermost frame outside the language and outside installed packages."""
    return frame_outside(
        sys._getframe(1),
        lambda frame: (
            str(frame.f_globals.get("__name__", "")).startswith(_LANGUAGE)
            or is_installed(frame.f_code.co_filename)
        ),
    )


def calling_place() -> str:
    """Return "FILE:LINE" of the statement that called the language."""
    frame = calling_frame()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def fail(message: str) -> NoReturn:
    """Raise `EquationError` with the place in the user's code."""
    raise EquationError(f"{calling_place()}: {message}")


def _called() -> str:
    """Return the name of the function that the user's code calls; empty if unknown."""
    frame = calling_frame()
    written = text_at(frame).partition("(")[0].strip()
    if not written.replace(".", "").isidentifier():
        return ""
    first, *rest = written.split(".")
    found = frame.f_locals.get(first, frame.f_globals.get(first))  # may be an alias
    for part in rest:
        found = getattr(found, part, None)
    return str(getattr(found, "__name__", written.rpartition(".")[2]))


class Graph:
    """Owner of the nodes of one traced cell.

    Attributes
    ----------
    nodes : list of Expression
        In the order of creation, which is that of their indices.
    places : list of str or None
        "FILE:LINE" where each node was made, if this is recorded.
    """

    def __init__(self) -> None:
        self.nodes: list[Expression] = []
        self.places: list[str] | None = None
        self._known: dict[tuple[Any, ...], Expression] = {}

    def node(self, op: str, *args: Expression, payload: Any = None) -> Expression:
        """Return the node that applies `op` to `args`, a new one if there is none yet."""
        operation = None if op in LEAVES else OPERATIONS[op]
        for position, arg in enumerate(args):
            if arg.op == "input" and op != "linear":
                fail("x has I numbers, not one per unit: use linear(name, x)")
            if arg.is_condition and (operation is None or operation.takes[position] == "number"):
                fail("a comparison is not a number: use where(condition, a, b)")
        indices = [arg.index for arg in args]
        if operation is not None and operation.commutes:
            indices.sort()
        key = (op, payload, *indices)
        found = self._known.get(key)
        if found is None:
            found = Expression(self, op, args, payload, len(self.nodes))
            self._known[key] = found
            self.nodes.append(found)
            if self.places is not None:
                self.places.append(calling_place())
        return found

    def constant(self, value: Number | numbers.Real) -> Expression:
        """Return the node of a number."""
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            fail(f"a number in an equation must be finite, got {number}: write a smaller one")
        return self.node("constant", payload=number)

    def lift(self, value: object) -> Expression:
        """Return `value`, an expression of this graph or a number, as a node."""
        if isinstance(value, Expression):
            if value.graph is not self:
                fail("a value of another cell was used: values cannot leave the cell's function")
            return value
        if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):  # a NumPy scalar
            value = value.item()
        if not isinstance(value, bool) and isinstance(value, numbers.Real):
            return self.constant(value)
        fail(f"equations hold values and numbers only, got {type(value).__name__}: {_lift(value)}")


def _lift(value: object) -> str:
    """Return the remedy for an object that is neither a value nor a real number."""
    if value is None:
        return "a function that returns nothing gives None; end it with return"
    if isinstance(value, complex):
        return "compute real and imaginary parts apart, each as a state or value of its own"
    if isinstance(value, np.ndarray):
        return "use a Python number, or vector(name) for a learned one per unit"
    return "use a Python number, or vector(name) for a learned one"


class Expression:
    """One node of a cell's graph; Python's arithmetic on it makes further nodes.

    Attributes
    ----------
    graph : Graph
    op : str
        Name of the operation (see `rnnlab.equations.operations`) or kind of leaf.
    args : tuple of Expression
        The operands.
    payload : object
        What a leaf holds: a number, a name or a declaration; None for an operation.
    index : int
        Position in `graph.nodes`.
    """

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
        """Return whether this is a number; if `value` is given, that number."""
        return self.op == "constant" and (value is None or self.payload == value)

    @property
    def operation(self) -> Operation:
        """The operation that computes the node; a leaf has none."""
        return OPERATIONS[self.op]

    @property
    def is_function(self) -> bool:
        """Whether this is the result of a function, such as tanh, and not of arithmetic."""
        return self.op not in LEAVES and self.operation.is_function

    @property
    def is_condition(self) -> bool:
        """Whether this is the truth of a comparison."""
        return self.op not in LEAVES and self.operation.gives == "condition"

    # Arithmetic. Terms of 0 and factors of 1 are dropped: the derived backward step stays short.

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

        A whole exponent is multiplied out, for a base of any sign; halves are square roots. Any
        other exponent, also a value, becomes exp(exponent * log(base)): it needs a positive base,
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

    # Uses of a number that equations do not have: errors when the cell is defined.

    def __bool__(self) -> bool:
        fail(
            "a cell cannot branch on a value: use where(condition, a, b) for if, and, or, not and "
            "chained comparisons, and minimum(a, b) or maximum(a, b) of rnnlab for Python's min "
            "and max"
        )

    def _no_conditions(self, *_: object) -> NoReturn:
        fail("conditions are not combined with & | ~: use where(a > b, where(c > d, p, q), q)")

    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __invert__ = _no_conditions

    def _no_number(self, *_: object) -> NoReturn:
        called = _called()
        if called in ("", "float", "int", "complex", "bool"):
            fail("a value is not a number while the cell is defined: use it as it is")
        fail(f"Python's {called} does not take a cell's values: {instead_of(called)}")

    __float__ = __int__ = __complex__ = __index__ = _no_number

    def _no_rounding(self, *_: object) -> NoReturn:
        fail(f"equations have no %, // and rounding: {instead_of('round')}")

    __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __divmod__ = __rdivmod__ = _no_rounding
    __round__ = __floor__ = __ceil__ = __trunc__ = _no_rounding

    def _no_parts(self, *_: object) -> NoReturn:
        fail(
            "a value is one unit of one sequence and cannot be unpacked, indexed or counted: give "
            "each gate a linear of its own, and what earlier steps held a state of its own"
        )

    __iter__ = __getitem__ = __setitem__ = __len__ = __contains__ = _no_parts

    def __matmul__(self, other: object) -> NoReturn:
        fail(f"equations have no @ between values: {instead_of('matmul')}")

    __rmatmul__ = __matmul__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # protocols of Python and NumPy
            raise AttributeError(name)
        fail(f"a value has no .{name}: {instead_of(name)}")

    def __call__(self, *_: object, **__: object) -> NoReturn:
        """Refuse `h(a)`, a product as mathematics writes it."""
        fail("a value is not a function and cannot be called: write * for a product")

    def __format__(self, written: str) -> str:
        if written:
            fail("a value has no digits while the cell is defined: print it without a format")
        return repr(self)

    def __array__(self, *_: object, **__: object) -> NoReturn:
        called = _called() or "array"
        fail(f"NumPy's {called} does not take a cell's values: {instead_of(called)}")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: object, **_: object) -> object:
        name = str(ufunc.__name__)
        arithmetic: dict[str, Callable[[Expression, Any], Expression]] = {
            "add": lambda a, b: a + b,
            "subtract": lambda a, b: a - b,
            "multiply": lambda a, b: a * b,
            "true_divide": lambda a, b: a / b,
            "divide": lambda a, b: a / b,
            "power": lambda a, b: a**b,
            "greater": lambda a, b: a > b,
            "less": lambda a, b: a < b,
        }
        if name in arithmetic and method == "__call__":  # a NumPy scalar on the left
            return arithmetic[name](self.graph.lift(inputs[0]), inputs[1])
        remedy = "use Python's abs" if FORMULAS.get(name) == "abs(a)" else instead_of(name)
        fail(f"NumPy's {name} does not take a cell's values: {remedy}")


def reachable(outputs: Iterable[Expression], stop: Collection[int] = ()) -> list[Expression]:
    """Return all nodes that `outputs` depend on, operands before their results.

    Nodes whose index is in `stop` are returned, but not their operands.
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
