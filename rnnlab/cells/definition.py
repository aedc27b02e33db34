"""The `@cell` decorator: what it records and checks, and how a cell's parameters are laid out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, overload

from rnnlab.cells import identity
from rnnlab.equations import (
    Derivation,
    EquationError,
    Equations,
    Expression,
    Uniform,
    derive,
    trace,
)
from rnnlab.registry import unknown_name


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
        For a weight: "x" (H x I blocks), or the state (H x H blocks) that it acts on.
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


@dataclass(frozen=True, eq=False)
class CellDefinition:
    """A recurrent cell: its equations and what follows from them.

    Made by `@cell`. Calling it calls the function it was made from, on expressions or arrays.

    Attributes
    ----------
    name : str
        "peephole-lstm"
    function : callable
        The equations as written.
    equations : Equations
        Their graph.
    keep, write : str or None
        The gates that hold and that write the memory.
    paper : str
        Where the equations stand: authors, year, title or place, and equation numbers.
    differs : str
        What is not as in the paper; empty where nothing is.
    init : str
        The initialisation that a layer of the cell takes unless told otherwise.
    positive : tuple of str
        The states that are above 0 from the first step on: an initial state other than zeros must
        be so too.
    operand_sources : mapping of int to str, optional
        What `source_of` says of each operand of a map (by index); found out unless given.
    made_by : tuple of callable and arguments, optional
        The call by which pickle makes a cell again that was made from another.
    """

    name: str
    function: Callable[..., Any]
    equations: Equations
    keep: str | None = None
    write: str | None = None
    paper: str = ""
    differs: str = ""
    init: str = "default"
    positive: tuple[str, ...] = ()
    operand_sources: Mapping[int, str] | None = None  # of a cell that was made from another
    made_by: tuple[Callable[..., CellDefinition], tuple[Any, ...]] | None = None

    def __call__(self, *args: Any) -> Any:
        """Apply the equations as they are written."""
        return self.function(*args)

    def __repr__(self) -> str:
        return f"<cell {self.name}({', '.join(('x', *self.states))})>"

    def __reduce__(self) -> tuple[Any, ...]:
        return self.made_by or identity.reduce(self)

    def __copy__(self) -> CellDefinition:
        return self

    def __deepcopy__(self, memo: object) -> CellDefinition:
        return self  # nothing in it changes

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell the equations from any others."""
        return identity.fingerprint(self)

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the states; the first is the output."""
        return tuple(self.equations.states)

    @property
    def maps(self) -> tuple[str, ...]:
        """The name of each map, in the order of appearance; a name may return (the GRU's n)."""
        return tuple(node.payload.name for node in self.equations.maps)

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @cached_property
    def derivation(self) -> Derivation:
        """The derived backward step."""
        return derive(self.equations, self.name.replace("-", "_"))

    @cached_property
    def arrays(self) -> dict[str, ParameterArray]:
        """The parameter arrays of one layer by name, in the contract's order."""
        return _lay_out(self)

    def source_of(self, operand: Expression) -> str:
        """Return "x" or the state whose weight array holds the matrix on `operand`.

        A computed operand stands in for the output; the new value of a state, for that state.
        """
        if operand.op == "input":
            return "x"
        if self.operand_sources is not None:
            return self.operand_sources[operand.index]
        if operand.op == "state":
            return str(operand.payload)
        for state, output in zip(self.states, self.equations.outputs, strict=True):
            if operand is output:
                return state
        return self.states[0]

    def weight_name(self, source: str) -> str:
        """Return the array that holds the maps on `source`."""
        return "weight_ih" if source == "x" else f"weight_{source}h"

    def bias_of(self, map_name: str) -> tuple[str, int] | None:
        """Return the array and the block of the first bias of gate `map_name`, if it has one."""
        for array in self.arrays.values():
            if array.kind == "bias":
                for block, position in enumerate(array.maps):
                    if self.maps[position] == map_name:
                        return array.name, block
        return None


@overload
def cell(function: Callable[..., Any], /) -> CellDefinition: ...
@overload
def cell(
    *,
    keep: str | None = None,
    write: str | None = None,
    name: str | None = None,
    paper: str = "",
    differs: str = "",
    init: str = "default",
    positive: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], CellDefinition]: ...
