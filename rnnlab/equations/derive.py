"""Derivation of a cell's backward step: symbolic reverse-mode differentiation of its graph.

The matrix products are left out. What is differentiated is the elementwise rest: from the
pre-activations (the result of each `linear`) and the states of the step before to the new states
and to every computed value that is an operand of a further `linear`. The engine adds the products.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rnnlab.equations.expression import LEAVES, Expression, reachable
from rnnlab.equations.source import Names, write_expression, write_function
from rnnlab.equations.trace import Equations


@dataclass(frozen=True)
class Derivation:
    """A cell's step and the gradients of all its values.

    The gradients are expressions in the values of the forward step and in seeds: dL/ds_t from the
    later steps for each state, and dL/dv from the matrix products for each computed operand.

    Attributes
    ----------
    equations : Equations
        The forward step.
    operands : tuple of Expression
        Computed values that are operands of a `linear`, in the order of appearance.
    state_seeds, operand_seeds : tuple of Expression
        The seeds, in the order of the states and of `operands`.
    map_gradients, vector_gradients : tuple of Expression
        dL/d pre-activation of each map and dL/d vector (one unit of one sequence).
    state_gradients : tuple of Expression
        dL/ds_{t-1} along the paths without a matrix; the products add the others.
    output_gradients : tuple of Expression
        dL/ds_t with s_t as a node: its seed plus the paths that leave it within the step.
    names : Names
        Names of the nodes in source.
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
        """Values of the forward step that the backward step reads.

        Results of functions are kept; sums and products of them are computed again. Pre-activations
        are among them where the arithmetic needs them directly.
        """
        gradients = (*self.map_gradients, *self.vector_gradients, *self.state_gradients)
        needed = reachable((*gradients, *self.output_gradients), stop=self.available)
        return tuple(node for node in needed if node.index in self.available)

    @cached_property
    def available(self) -> frozenset[int]:
        """Indices of the values of the forward step that the backward step may read."""
        ends = (*self.equations.outputs, *self.operands)
        return frozenset(
            node.index
            for node in reachable((*ends, *self.equations.maps))
            if node.is_function or node.op == "linear"
        ) | {node.index for node in ends if node.op not in LEAVES}

    @cached_property
    def direct_paths(self) -> Mapping[tuple[str, str], Expression]:
        """ds_t/ds_{t-1} along the paths without a matrix, by (state, state before).

        The result of every `linear` is held constant: the LSTM's ("c", "c") is the expression f.
        Pairs whose derivative is 0 are left out. `equations.evaluate` computes the expressions from
        pre-activations, states and vectors.
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
        """Return an expression as text, in the names of the forward step: f, c_prev, tanh_c."""
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
        First word of the names of the printed functions.

    Returns
    -------
    Derivation

    Notes
    -----
    Reverse accumulation (Griewank & Walther 2008, chapter 3) on the expression graph: nodes are
    visited from the outputs back, and each adds to the adjoints of its operands the gradient of its
    operation. The adjoints are expressions themselves.
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
    stored = [node for node in forward if node.is_function]
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
            # A state that is returned unchanged, or that is a product itself, is a copy: paths that
            # leave the original within the step do not leave the copy.
            seed if output.op in LEAVES else adjoints[output.index]
            for output, seed in zip(equations.outputs, state_seeds, strict=True)
        ),
        names=names,
    )


def _adjoints(
    forward: Sequence[Expression], seeds: Iterable[tuple[Expression, Expression]]
) -> dict[int, Expression]:
    """Return the adjoint of each node (by index) that is reached from the `seeds`.

    Parameters
    ----------
    forward : sequence of Expression
        The nodes of the step, operands before their results.
    seeds : iterable of (Expression, Expression)
        Nodes and what arrives at each.
    """
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
        shares = node.operation.gradient(adjoint, node, *node.args)
        for arg, share in zip(node.args, shares, strict=True):
            if share is not None and arg.op != "constant":
                add(arg, share)
    return adjoints


def _computed_operands(equations: Equations) -> tuple[Expression, ...]:
    """Return the operands of the maps other than x and the states of the step before."""
    found: dict[int, Expression] = {}
    for node in equations.maps:
        for operand in node.args:
            if operand.op not in ("input", "state"):
                found[operand.index] = operand
    return tuple(found.values())
