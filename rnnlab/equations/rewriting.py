"""Equations made from others: the same graph with something put in here and there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rnnlab.equations.expression import Expression, Graph, reachable
from rnnlab.equations.functions import ELEMENTWISE
from rnnlab.equations.trace import Equations

_SUMS = ("add", "subtract", "negative")


@dataclass(frozen=True)
class Rewriting:
    """New equations and what became of the old nodes.

    Attributes
    ----------
    equations : Equations
    nodes : dict of int to Expression
        The new node by the old one's index; that of an operand as it enters the products is in
        `operands`.
    operands : dict of int to Expression
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
    """Copy equations into a graph of their own, changing them on the way.

    Parameters
    ----------
    equations : Equations
        Not modified.
    operand : callable
        From an operand of a map other than x, the old node and the new, to what the map shall take.
    update : callable
        From a state's name and a term that is added to what the state keeps (see `updates`) to what
        shall be added. Whatever reads the sum reads the new one.
    state : callable
        From a state's name, the state before and its new value to what shall be carried on. What
        else reads the value within the step reads it as it was.

    Returns
    -------
    Rewriting
    """
    graph = Graph()
    new: dict[int, Expression] = {}
    operands: dict[int, Expression] = {}
    terms = {term.index: name for name in equations.states for term in updates(equations, name)}
    sums = {node.index for output in equations.outputs for node in _sum(output) if node.op in _SUMS}
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
    """Return the terms that are added to what a state keeps: i * g of an LSTM's c = f * c + i * g.

    The new state must be a sum of which some terms hold the state before as a factor, and others,
    the updates, do not; a gate that sees it, through a matrix or a peephole, does not count. Empty
    where it is no such sum, as in tanh(W x + U h + b).

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
        node.index for node in equations.graph.nodes if node.op in {*ELEMENTWISE, "linear"}
    }
    terms = [node for node in _sum(output) if node.op not in _SUMS]

    def keeps(term: Expression) -> bool:
        return any(node is before for node in reachable([term], stop=functions))

    kept = [keeps(term) for term in terms]
    if not any(kept):
        return ()
    return tuple(term for term, held in zip(terms, kept, strict=True) if not held)


def _sum(node: Expression) -> list[Expression]:
    """Return a sum's nodes, its terms among them, each once."""
    found = [node]
    if node.op in _SUMS:
        for arg in node.args:
            found += [inner for inner in _sum(arg) if all(inner is not known for known in found)]
    return found
