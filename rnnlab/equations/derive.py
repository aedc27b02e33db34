"""A step's equations to its backward step, symbolically: reverse-mode differentiation of the graph.

The matrix products are cut out. What is differentiated here is the rest, which works unit by unit:
from the pre-activations (what each `linear` delivers) and the states before to the new states and
to every computed value that a further `linear` takes. The engine adds the products.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rnnlab.equations.expression import LEAVES, Expression, reachable
from rnnlab.equations.functions import ELEMENTWISE, where
from rnnlab.equations.source import Names, write_expression, write_function
from rnnlab.equations.trace import Equations


@dataclass(frozen=True)
class Derivation:
    """A cell's step and the gradients of everything in it.

    The gradients are expressions in the values of the forward step and in seeds: dL/ds_t as it
    arrives from the steps after, one per state, and dL/dv for each computed operand, as the
    products deliver it.

    Attributes
    ----------
    equations : Equations
        The forward step.
    operands : tuple of Expression
        Computed values that a `linear` takes, in the order of their appearance.
    state_seeds, operand_seeds : tuple of Expression
        The seeds, in the order of the states and of `operands`.
    map_gradients, vector_gradients : tuple of Expression
        dL/d pre-activation of each map and dL/d vector (one unit of one sequence).
    state_gradients : tuple of Expression
        dL/ds_{t-1} along the paths that pass no matrix; the products add the others.
    output_gradients : tuple of Expression
        dL/ds_t with s_t as a node: its seed and the paths that leave it within the step.
    """

    equations: Equations
    operands: tuple[Expression, ...]
    state_seeds: tuple[Expression, ...]
    operand_seeds: tuple[Expression, ...]
    map_gradients: tuple[Expression, ...]
    vector_gradients: tuple[Expression, ...]
    state_gradients: tuple[Expression, ...]
    output_gradients: tuple[Expression, ...]
    names: Names

    @cached_property
    def kept(self) -> tuple[Expression, ...]:
        """Values of the forward step that the backward step starts from.

        Results of functions are kept, sums and products of them are computed again; pre-activations
        appear where the arithmetic needs them raw.
        """
        gradients = (*self.map_gradients, *self.vector_gradients, *self.state_gradients)
        needed = reachable((*gradients, *self.output_gradients), stop=self.available)
        return tuple(node for node in needed if node.index in self.available)

    @cached_property
    def available(self) -> frozenset[int]:
        """Values (by index) of the forward step behind which the backward step need not look."""
        ends = (*self.equations.outputs, *self.operands)
        return frozenset(
            node.index
            for node in reachable((*ends, *self.equations.maps))
            if node.op in ELEMENTWISE or node.op == "linear"
        ) | {node.index for node in ends if node.op not in LEAVES}

    @cached_property
    def direct_paths(self) -> Mapping[tuple[str, str], Expression]:
        """ds_t/ds_{t-1} along the paths that pass no matrix, by (state, state before).

        What every `linear` delivers is held, so that the products and what they feed drop out: the
        LSTM's ("c", "c") is the expression f. Pairs whose derivative is 0 are left out.
        `equations.evaluate` computes the expressions from pre-activations, states and vectors.
        """
        equations = self.equations
        one = equations.graph.constant(1)
        forward = reachable(equations.outputs, stop={node.index for node in equations.maps})
        found = {}
        for state, output in zip(equations.states, equations.outputs, strict=True):
            adjoints = _adjoints(forward, [(output, one)])
            for before, node in equations.states.items():
                path = adjoints.get(node.index)
                if path is not None and not path.is_constant(0):
                    found[state, before] = path
        return found

    def write(self, expression: Expression) -> str:
        """Write an expression in the names of the forward step: f, c_prev, tanh_c."""
        forward = reachable((*self.equations.outputs, *self.equations.maps))
        named = {node.index: self.names[node] for node in forward if self.names.has(node)}
        return write_expression(expression, known=named)

    @property
    def _leaves(self) -> tuple[Expression, ...]:
        equations = self.equations
        return (*equations.states.values(), *equations.vectors, *equations.given)

    def forward_source(self) -> str:
        """Return the forward step as readable Python."""
        equations = self.equations
        return write_function(
            f"{self.names.step}_forward",
            inputs=[*equations.maps, *self._leaves],
            outputs=list(equations.outputs),
            names=self.names,
        )

    def backward_source(self) -> str:
        """Return the derived backward step as readable Python."""
        equations = self.equations
        gradients = [*self.map_gradients, *self.state_gradients, *self.vector_gradients]
        used = {node.index for node in reachable(gradients, stop=self.available)}
        return write_function(
            f"{self.names.step}_backward",
            inputs=[
                node
                for node in (*self.kept, *self._leaves, *self.state_seeds, *self.operand_seeds)
                if node.index in used
            ],
            outputs=gradients,
            output_names=[
                f"d_{self.names[node]}"
                for node in (*equations.maps, *equations.states.values(), *equations.vectors)
            ],
            names=self.names,
        )


def derive(equations: Equations, step: str = "step") -> Derivation:
    """Derive the backward step of a cell.

    Parameters
    ----------
    equations : Equations
        The traced step.
    step : str
        The name that the printed functions carry.

    Returns
    -------
    Derivation

    Notes
    -----
    Reverse accumulation (Griewank & Walther 2008, chapter 3) on the expression graph: nodes are
    visited from the outputs back, each handing its adjoint times the local derivative to its
    operands. The adjoints are expressions themselves.
    """
    graph = equations.graph
    operands = _computed_operands(equations)
    forward = reachable((*equations.outputs, *operands, *equations.maps))
    state_seeds = tuple(graph.node("seed", payload=f"d_{name}_next") for name in equations.states)
    operand_seeds = tuple(
        graph.node("seed", payload=f"d_operand_{position}") for position in range(len(operands))
    )
    seeds = [
        *zip(equations.outputs, state_seeds, strict=True),
        *zip(operands, operand_seeds, strict=True),
    ]
    adjoints = _adjoints(forward, seeds)

    zero = graph.constant(0)

    def gradients(nodes: Iterable[Expression]) -> tuple[Expression, ...]:
        return tuple(adjoints.get(node.index, zero) for node in nodes)

    names = Names(equations, step)
    stored = [node for node in forward if node.op in ELEMENTWISE]
    for position, node in enumerate((*operands, *stored)):
        if not names.has(node):
            names.rename(node, f"v{position}")
    for node, seed in zip(operands, operand_seeds, strict=True):
        names.rename(seed, f"d_{names[node]}_product")
    for node in forward:
        adjoint = adjoints.get(node.index)
        if adjoint is not None and names.has(node) and not names.has(adjoint):
            names.rename(adjoint, f"d_{names[node]}")
    return Derivation(
        equations=equations,
        operands=operands,
        state_seeds=state_seeds,
        operand_seeds=operand_seeds,
        map_gradients=gradients(equations.maps),
        vector_gradients=gradients(equations.vectors),
        state_gradients=gradients(equations.states.values()),
        output_gradients=tuple(
            # A state that is returned as it came, or as a raw product, is a copy: what leaves the
            # original within the step does not leave the copy.
            seed if output.op in LEAVES else adjoints[output.index]
            for output, seed in zip(equations.outputs, state_seeds, strict=True)
        ),
        names=names,
    )


def _adjoints(
    forward: Sequence[Expression], seeds: Iterable[tuple[Expression, Expression]]
) -> dict[int, Expression]:
    """Return the adjoint of each node (by index) that what arrives at the `seeds` reaches."""
    adjoints: dict[int, Expression] = {}

    def add(node: Expression, amount: Expression) -> None:
        known = adjoints.get(node.index)
        adjoints[node.index] = amount if known is None else known + amount

    for node, seed in seeds:
        add(node, seed)
    for node in reversed(forward):
        adjoint = adjoints.get(node.index)
        if adjoint is None or node.op in LEAVES:
            continue
        for arg, share in zip(node.args, _local_gradients(node, adjoint), strict=True):
            if share is not None and arg.op != "constant":
                add(arg, share)
    return adjoints


def _computed_operands(equations: Equations) -> tuple[Expression, ...]:
    """Return what the maps take besides x and the states before."""
    found: dict[int, Expression] = {}
    for node in equations.maps:
        for operand in node.args:
            if operand.op not in ("input", "state"):
                found[operand.index] = operand
    return tuple(found.values())


def _local_gradients(node: Expression, adjoint: Expression) -> tuple[Expression | None, ...]:
    """Return what `adjoint` means for each operand of `node`."""
    args = node.args
    if node.op == "add":
        return adjoint, adjoint
    if node.op == "subtract":
        return adjoint, -adjoint
    if node.op == "negative":
        return (-adjoint,)
    if node.op == "multiply":
        return adjoint * args[1], adjoint * args[0]
    if node.op == "divide":
        quotient = adjoint / args[1]
        return quotient, -(quotient * node)
    if node.op == "greater":
        return None, None
    zero = node.graph.constant(0)
    if node.op == "where":
        return None, where(args[0], adjoint, zero), where(args[0], zero, adjoint)
    if node.op in ("minimum", "maximum"):
        chosen = args[0] > args[1] if node.op == "maximum" else args[1] > args[0]
        return where(chosen, adjoint, zero), where(chosen, zero, adjoint)
    derivative = ELEMENTWISE[node.op].derivative(args[0], node)
    return (adjoint * derivative,)
