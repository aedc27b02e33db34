"""The parameter arrays of a cell: their names, their shapes and what is stacked in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from rnnlab.equations import EquationError, Equations, Expression, Uniform


@dataclass(frozen=True)
class ParameterArray:
    """One array of a layer's parameters, without the layer's suffix.

    Attributes
    ----------
    name : str
        weight_ih, weight_hh, weight_ch, ..., bias, bias_hn or the name of a vector or scalar.
    kind : "weight", "bias", "vector" or "scalar"
    maps : tuple of int
        The maps stacked in it, one block of H rows each, by their place in `CellDefinition.maps`.
    source : str or None
        For a weight: "x" (H x I blocks), or the state or computed value (H x H blocks) that it acts
        on.
    init : float or Uniform
        For a vector or scalar: what it starts at.
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


def weight_name(source: str) -> str:
    """Return the name of the array that holds the maps on `source`."""
    return "weight_ih" if source == "x" else f"weight_{source}h"


def find_sources(equations: Equations) -> dict[int, str]:
    """Return the name of what each operand but x is, by index: the array weight_{name}h holds it.

    A state has its own name, and so has its new value. Any other computed value stands in for the
    output. Where one gate would so act twice on one array, as in `linear("c", a, b)`, each of its
    computed values there has an array of its own, with the name of the variable that holds the
    value, or else of the gate and the operand's place in it, x aside (`c2`).
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
    """Return the state that an operand other than x is or stands in for: the output if no other."""
    if operand.op == "state":
        return str(operand.payload)
    for state, output in zip(equations.states, equations.outputs, strict=True):
        if operand is output:
            return state
    return next(iter(equations.states))


def lay_out(
    equations: Equations, source_of: Callable[[Expression], str]
) -> dict[str, ParameterArray]:
    """Return the parameter arrays by name, in the contract's order.

    Parameters
    ----------
    equations : Equations
    source_of : callable
        From an operand of a map to what it is called: "x", or as `find_sources` says.

    Raises
    ------
    EquationError
        If two arrays would have one name; the message names the line of the later declaration.
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
                f"{place}: two parameters would be called {array.name}: rename a vector or a map"
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
                    f"{declared.place}: gate {declared.name} must have one bias beside that on x, "
                    "got another: write bias=None here, or give this linear a name of its own"
                )
            add(ParameterArray(f"bias_h{declared.name}", "bias", (position,)), declared.place)
    for node in equations.vectors:
        declared = node.payload
        kind: Literal["scalar", "vector"] = "scalar" if declared.shared else "vector"
        add(ParameterArray(declared.name, kind, init=declared.init), declared.place)
    return arrays
