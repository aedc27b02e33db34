"""Parameter arrays of a cell: names, shapes and the maps stacked in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from rnnlab.equations import EquationError, Equations, Expression, Uniform


@dataclass(frozen=True)
class ParameterArray:
    """One array of a layer's parameters, without the layer's suffix.

    Attributes
    ----------
    name : str
        One of weight_ih, weight_hh, weight_ch, ..., bias, bias_hn, or the name of a vector or
        scalar.
    kind : "weight", "bias", "vector" or "scalar"
    maps : tuple of int
        The maps stacked in it, one block of H rows each, by their position in
        `CellDefinition.maps`.
    source : str or None
        For a weight: the name of its operand, "x" (H x I blocks), or a state or computed value
        (H x H blocks).
    init : float or Uniform
        For a vector or scalar: the initial value.
    """

    name: str
    kind: Literal["weight", "bias", "vector", "scalar"]
    maps: tuple[int, ...] = ()
    source: str | None = None
    init: float | Uniform = 0.0

    def shape(self, *, inputs: int, units: int) -> tuple[int, ...]:
        """Return the array's shape in a layer of I inputs and H units."""
        if self.kind == "scalar":
            return (1,)
        if self.kind == "vector":
            return (units,)
        rows = len(self.maps) * units
        if self.kind == "bias":
            return (rows,)
        return (rows, inputs if self.source == "x" else units)

    @property
    def shape_text(self) -> str:
        """The shape in I and H, such as (4H, I).

        Examples
        --------
        >>> ParameterArray("weight_ih", "weight", maps=(0, 1, 2, 3), source="x").shape_text
        '(4H, I)'
        """
        if self.kind == "scalar":
            return "(1,)"
        rows = f"{len(self.maps)}H" if len(self.maps) > 1 else "H"
        if self.kind != "weight":
            return f"({rows},)"
        return f"({rows}, {'I' if self.source == 'x' else 'H'})"


def count_formula(arrays: Iterable[ParameterArray]) -> str:
    """Return how many numbers are in `arrays`, as a formula in I inputs and H units.

    Examples
    --------
    >>> from rnnlab.cells import gru, lstm
    >>> count_formula(lstm.arrays.values()), count_formula(gru.arrays.values())
    ('4H(I+H+1)', 'H(3I+3H+4)')
    """
    known = tuple(arrays)

    def count(inputs: int, units: int) -> int:
        return sum(math.prod(array.shape(inputs=inputs, units=units)) for array in known)

    # count = fixed + HI * by_input + HH * by_unit + H * single: four values give the four numbers
    fixed = count(0, 0)
    by_unit = (count(0, 2) - 2 * count(0, 1) + fixed) // 2
    single = count(0, 1) - fixed - by_unit
    by_input = count(1, 1) - count(0, 1)
    factor = math.gcd(by_input, by_unit, single)
    terms = [
        (str(number // factor) if number > factor or not letter else "") + letter
        for number, letter in ((by_input, "I"), (by_unit, "H"), (single, ""))
        if number
    ]
    product = f"{factor if factor > 1 else ''}H({'+'.join(terms)})"
    return f"{product}+{fixed}" if fixed else product


def weight_name(source: str) -> str:
    """Return the name of the array that holds the maps on `source`."""
    return "weight_ih" if source == "x" else f"weight_{source}h"


def find_sources(equations: Equations) -> dict[int, str]:
    """Return the name of each operand other than x, by index: its array is weight_{name}h.

    A state has its own name, and so has its new value. Any other computed value has the name of the
    output. Where one gate would have two matrices in one array then, as in `linear("c", a, b)`,
    each of its computed values has an array of its own, named after the variable that holds the
    value or else after the gate and the position of the operand, x not counted (`c2`).
    """
    found: dict[int, str] = {}
    uses: dict[tuple[str, str], dict[int, Expression]] = {}
    names = {node.index: name for name, node in reversed(equations.named.items())}
    places: dict[str, int] = {}
    for node in equations.maps:
        gate = node.payload.name
        for operand in node.args:
            if operand.op != "input":
                found.setdefault(operand.index, stands_for(equations, operand))
                uses.setdefault((gate, found[operand.index]), {})[operand.index] = operand
                places[gate] = places.get(gate, 0) + 1
                names.setdefault(operand.index, f"{gate}{places[gate]}")
    crowded = [
        index
        for together in uses.values()
        for index, operand in together.items()
        if len(together) > 1 and operand.op != "state"
    ]
    taken = {"x", "i", *equations.states}  # weight_ih belongs to x
    for index in dict.fromkeys(crowded):
        name = names[index]
        if name in equations.states:  # the new value of a state that is an operand too
            name = f"new_{name}"
        while name in taken:
            name += "_"
        taken.add(name)
        found[index] = name
    return found


def stands_for(equations: Equations, operand: Expression) -> str:
    """Return the state that an operand other than x is or is the new value of, else the output."""
    if operand.op == "state":
        return str(operand.payload)
    for state, output in zip(equations.states, equations.outputs, strict=True):
        if operand is output:
            return state
    return next(iter(equations.states))


def lay_out(
    equations: Equations, source_of: Callable[[Expression], str]
) -> dict[str, ParameterArray]:
    """Return the parameter arrays by name, in the order of `layer.parameters`.

    Parameters
    ----------
    equations : Equations
    source_of : callable
        From an operand of a map to its name: "x", or as `find_sources` returns it.

    Raises
    ------
    EquationError
        If two arrays would have the same name; the message has the line of the later declaration.
    """
    maps = equations.maps
    by_source: dict[str, list[int]] = {"x": [], **{state: [] for state in equations.states}}
    for position, node in enumerate(maps):
        for operand in node.args:
            by_source.setdefault(source_of(operand), []).append(position)
    sees_x = [any(arg.op == "input" for arg in node.args) for node in maps]
    biased = [position for position, node in enumerate(maps) if node.payload.bias is not None]
    shared = tuple(position for position in biased if sees_x[position])
    arrays: dict[str, ParameterArray] = {}

    def add(array: ParameterArray, place: str) -> None:
        if array.name in arrays:
            raise EquationError(
                f"{place}: parameters must have different names, got {array.name} twice: "
                "rename a vector or a map"
            )
        arrays[array.name] = array

    for source, positions in by_source.items():
        if positions:
            place = maps[positions[0]].payload.place
            add(ParameterArray(weight_name(source), "weight", tuple(positions), source), place)
    if shared:
        add(ParameterArray("bias", "bias", shared), maps[shared[0]].payload.place)
    for position in biased:
        if not sees_x[position]:
            declared = maps[position].payload
            if f"bias_h{declared.name}" in arrays:
                raise EquationError(
                    f"{declared.place}: gate {declared.name} must have one bias besides that on x, "
                    "got another: write bias=None here, or give this linear a name of its own"
                )
            add(ParameterArray(f"bias_h{declared.name}", "bias", (position,)), declared.place)
    for node in equations.vectors:
        declared = node.payload
        kind: Literal["scalar", "vector"] = "scalar" if declared.shared else "vector"
        add(ParameterArray(declared.name, kind, init=declared.init), declared.place)
    return arrays
