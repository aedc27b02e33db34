"""Parameter arrays of a cell: their names, shapes and contents."""

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
        One of weight_ih, weight_hh, weight_ch, ..., bias, bias_hn, or the name of a vector or
        scalar.
    kind : "weight", "bias", "vector" or "scalar"
    maps : tuple of int
        The maps stacked in it, one block of H rows each, by their position in
        `CellDefinition.maps`.
    source : str or None
        For a weight, "x" (H x I blocks), or the state or computed value (H x H blocks) that it
        acts on.
    init : float or Uniform
        For a vector or scalar, its initial value.
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
    """Return the source name of each operand but x by index; its array is weight_{name}h.

    A state and its new value have the state's name, any other computed value that of the output.
    If a gate would then act twice on one array, as in `linear("c", a, b)`, each of its computed
    values has its own array, named after the variable that holds the value, or else after the gate
    and the operand's position in it, x not counted (`c2`).
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
    """Return the state whose array an operand other than x uses: its own, or the output's."""
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
        Returns the source name of a map's operand: "x", or that of `find_sources`.

    Raises
    ------
    EquationError
        If two arrays would have the same name; the message names the line of the later one.
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
                    f"{declared.place}: gate {declared.name} must have at most one bias besides "
                    "that of its map on x, got two: write bias=None here, or rename this linear"
                )
            add(ParameterArray(f"bias_h{declared.name}", "bias", (position,)), declared.place)
    for node in equations.vectors:
        declared = node.payload
        kind: Literal["scalar", "vector"] = "scalar" if declared.shared else "vector"
        add(ParameterArray(declared.name, kind, init=declared.init), declared.place)
    return arrays
