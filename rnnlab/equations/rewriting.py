"""Rewriting of equations: copies of a graph with operands, updates or states changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rnnlab.equations.expression import LEAVES, Expression, Graph, reachable
from rnnlab.equations.trace import Equations


@dataclass(frozen=True)
class Rewriting:
    """New equations, and the new node for each old one.

    Attributes
    ----------
    equations : Equations
    nodes : dict of int to Expression
        The new node by the index of the old one.
    operands : dict of int to Expression
        The changed operand of the maps by the index of the old one.
    """

    equations: Equations
    nodes: Mapping[int, Expression]
    operands: Mapping[int, Expression]


def rewrite(
    equations: Equations,
    *,
    operand: Callable[[Expression, Expression], Expression] = lambda _, new: new,
    update: Callable[[str, Expression], Expression] = lambda _, new: new,
    state: Callable[[str, Expression, Expression], Expression] = lambda _state, _before, new: new,
) -> Rewriting:
    """Copy equations into a new graph, with changes.

    Parameters
    ----------
    equations : Equations
        Not modified.
    operand : callable
        `operand(old, new)` returns the operand that a map takes in place of one other than x; `old`
        is the node in the old graph and `new` its copy.
    update : callable
        `update(name, term)` returns what is added to the state in place of a term (see `updates`).
        All uses of the sum see the change.
    state : callable
        `state(name, before, new)` returns the new state in place of `new`. Other uses of `new`
        within the step do not see the change.

    Returns
    -------
    Rewriting
    """
    graph = Graph()
    new: dict[int, Expression] = {}
    operands: dict[int, Expression] = {}
    terms = {term.index: name for name in equations.states for term in updates(equations, name)}
    sums = {node.index for output in equations.outputs for node in _sum(output) if _is_sum(node)}
    starts = (equations.input, *equations.states.values(), *equations.vectors)
    ends = (*equations.outputs, *equations.maps, *equations.named.values())
    for node in reachable((*starts, *ends)):
        args = [new[arg.index] for arg in node.args]
        if node.op == "linear":
            for k, old in enumerate(node.args):
                if old.op != "input":
                    if old.index not in operands:
                        operands[old.index] = operand(old, args[k])
                    args[k] = operands[old.index]
        elif node.index in sums:
            for k, old in enumerate(node.args):
                if old.index in terms:
                    args[k] = update(terms[old.index], args[k])
        new[node.index] = graph.node(node.op, *args, payload=node.payload)
    before = {name: new[node.index] for name, node in equations.states.items()}
    outputs = tuple(
        state(name, before[name], new[node.index])
        for name, node in zip(equations.states, equations.outputs, strict=True)
    )
    rewritten = Equations(
        graph=graph,
        input=new[equations.input.index],
        states=before,
        outputs=outputs,
        maps=tuple(new[node.index] for node in equations.maps),
        vectors=tuple(new[node.index] for node in equations.vectors),
        named={name: new[node.index] for name, node in equations.named.items()},
    )
    return Rewriting(rewritten, new, operands)


def updates(equations: Equations, state: str) -> tuple[Expression, ...]:
    """Return the terms that are added to a state: i * g of an LSTM's c = f * c + i * g.

    The new state must be a sum. Some of its terms have the state before as a factor; the others are
    the updates. A dependence through a matrix or a function (a gate with a peephole) does not count
    as a factor. Empty if there is no such sum, as in tanh(W x + U h + b).

    Examples
    --------
    >>> from rnnlab.cells import gru, rnn
    >>> [gru.derivation.write(term) for term in updates(gru.equations, "h")]
    ['(1 - z) * n']
    >>> updates(rnn.equations, "h")
    ()
    """
    before = equations.states[state]
    output = equations.outputs[list(equations.states).index(state)]
    functions = {
        node.index for node in equations.graph.nodes if node.is_function or node.op == "linear"
    }
    terms = [node for node in _sum(output) if not _is_sum(node)]

    def keeps(term: Expression) -> bool:
        return any(node is before for node in reachable([term], stop=functions))

    kept = [keeps(term) for term in terms]
    if not any(kept):
        return ()
    return tuple(term for term, held in zip(terms, kept, strict=True) if not held)


def _is_sum(node: Expression) -> bool:
    return node.op not in LEAVES and node.operation.adds


def _sum(node: Expression) -> list[Expression]:
    """Return the nodes of a nested sum and its terms, each once."""
    found = [node]
    if _is_sum(node):
        for arg in node.args:
            found += [inner for inner in _sum(arg) if all(inner is not known for known in found)]
    return found
