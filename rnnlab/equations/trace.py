"""Tracing of a cell's function: running it on expressions gives its equations as a graph."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import io
import itertools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import FrameType
from typing import Any

import numpy as np

from rnnlab.equations.advice import FORMULAS, NOISE, instead_of, vocabulary
from rnnlab.equations.expression import LEAVES, EquationError, Expression, Graph
from rnnlab.equations.learned import LinearMap, Vector, current_graph
from rnnlab.user_code import is_installed, place_of_function

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Equations:
    """The graph of one cell's step.

    Attributes
    ----------
    graph : Graph
        Owner of all nodes.
    input : Expression
        x_t.
    states : dict of str to Expression
        The states of the step before, by name; the first is the cell's output.
    outputs : tuple of Expression
        The new states, in the same order.
    maps : tuple of Expression
        The `linear` nodes, in the order of appearance.
    vectors : tuple of Expression
        The `vector` nodes; a scalar is a vector with one number for all units.
    named : dict of str to Expression
        Values by name; a variable that is assigned several times names its last value.
    """

    graph: Graph
    input: Expression
    states: dict[str, Expression]
    outputs: tuple[Expression, ...]
    maps: tuple[Expression, ...]
    vectors: tuple[Expression, ...]
    named: dict[str, Expression]

    @property
    def gates(self) -> dict[str, Expression]:
        """The named values other than the states."""
        return {name: node for name, node in self.named.items() if name not in self.states}

    @cached_property
    def given(self) -> tuple[Expression, ...]:
        """Inputs of the step other than x, one number per unit, such as dropout masks."""
        return tuple(node for node in self.graph.nodes if node.op == "given")

    def evaluate(self, outputs: Sequence[Expression], values: dict[int, Array]) -> dict[int, Array]:
        """Compute `outputs` in NumPy from known values.

        Parameters
        ----------
        outputs : sequence of Expression
            The nodes to compute.
        values : dict of int to array
            Known values by node index, among them every leaf that `outputs` depend on.

        Returns
        -------
        dict of int to array
            `values` and every node that was computed.
        """
        known = dict(values)
        pending = [(node, False) for node in reversed(list(outputs))]
        while pending:
            node, ready = pending.pop()
            if node.index in known:
                continue
            if ready or not node.args:
                known[node.index] = compute(node, [known[arg.index] for arg in node.args])
            else:
                pending.append((node, True))
                pending.extend((arg, False) for arg in reversed(node.args))
        return known


def compute(node: Expression, args: Sequence[Any]) -> Any:
    """Apply one node's operation to numbers or NumPy arrays."""
    if node.op == "constant":
        return np.float64(node.payload)
    if node.op in LEAVES:
        raise KeyError(f"the value of {node!r} must be given")
    return node.operation.compute(np, *args)


def trace(function: Callable[..., Any]) -> Equations:
    """Trace a cell's function.

    The function is run twice: a value that differs between the runs, such as a random number, would
    be frozen in the equations and is an error.

    Parameters
    ----------
    function : callable
        `function(x, state, ...)` returning the new states in the order of its arguments.

    Returns
    -------
    Equations

    Raises
    ------
    EquationError
        With file, line and remedy, if the function uses anything that the language does not have.
    """
    arguments = _arguments(function)
    equations = _run(function, arguments, Graph())
    with contextlib.redirect_stdout(io.StringIO()):  # its printed lines are out already
        again = _run(function, arguments, Graph())
        if not _same(equations, again):
            watched = Graph()
            watched.places = []  # recorded only here: finding the places takes time
            _refuse(function, equations, _run(function, arguments, watched))
    return equations


def _run(function: Callable[..., Any], arguments: list[str], graph: Graph) -> Equations:
    x = graph.node("input", payload=arguments[0])
    states = {name: graph.node("state", payload=name) for name in arguments[1:]}
    returned, local_values, place = _call(function, graph, [x, *states.values()])
    named = {
        name: value
        for name, value in local_values.items()
        if isinstance(value, Expression)
        and value is not x
        and not any(value is state for state in states.values())
        and value.op not in ("constant", "vector")
        and not value.is_condition
    }
    return Equations(
        graph=graph,
        input=x,
        states=states,
        outputs=_outputs(function.__name__, returned, x, list(states), place),
        maps=tuple(node for node in graph.nodes if isinstance(node.payload, LinearMap)),
        vectors=tuple(node for node in graph.nodes if isinstance(node.payload, Vector)),
        named=named,
    )


def _outputs(
    cell: str, returned: Any, x: Expression, states: list[str], place: str
) -> tuple[Expression, ...]:
    """Return the new states, after checking that there is one value for each state."""
    outputs = list(returned) if isinstance(returned, (tuple, list)) else [returned]
    end = f"`return {', '.join(states)}`"
    if returned is None:
        raise EquationError(f"{place}: {cell} must return its new states: end it with {end}")
    if len(outputs) != len(states):
        raise EquationError(
            f"{place}: {cell} must return one value per state ({', '.join(states)}), got "
            f"{len(outputs)}: end it with {end}"
        )
    for name, value in zip(states, outputs, strict=True):
        if not isinstance(value, Expression):
            raise EquationError(
                f"{place}: {cell} must return a value for state {name}, got "
                f"{type(value).__name__}: return the name that holds it, as in {end}"
            )
        if value.graph is not x.graph:
            raise EquationError(
                f"{place}: {cell} returns a value of another cell for state {name}: values cannot "
                "leave the cell's function"
            )
        if value.is_condition:
            raise EquationError(
                f"{place}: state {name} cannot be a comparison, which is not a number: return "
                "where(condition, 1, 0)"
            )
        if value is x:
            raise EquationError(
                f"{place}: state {name} cannot be x itself, which has another size: return "
                "linear(name, x)"
            )
    return tuple(outputs)


