"""The `@cell` decorator, and the definition that it makes and checks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast, overload

from rnnlab.cells.fingerprint import fingerprint
from rnnlab.cells.layout import ParameterArray, find_sources, lay_out, stands_for, weight_name
from rnnlab.equations import (
    Derivation,
    EquationError,
    Equations,
    Expression,
    derive,
    trace,
)
from rnnlab.registry import unknown_name
from rnnlab.user_code import place_of_function


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
        What `source_of` returns for each operand of a map (by index); derived unless given.
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

    def __copy__(self) -> CellDefinition:
        return self

    def __deepcopy__(self, memo: object) -> CellDefinition:
        return self  # nothing in it changes

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that identify the equations."""
        return fingerprint(self.equations, self.arrays.values())

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
        return lay_out(self.equations, self.source_of)

    def source_of(self, operand: Expression) -> str:
        """Return what names the weight array of an operand: "x", a state or a computed value.

        See `rnnlab.cells.layout.find_sources`.
        """
        return "x" if operand.op == "input" else self._sources[operand.index]

    def stands_for(self, operand: Expression) -> str:
        """Return "x" or the state that an operand is or stands in for, whatever holds its matrix.

        Any computed value but the new value of a state stands in for the output.
        """
        return "x" if operand.op == "input" else stands_for(self.equations, operand)

    @cached_property
    def _sources(self) -> Mapping[int, str]:
        return self.operand_sources or find_sources(self.equations)

    def weight_name(self, source: str) -> str:
        """Return the array that holds the maps on `source`."""
        return weight_name(source)

    def bias_of(self, map_name: str) -> tuple[str, int] | None:
        """Return the array and the block of the first bias of gate `map_name`, if it has one."""
        for array in self.arrays.values():
            if array.kind == "bias":
                for block, position in enumerate(array.maps):
                    if self.maps[position] == map_name:
                        return array.name, block
        return None


#: Names of the initialisations that `rnnlab.layers` has, of which a cell may recommend one.
INITIALISATIONS = ("default", "torch", "irnn", "glorot")

#: Whether a cell that is refused leaves a `RefusedCell`, so that its file can be read to the end.
keeping_refused: ContextVar[bool] = ContextVar("keeping_refused", default=False)


class RefusedCell:
    """A cell whose equations cannot be used: any use of it raises the error.

    Parameters
    ----------
    name : str
    error : EquationError
    """

    def __init__(self, name: str, error: EquationError) -> None:
        self.name, self.error = name, error

    def __call__(self, *_: Any) -> Any:
        """Raise the error."""
        raise self.error

    def __getattr__(self, _: str) -> Any:
        raise self.error


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
        texts = {"keep": keep, "write": write, "name": name, "paper": paper}
        texts |= {"differs": differs, "init": init}
        try:
            _check_options(function, texts, positive)
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
        except EquationError as error:
            if not keeping_refused.get():
                raise
            refused: Any = RefusedCell(str(name or function.__name__), error)
            return cast("CellDefinition", refused)
        return definition

    return define if function is None else define(function)


def _check_options(function: Callable[..., Any], texts: dict[str, Any], positive: Any) -> None:
    """Refuse options of @cell that are none, with the line of @cell."""
    code = function.__code__
    decorated = f"{code.co_filename}:{code.co_firstlineno}"
    for option, value in texts.items():
        if not isinstance(value, str) and (value is not None or option in ("paper", "differs")):
            raise EquationError(
                f"{decorated}: {option} of @cell must be a text, got {value!r}: write it in quotes"
            )
    if not isinstance(positive, (tuple, list)):
        raise EquationError(
            f"{decorated}: positive of @cell must be a tuple of states, got {positive!r}: write "
            'positive=("n",)'
        )
    if texts["init"] not in INITIALISATIONS:
        raise EquationError(f"{decorated}: {unknown_name('init', texts['init'], INITIALISATIONS)}")


def _check(definition: CellDefinition) -> None:
    code = definition.function.__code__
    decorated = f"{code.co_filename}:{code.co_firstlineno}"  # the line of @cell
    defined = place_of_function(definition.function)
    for role, gate in (("keep", definition.keep), ("write", definition.write)):
        if gate is not None and gate not in definition.maps:
            known = dict.fromkeys(definition.maps)
            raise EquationError(f"{decorated}: {unknown_name(f'{role} gate', gate, known)}")
    for state in definition.positive:
        if state not in definition.states:
            raise EquationError(f"{decorated}: {unknown_name('state', state, definition.states)}")
    if not definition.name.replace("-", "_").isidentifier():
        raise EquationError(
            f"{decorated}: a cell's name must be letters, digits and hyphens and begin with a "
            f"letter, got {definition.name!r}: choose one with @cell(name=...)"
        )
    if not definition.maps:
        raise EquationError(
            f"{defined}: a cell must have a linear, got none: feed x in, such as linear('g', x, h)"
        )
    for state in definition.states:
        if state == "x" or state.startswith("_"):
            raise EquationError(
                f"{defined}: a state cannot be called {state}: x is the input, and the name "
                "becomes a field of the layer's state; choose a letter such as h"
            )
    if "i" in definition.states:
        raise EquationError(
            f"{defined}: a state named i would share weight_ih with the input: call it i_prev"
        )
    arrays = definition.arrays
    if definition.keep is not None and definition.bias_of(definition.keep) is None:
        without = definition.equations.maps[definition.maps.index(definition.keep)]
        raise EquationError(
            f"{without.payload.place}: the keep gate {definition.keep} must have a bias: drop its "
            "bias=None"
        )
    for declared in definition.equations.vectors:
        if declared.payload.name in {"x", "output"} & set(arrays):
            raise EquationError(
                f"{declared.payload.place}: {declared.payload.name} is not a parameter's name: "
                "choose another"
            )
