"""The `@cell` decorator, and the checks of the cells that it makes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, cast, overload

from rnnlab.cells.definition import CellDefinition
from rnnlab.equations import EquationError, trace
from rnnlab.registry import unknown_name
from rnnlab.user_code import place_of_function

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