def _same(one: Equations, other: Equations) -> bool:
    """Return whether two runs of a cell's function made the same graph and results."""
    ends = [[node.index for node in (*run.outputs, *run.named.values())] for run in (one, other)]
    nodes = zip(one.graph.nodes, other.graph.nodes, strict=False)
    return (
        len(one.graph.nodes) == len(other.graph.nodes)
        and all(_content(a) == _content(b) for a, b in nodes)
        and ends[0] == ends[1]
    )


def _content(node: Expression | None) -> Any:
    if node is None:
        return None
    return node.op, node.payload, [arg.index for arg in node.args]


def _refuse(function: Callable[..., Any], first: Equations, other: Equations) -> None:
    """Raise the error for a function whose runs differ, with the line if it is known."""
    place, came = place_of_function(function), ""
    for ours, theirs in itertools.zip_longest(first.graph.nodes, other.graph.nodes):
        if _content(ours) != _content(theirs):
            if theirs is not None and other.graph.places:
                place = other.graph.places[theirs.index]
                if ours is not None and ours.is_constant() and theirs.is_constant():
                    came = f", got {ours.payload:.6g} and then {theirs.payload:.6g}"
            break
    raise EquationError(
        f"{place}: a cell must compute the same each time it runs{came}: a random number, the time "
        "or a counter would be frozen at its first value; write the number, or vector(name, "
        f"init=uniform(low, high)) for a random start; {NOISE}"
    )


def _arguments(function: Callable[..., Any]) -> list[str]:
    place = place_of_function(function)
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise EquationError(
            f"{place}: a cell must be a plain function, got one with async or yield: return the "
            "new states"
        )
    parameters = list(inspect.signature(function).parameters.values())
    if any(p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters):
        raise EquationError(f"{place}: a cell takes x and its states by position: drop * and **")
    for parameter in parameters:
        if parameter.default is not parameter.empty:
            raise EquationError(
                f"{place}: a cell takes x and its states only, got "
                f"{parameter.name}={parameter.default!r}: write the number inside the function, or "
                f"scalar({parameter.name!r}, init=...) for a learned one"
            )
    if len(parameters) < 2:
        raise EquationError(
            f"{place}: a cell takes x and at least one state, "
            f"got ({', '.join(p.name for p in parameters)}): write def {function.__name__}(x, h)"
        )
    return [p.name for p in parameters]


def _call(
    function: Callable[..., Any], graph: Graph, arguments: list[Expression]
) -> tuple[Any, dict[str, Any], str]:
    """Call `function`; return its result, its local variables at the end, and FILE:LINE there."""
    local_values: dict[str, Any] = {}
    code = inspect.unwrap(function).__code__
    line = code.co_firstlineno

    def watch(frame: FrameType, event: str, _: Any) -> None:
        nonlocal line
        if event == "return" and frame.f_code is code:
            local_values.update(frame.f_locals)
            line = frame.f_lineno

    token = current_graph.set(graph)
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        returned = function(*arguments)
    except EquationError:
        raise
    except Exception as error:
        sys.setprofile(before)
        raise EquationError(f"{_place_in(error, code.co_filename)}: {_explain(error)}") from error
    finally:
        sys.setprofile(before)
        current_graph.reset(token)
    return returned, local_values, f"{code.co_filename}:{line}"


def _place_in(error: BaseException, file: str) -> str:
    """Return FILE:LINE of the innermost line of the user's code, or the cell's file."""
    step, place = error.__traceback__, file
    while step is not None:
        at = step.tb_frame.f_code.co_filename
        if at == file or not (at.startswith(_PACKAGE) or is_installed(at)):
            place = f"{at}:{step.tb_lineno}"
        step = step.tb_next
    return place


_PACKAGE = __file__.rpartition("equations")[0]


def _explain(error: Exception) -> str:
    """Return a message for an exception in a cell's function, with the remedy."""
    text = " ".join(str(error).replace("'Expression'", "a cell's value").split())
    text = text.replace("Expression", "a cell's value")
    name = str(getattr(error, "name", None) or "")
    if isinstance(error, UnboundLocalError):
        return f"{text}: assign it on every path, before it is used"
    if isinstance(error, NameError) and name:
        known = vocabulary()
        if name in known:
            return f"name {name!r} is not defined: import it (from rnnlab import {name})"
        step = error.__traceback__
        while step is not None and step.tb_next is not None:
            step = step.tb_next
        seen = [*step.tb_frame.f_locals, *step.tb_frame.f_globals] if step is not None else []
        near = difflib.get_close_matches(name, [*known, *seen], n=1, cutoff=0.6)
        if near and name not in FORMULAS:
            return f"name {name!r} is not defined: did you mean {near[0]!r}?"
        return f"name {name!r} is not defined: {instead_of(name)}"
    if isinstance(error, AttributeError) and getattr(error.obj, "__name__", "") == "rnnlab":
        return f"{text}: {instead_of(name)}"
    if isinstance(error, RecursionError):
        return "a cell must return after finitely many calls, got a function that calls itself"
    if isinstance(error, (TypeError, AttributeError)):
        return (
            f"{text}: equations are made of arithmetic, {', '.join(vocabulary())} of rnnlab, and "
            "Python's abs"
        )
    return f"a cell must run on values, got {type(error).__name__}: {text}; correct it there"
