"""Uses of a number that equations do not have: errors with the remedy when a cell is defined."""

from __future__ import annotations

from typing import Any, NoReturn

from rnnlab.equations.advice import instead_of
from rnnlab.equations.errors import called_name, fail


class Refusals:
    """Python's protocols for numbers and containers that a cell's value does not have."""

    __slots__ = ()

    def __ge__(self, other: object) -> NoReturn:
        fail("equations compare with > and < only: where(a > b, p, q)")

    __le__ = __ge__

    def __eq__(self, other: object) -> bool:
        fail("equations compare with > and < only: where(a > b, p, q)")

    __ne__ = __eq__

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
        called = called_name()
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
        called = called_name() or "array"
        fail(f"NumPy's {called} does not take a cell's values: {instead_of(called)}")
