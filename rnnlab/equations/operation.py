"""The record of an operation: everything that the package knows about it, in one place.

`rnnlab.equations.operations` has the entries.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

#: The kinds of values in equations: one number per unit, or the truth of a comparison. Values per
#: head and matrices will be further kinds.
Kind = Literal["number", "condition"]

#: The least and the largest value that a node can have.
Bounds = tuple[float, float]
UNBOUNDED: Bounds = (-math.inf, math.inf)

#: How tightly a written expression holds together, from comparisons (and signed terms in LaTeX) to
#: names and function calls. What is looser than its place requires is put in brackets.
LOOSE, SUM, PRODUCT, SIGNED, ATOM = range(5)


@dataclass(frozen=True)
class Form:
    """A written form of an operation.

    Attributes
    ----------
    text : str
        With #1, #2, ... for the operands.
    binding : int
        How tightly the result holds together.
    operands : tuple of int
        The least binding of each operand that needs no brackets; LOOSE for all unless given.
    """

    text: str
    binding: int = ATOM
    operands: tuple[int, ...] = ()

    def fill(
        self, operands: Sequence[tuple[str, int]], *, regroup: bool = False
    ) -> tuple[str, int]:
        """Return the form with its operands written in, and its binding.

        Parameters
        ----------
        operands : sequence of (str, int)
            Text and binding of each operand.
        regroup : bool
            Whether a + (b + c) may be written a + b + c.

        Examples
        --------
        >>> minus = Form("#1 - #2", SUM, (SUM, PRODUCT))
        >>> minus.fill([("a", ATOM), ("b + c", SUM)])
        ('a - (b + c)', 1)
        """
        least = self.operands or (LOOSE,) * len(operands)
        if regroup:
            least = (self.binding,) * len(operands)
        written = [
            text if binding >= required else f"({text})"
            for (text, binding), required in zip(operands, least, strict=True)
        ]
        return re.sub(r"#(\d)", lambda at: written[int(at[1]) - 1], self.text), self.binding


@dataclass(frozen=True)
class Operation:
    r"""An operation on the values of equations.

    Attributes
    ----------
    name : str
        As nodes of the graph and kernels call it.
    compute : callable
        `compute(xp, *operands)`: the meaning on arrays of the array namespace `xp` (NumPy or
        another), made of Python's operators and functions of `xp` that take arrays.
    gradient : callable
        `gradient(d, y, *operands)`: from the adjoint d of the result y to the adjoint of each
        operand, None for one that has none; in arithmetic and functions of equations, which hold
        for expressions and for arrays.
    takes : tuple of str
        The kind of value of each operand; their number is the arity.
    gives : str
        The kind of value of the result.
    is_function : bool
        Whether it is a function, whose result is kept for the backward step and has a variable of
        its own, and not arithmetic, which is computed again.
    commutes : bool
        Whether operands may be swapped, and regrouped where the order of rounding does not matter.
    adds : bool
        Whether the result is a sum of the operands, with any signs.
    exact : bool
        Whether the result has no rounding error.
    bounds : callable
        From the bounds of the operands to those of the result.
    python : Form or None
        As Python and kernels write it; None for a call of the function `name`. A kernel takes that
        function from `rnnlab.engine.vector_math`.
    latex : Form or None
        As a paper prints it; None for the name in \operatorname.
    latex_of_number : Form or None
        The same where one operand is a number, which then comes first; None for `latex`.
    sign : str
        The sign in a circle of a data-flow diagram; a function without one is drawn by its name.
    arrows : tuple of str
        Labels of the arrows into it in a diagram; their positions unless given.
    """

    name: str
    compute: Callable[..., Any]
    gradient: Callable[..., tuple[Any, ...]]
    takes: tuple[Kind, ...] = ("number", "number")
    gives: Kind = "number"
    is_function: bool = False
    commutes: bool = False
    adds: bool = False
    exact: bool = False
    bounds: Callable[..., Bounds] = lambda *_: UNBOUNDED
    python: Form | None = None
    latex: Form | None = None
    latex_of_number: Form | None = None
    sign: str = ""
    arrows: tuple[str, ...] = ()

    @property
    def python_form(self) -> Form:
        """The form in Python."""
        return self.python or Form(f"{self.name}({self._listed})")

    @property
    def latex_form(self) -> Form:
        """The form in LaTeX."""
        name = self.name.replace("_", r"\_")
        return self.latex or Form(rf"\operatorname{{{name}}}({self._listed})")

    @property
    def _listed(self) -> str:
        return ", ".join(f"#{position}" for position in range(1, len(self.takes) + 1))


#: Every operation by name, in the order of the entries.
OPERATIONS: dict[str, Operation] = {}


def add_operation(operation: Operation) -> Operation:
    """Put an operation into the table and return it."""
    if operation.name in OPERATIONS:
        raise ValueError(
            f"names of operations must be unique, got {operation.name!r} twice: choose another name"
        )
    OPERATIONS[operation.name] = operation
    return operation