def cell(
    function: Callable[..., Any] | None = None,
    /,
    *,
    keep: str | None = None,
    write: str | None = None,
    name: str | None = None,
    paper: str = "",
    differs: str = "",
    init: str = "default",
    positive: tuple[str, ...] = (),
) -> CellDefinition | Callable[[Callable[..., Any]], CellDefinition]:
    """Turn a function that holds a cell's equations into a cell.

    Parameters
    ----------
    function : callable
        `function(x, state, ...)` returning the new states in the same order; the first state is
        the output. Inside, a scalar is one unit of one sequence.
    keep, write : str, optional
        The maps whose gates hold and write the memory: the forget bias and the chrono
        initialisation set their biases.
    name : str, optional
        The cell's name; the function's with hyphens unless given.
    paper : str, optional
        Where the equations stand: authors, year, title or place, and equation numbers.
    differs : str, optional
        What is not as in the paper.
    init : str, optional
        The initialisation that the paper recommends, by its name in `rnnlab.layers.initialise`; a
        layer takes it unless told otherwise.
    positive : tuple of str, optional
        The states that are above 0 from the first step on, such as a normaliser.

    Returns
    -------
    CellDefinition

    Raises
    ------
    EquationError
        With file, line and remedy, if the equations cannot be used.

    Examples
    --------
    >>> from rnnlab import cell, linear, sigmoid, tanh
    >>> @cell(keep="f")
    ... def leaky(x, h):
    ...     f = sigmoid(linear("f", x, h, bias=1.0))
    ...     g = tanh(linear("g", x, h))
    ...     return f * h + (1 - f) * g
    >>> leaky.name, leaky.states, leaky.maps
    ('leaky', ('h',), ('f', 'g'))
    >>> list(leaky.arrays)
    ['weight_ih', 'weight_hh', 'bias']
    """

    def define(function: Callable[..., Any]) -> CellDefinition:
        if not inspect.isfunction(function):
            raise TypeError(
                f"@cell takes a function of (x, state, ...), got {type(function).__name__}: "
                "write the equations as a plain function"
            )
        chosen = name or function.__name__.strip("_").replace("_", "-")
        definition = CellDefinition(
            chosen,
            function,
            trace(function),
            keep=keep,
            write=write,
            paper=paper,
            differs=differs,
            init=init,
            positive=positive,
        )
        _check(definition)
        return definition

    return define if function is None else define(function)


def _check(definition: CellDefinition) -> None:
    code = definition.function.__code__
    place = f"{code.co_filename}:{code.co_firstlineno}"
    for role, gate in (("keep", definition.keep), ("write", definition.write)):
        if gate is not None and gate not in definition.maps:
            known = dict.fromkeys(definition.maps)
            raise EquationError(f"{place}: {unknown_name(f'{role} gate', gate, known)}")
    for state in definition.positive:
        if state not in definition.states:
            raise EquationError(f"{place}: {unknown_name('state', state, definition.states)}")
    if not definition.name.replace("-", "_").isidentifier():
        raise EquationError(
            f"{place}: a cell's name must be letters, digits and hyphens and begin with a letter, "
            f"got {definition.name!r}: choose one with @cell(name=...)"
        )
    if not definition.maps:
        raise EquationError(
            f"{place}: a cell must have a linear, got none: feed x in, such as linear('g', x, h)"
        )
    for state in definition.states:
        if state == "x" or state.startswith("_"):
            raise EquationError(
                f"{place}: a state cannot be called {state}: x is the input, and the name becomes "
                "a field of the layer's state; choose a letter such as h"
            )
    if "i" in definition.states:
        raise EquationError(
            f"{place}: a state named i would share weight_ih with the input: call it i_prev"
        )
    try:
        arrays = definition.arrays
    except EquationError as error:
        raise EquationError(f"{place}: {error}") from None
    if definition.keep is not None and definition.bias_of(definition.keep) is None:
        raise EquationError(
            f"{place}: the keep gate {definition.keep} must have a bias: drop its bias=None"
        )
    clash = set(arrays) & {"x", "output"}
    if clash:
        raise EquationError(f"{place}: {clash.pop()} is not a parameter's name: choose another")


def _lay_out(definition: CellDefinition) -> dict[str, ParameterArray]:
    maps = definition.equations.maps
    by_source: dict[str, list[int]] = {"x": [], **{state: [] for state in definition.states}}
    for position, node in enumerate(maps):
        sources = [definition.source_of(operand) for operand in node.args]
        name = node.payload.name
        for source in sources:
            known = [maps[other].payload.name for other in by_source[source]]
            if sources.count(source) > 1 or name in known:
                raise EquationError(
                    f"map {name!r} acts twice on what {definition.weight_name(source)} holds (a "
                    "computed operand stands in for the output): give the second product a name "
                    f"of its own, such as linear({name + '2'!r}, ...)"
                )
            by_source[source].append(position)
    arrays = [
        ParameterArray(definition.weight_name(source), "weight", tuple(positions), source)
        for source, positions in by_source.items()
        if positions
    ]
    sees_x = [any(arg.op == "input" for arg in node.args) for node in maps]
    biased = [position for position, node in enumerate(maps) if node.payload.bias is not None]
    shared = tuple(position for position in biased if sees_x[position])
    if shared:
        arrays.append(ParameterArray("bias", "bias", shared))
    arrays += [
        ParameterArray(f"bias_h{maps[position].payload.name}", "bias", (position,))
        for position in biased
        if not sees_x[position]
    ]
    arrays += [
        ParameterArray(
            node.payload.name,
            "scalar" if node.payload.shared else "vector",
            init=node.payload.init,
        )
        for node in definition.equations.vectors
    ]
    by_name = {array.name: array for array in arrays}
    if len(by_name) < len(arrays):
        names = [array.name for array in arrays]
        twice = next(name for name in names if names.count(name) > 1)
        raise EquationError(f"two parameters would be called {twice}: rename a vector or a map")
    return by_name
