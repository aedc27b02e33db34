"""Run a cell's function once on expressions, and keep what it said."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import FrameType
from typing import Any

import numpy as np

from rnnlab.equations.expression import LEAVES, EquationError, Expression, Graph
from rnnlab.equations.functions import ELEMENTWISE, FUNCTIONS
from rnnlab.equations.learned import LinearMap, Vector, current_graph

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
        The `linear` nodes, in the order of their appearance.
    vectors : tuple of Expression
        The `vector` nodes; a scalar is one whose number all units share.
    named : dict of str to Expression
        Values by the name of the variable that held them last.
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
        """What comes from outside at every step beside x, one number per unit."""
        return tuple(node for node in self.graph.nodes if node.op == "given")

    def evaluate(self, outputs: Sequence[Expression], values: dict[int, Array]) -> dict[int, Array]:
        """Compute `outputs` in NumPy from the values of the nodes that they rest on.

        Parameters
        ----------
        outputs : sequence of Expression
            What is wanted.
        values : dict of int to array
            Values by node index; must hold every leaf that `outputs` depend on.

        Returns
        -------
        dict of int to array
            `values` with every node that was computed on the way added.
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
    """Apply one node's operation to numbers or arrays."""
    if node.op == "constant":
        return np.float64(node.payload)
    if node.op in LEAVES:
        raise KeyError(f"the value of {node!r} must be given")
    if node.op in ELEMENTWISE:
        return ELEMENTWISE[node.op].compute(args[0])
    arithmetic: dict[str, Callable[..., Any]] = {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: a * b,
        "divide": lambda a, b: a / b,
        "negative": lambda a: -a,
        "greater": lambda a, b: a > b,
        "where": np.where,
        "minimum": np.minimum,
        "maximum": np.maximum,
    }
    return arithmetic[node.op](*args)


def trace(function: Callable[..., Any]) -> Equations:
    """Trace a cell's function.

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
        With file, line and remedy, for what the language does not have.
    """
    place = f"{function.__code__.co_filename}:{function.__code__.co_firstlineno}"
    arguments = _arguments(function, place)
    graph = Graph()
    x = graph.node("input", payload=arguments[0])
    states = {name: graph.node("state", payload=name) for name in arguments[1:]}
    returned, local_values = _call(function, graph, [x, *states.values()])
    outputs = list(returned) if isinstance(returned, (tuple, list)) else [returned]
    if len(outputs) != len(states):
        raise EquationError(
            f"{place}: {function.__name__} must return one value per state "
            f"({', '.join(states)}), got {len(outputs)}: "
            f"end it with `return {', '.join(states)}`"
        )
    for name, value in zip(states, outputs, strict=True):
        if not isinstance(value, Expression):
            raise EquationError(
                f"{place}: {function.__name__} must return a value for state {name}, "
                f"got {type(value).__name__}: return the name that holds it"
            )
        if value.graph is not graph:
            raise EquationError(
                f"{place}: {function.__name__} returns a value of another cell for state {name}: "
                "values cannot leave the cell's function"
            )
        if value.op == "greater":
            raise EquationError(
                f"{place}: state {name} cannot be a comparison, which is not a number: "
                "return where(condition, 1, 0)"
            )
        if value is x:
            raise EquationError(
                f"{place}: state {name} cannot be x itself, which has another size: "
                "return linear(name, x)"
            )
    named = {
        name: value
        for name, value in local_values.items()
        if isinstance(value, Expression)
        and value is not x
        and not any(value is state for state in states.values())
        and value.op not in ("constant", "greater", "vector")
    }
    return Equations(
        graph=graph,
        input=x,
        states=states,
        outputs=tuple(outputs),
        maps=tuple(node for node in graph.nodes if isinstance(node.payload, LinearMap)),
        vectors=tuple(node for node in graph.nodes if isinstance(node.payload, Vector)),
        named=named,
    )


def _arguments(function: Callable[..., Any], place: str) -> list[str]:
    parameters = list(inspect.signature(function).parameters.values())
    if any(p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters):
        raise EquationError(f"{place}: a cell takes x and its states by position: drop * and **")
    if len(parameters) < 2:
        raise EquationError(
            f"{place}: a cell takes x and at least one state, "
            f"got ({', '.join(p.name for p in parameters)}): write def {function.__name__}(x, h)"
        )
    return [p.name for p in parameters]


def _call(
    function: Callable[..., Any], graph: Graph, arguments: list[Expression]
) -> tuple[Any, dict[str, Any]]:
    """Call `function` and catch its local variables as they are when it returns."""
    local_values: dict[str, Any] = {}

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is function.__code__:
            local_values.update(frame.f_locals)

    token = current_graph.set(graph)
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        returned = function(*arguments)
    except EquationError:
        raise
    except (TypeError, AttributeError, NameError) as error:
        sys.setprofile(before)
        line = _line_in(error, function)
        raise EquationError(
            f"{function.__code__.co_filename}:{line}: {error}: equations are made of arithmetic, "
            f"linear, vector, scalar, {', '.join(FUNCTIONS)} of rnnlab, and Python's abs"
        ) from error
    finally:
        sys.setprofile(before)
        current_graph.reset(token)
    return returned, local_values


def _line_in(error: BaseException, function: Callable[..., Any]) -> int:
    """Return the line of `function` on which `error` came up."""
    step = error.__traceback__
    line = function.__code__.co_firstlineno
    while step is not None:
        if step.tb_frame.f_code is function.__code__:
            line = step.tb_lineno
        step = step.tb_next
    return line
