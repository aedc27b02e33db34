"""The `@cell` decorator and the definition that it returns."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any, cast, overload

from rnnlab.cells.fingerprint import fingerprint
from rnnlab.cells.layout import (
    ParameterArray,
    count_formula,
    find_sources,
    lay_out,
    stands_for,
    weight_name,
)
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
    """A recurrent cell: its equations, and all that is derived from them.

    It is made by `@cell`. Calling it calls the function of the equations, on expressions or arrays.

    Attributes
    ----------
    name : str
        Name in registries and tables, such as "peephole-lstm".
    function : callable
        The equations as written.
    equations : Equations
        The graph of the equations.
    keep, write : str or None
        The gates that keep and that write the memory.
    paper : str
        Source of the equations: authors, year, title or journal, and equation numbers.
    differs : str
        Differences from the paper; empty if there are none.
    init : str
        The default initialisation of a layer of the cell.
    positive : tuple of str
        States that are above 0 from the first step on. An initial state other than zeros must be
        positive too.
    operand_sources : mapping of int to str, optional
        Result of `source_of` for each operand of a map, by index; derived unless given.
    made_by : tuple of callable and arguments, optional
        For a cell that was made from another: the call that makes it again, for pickle.
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
    operand_sources: Mapping[int, str] | None = None
    made_by: tuple[Callable[..., CellDefinition], tuple[Any, ...]] | None = None

    def __call__(self, *args: Any) -> Any:
        """Apply the function of the equations."""
        return self.function(*args)

    def __repr__(self) -> str:
        roles = {"keep": self.keep, "write": self.write}
        gates = "".join(f", {role}={gate!r}" for role, gate in roles.items() if gate)
        return f"<cell {self._call}{gates}, {self.parameter_formula} parameters>"

    def _repr_html_(self) -> str:
        """Return the view in a notebook: summary, equations, parameters."""
        about = {"Paper": self.paper, "Differs from the paper": self.differs}
        lines = [f"{title}: {escape(text)}<br>" for title, text in about.items() if text]
        rows = [
            f"<tr><td>{array.name}</td><td>{array.shape_text}</td>"
            f"<td>{' '.join(self.maps[position] for position in array.maps)}</td></tr>"
            for array in self.arrays.values()
        ]
        return (
            f"<p><b>{self._call}</b>: {escape(self.summary)}<br>{''.join(lines)}"
            f"{self.parameter_formula} parameters in I inputs and H units</p>"
            f"<pre>{escape(self.source)}</pre>"
            f"<table><tr><th>parameter</th><th>shape</th><th>gates</th></tr>{''.join(rows)}</table>"
        )

    @property
    def _call(self) -> str:
        return f"{self.name}({', '.join(('x', *self.states))})"

    def __copy__(self) -> CellDefinition:
        return self

    def __deepcopy__(self, memo: object) -> CellDefinition:
        return self  # it is immutable

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
        """The name of each map in the order of appearance; names may repeat (the GRU's n)."""
        return tuple(node.payload.name for node in self.equations.maps)

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def source(self) -> str:
        """The equations as they were written; empty if their file cannot be read."""
        try:
            return textwrap.dedent(inspect.getsource(self.function))
        except (OSError, TypeError):  # typed at a prompt, or the file is gone
            return ""

    @property
    def parameter_formula(self) -> str:
        """How many numbers a layer of the cell learns, in I inputs and H units: 4H(I+H+1)."""
        return count_formula(self.arrays.values())

    @cached_property
    def derivation(self) -> Derivation:
        """The derived backward step."""
        return derive(self.equations, self.name.replace("-", "_"))

    @cached_property
    def arrays(self) -> dict[str, ParameterArray]:
        """The parameter arrays of one layer by name, in the order of `layer.parameters`."""
        return lay_out(self.equations, self.source_of)

    def source_of(self, operand: Expression) -> str:
        """Return the name in the weight array of an operand: "x", a state or a computed value.

        See `rnnlab.cells.layout.find_sources`.
        """
        return "x" if operand.op == "input" else self._sources[operand.index]

    def stands_for(self, operand: Expression) -> str:
        """Return "x" or the state that an operand is, or is computed in place of.

        A computed value counts as the output, unless it is the new value of another state.
        """
        return "x" if operand.op == "input" else stands_for(self.equations, operand)

    @cached_property
    def _sources(self) -> Mapping[int, str]:
        return self.operand_sources or find_sources(self.equations)

    def weight_name(self, source: str) -> str:
        """Return the name of the weight array of the maps on `source`."""
        return weight_name(source)

    def bias_of(self, map_name: str) -> tuple[str, int] | None:
        """Return array and block of the first bias of the gate `map_name`; None without a bias."""
        for array in self.arrays.values():
            if array.kind == "bias":
                for block, position in enumerate(array.maps):
                    if self.maps[position] == map_name:
                        return array.name, block
        return None


#: Initialisations of `rnnlab.layers` that a cell may recommend.
INITIALISATIONS = ("default", "torch", "irnn", "glorot")

#: Whether @cell returns a `RefusedCell` in place of an error, so that a file is read to its end.
keeping_refused: ContextVar[bool] = ContextVar("keeping_refused", default=False)


class RefusedCell:
    """A cell with an error in its equations: any use of it raises the error.

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
    """Turn a function with a cell's equations into a cell.

    Parameters
    ----------
    function : callable
        `function(x, state, ...)` returning the new states in the same order; the first state is
        the output. Inside, values are those of one unit of one sequence.
    keep, write : str, optional
        The maps whose gates keep and write the memory. The forget bias and the chrono
        initialisation set their biases.
    name : str, optional
        Name of the cell; the function's name with hyphens unless given.
    paper : str, optional
        Source of the equations: authors, year, title or journal, and equation numbers.
    differs : str, optional
        Differences from the paper.
    init : str, optional
        The initialisation that the paper recommends, by its name in `rnnlab.layers.initialise`: the
        default of layers of the cell.
    positive : tuple of str, optional
        States that are above 0 from the first step on, such as a normaliser.

    Returns
    -------
    CellDefinition

    Raises
    ------
    EquationError
        With file, line and remedy, if there is an error in the equations.

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
    """Check the options of @cell; errors name its line."""
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
            f"{defined}: a cell must have a linear: feed x in, such as linear('g', x, h)"
        )
    for state in definition.states:
        if state == "x" or state.startswith("_"):
            raise EquationError(
                f"{defined}: a state cannot be called {state}: x is the input, and a name with an "
                "underscore in front cannot be a field of the layer's state; choose one such as h"
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
                f"{declared.payload.place}: a parameter cannot be called {declared.payload.name}: "
                "choose another name"
            )
