"""Evaluation of a cell's equations on the arrays of any library.

The nodes of the graph are computed one after the other with the library's own functions; gradients,
where the library has them, are its own too. Only the graph is shared with the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnnlab.cells import CellDefinition
from rnnlab.equations import Expression
from rnnlab.equations.expression import LEAVES, reachable
from rnnlab.interop.libraries import Library, libraries


@dataclass(frozen=True)
class Blocks:
    """Parameters of a layer, cut into the matrix, bias or vector of each node.

    Attributes
    ----------
    matrices : dict of (int, int) to array (H, I) or (H, H)
        By the position of a map and the index of its operand.
    biases : dict of int to array (H,)
        By the position of a map.
    vectors : dict of int to array (H,) or (1,)
        By the index of a node.
    """

    matrices: Mapping[tuple[int, int], Any]
    biases: Mapping[int, Any]
    vectors: Mapping[int, Any]


class Evaluator:
    """A cell on the arrays of one library.

    Parameters
    ----------
    cell : CellDefinition
    library : str or Library
        "numpy", "torch", "jax" or a library of your own.

    Examples
    --------
    >>> import numpy as np, rnnlab
    >>> layer = rnnlab.GRU(2, 3, dtype="float64")
    >>> parameters = {name.removesuffix("_l0"): a for name, a in layer.parameters.items()}
    >>> x = np.ones((5, 1, 2))
    >>> (h,) = Evaluator(layer.cell, "numpy").run(parameters, x, [np.zeros((1, 3))])
    >>> np.testing.assert_allclose(h, layer(x)[0], rtol=0, atol=1e-14)
    """

    def __init__(self, cell: CellDefinition, library: str | Library) -> None:
        self.cell = cell
        self.library = libraries[library] if isinstance(library, str) else library
        given = ("input", "state", "given")
        self._nodes = [n for n in reachable(cell.equations.outputs) if n.op not in given]
        self._functions = {n.op: self._function(n) for n in self._nodes if n.op not in LEAVES}

    def _function(self, node: Expression) -> Callable[..., Any]:
        own = self.library.functions.get(node.op)
        compute, namespace = node.operation.compute, self.library.namespace
        return own or (lambda *operands: compute(namespace, *operands))

    def cut(self, parameters: Mapping[str, Any]) -> Blocks:
        """Cut the parameters of a layer into blocks.

        Parameters
        ----------
        parameters : mapping of str to array
            By their names in `cell.arrays`, without the layer's suffix.
        """
        cell, maps = self.cell, self.cell.equations.maps

        def block(name: str, position: int) -> Any:
            array = cell.arrays[name]
            rows = parameters[name].shape[0] // len(array.maps)
            first = array.maps.index(position) * rows
            return parameters[name][first : first + rows]

        return Blocks(
            matrices={
                (position, arg.index): block(cell.weight_name(cell.source_of(arg)), position)
                for position, node in enumerate(maps)
                for arg in node.args
            },
            biases={
                position: block(array.name, position)
                for array in cell.arrays.values()
                if array.kind == "bias"
                for position in array.maps
            },
            vectors={node.index: parameters[node.payload.name] for node in cell.equations.vectors},
        )

    def project(self, x: Any, parameters: Mapping[str, Any]) -> dict[int, Any]:
        """Return W x + b of each map on x, for all time steps by one product.

        Parameters
        ----------
        x : array (..., I)
        parameters : mapping of str to array

        Returns
        -------
        dict of int to array (..., H)
            By the position of the map.
        """
        array = self.cell.arrays.get("weight_ih")
        if array is None:
            return {}
        biases = self.cut(parameters).biases
        together = x @ parameters["weight_ih"].T  # (..., G*H)
        units = together.shape[-1] // len(array.maps)
        projected = {}
        for block, position in enumerate(array.maps):
            share = together[..., block * units : (block + 1) * units]
            projected[position] = share + biases[position] if position in biases else share
        return projected

    def step(
        self,
        blocks: Blocks,
        projected: Mapping[int, Any],
        states: Sequence[Any],
        given: Sequence[Any] = (),
    ) -> tuple[Any, ...]:
        """Return the new states.

        Parameters
        ----------
        blocks : Blocks
        projected : mapping of int to array (B, H)
            As `project` returns it, of one time step.
        states : sequence of array (B, H)
            The states of the step before.
        given : sequence of array (B, H)
            The values of `cell.equations.given`, such as dropout masks.
        """
        equations, like = self.cell.equations, states[0]
        leaves = (*equations.states.values(), *equations.given)
        values = {n.index: v for n, v in zip(leaves, (*states, *given), strict=True)}
        for node in self._nodes:
            if node.op == "constant":
                values[node.index] = node.payload
            elif node.op == "vector":
                values[node.index] = blocks.vectors[node.index]
            elif node.op == "linear":
                values[node.index] = _multiply(node, blocks, projected, values)
            else:
                operands = [values[arg.index] for arg in node.args]
                if node.operation.python is None:  # functions take arrays, operators numbers too
                    operands = [self._as_array(value, like) for value in operands]
                values[node.index] = self._functions[node.op](*operands)
        return tuple(self._in_full(values[node.index], like) for node in equations.outputs)

    def _as_array(self, value: Any, like: Any) -> Any:
        if isinstance(value, float):
            return self.library.namespace.asarray(value, dtype=like.dtype)
        return value

    def _in_full(self, value: Any, like: Any) -> Any:
        """Return a new state in the shape (B, H), which a number or a vector has not."""
        value = self._as_array(value, like)
        if value.shape == like.shape:
            return value
        return self.library.namespace.broadcast_to(value, like.shape)

    def run(
        self,
        parameters: Mapping[str, Any],
        x: Any,
        states: Sequence[Any],
        given: Sequence[Any] = (),
    ) -> tuple[Any, ...]:
        """Run a sequence by a loop over time in Python.

        Parameters
        ----------
        parameters : mapping of str to array
            By their names in `cell.arrays`, without the layer's suffix.
        x : array (T, B, I)
        states : sequence of array (B, H)
            The initial states.
        given : sequence of array (T, B, H)

        Returns
        -------
        tuple of array (T, B, H)
            The new states over time; the first is the output.
        """
        blocks, projected = self.cut(parameters), self.project(x, parameters)
        over_time = []
        for t in range(x.shape[0]):
            now = {position: value[t] for position, value in projected.items()}
            states = self.step(blocks, now, states, [value[t] for value in given])
            over_time.append(states)
        stack = self.library.namespace.stack
        return tuple(stack(trajectory) for trajectory in zip(*over_time, strict=True))


def _multiply(
    node: Expression, blocks: Blocks, projected: Mapping[int, Any], values: Mapping[int, Any]
) -> Any:
    """Return what a map computes, from x projected already and from its other operands."""
    position = node.payload.position
    terms = [
        projected[position]
        if arg.op == "input"
        else values[arg.index] @ blocks.matrices[position, arg.index].T
        for arg in node.args
    ]
    if position in blocks.biases and position not in projected:
        terms.append(blocks.biases[position])
    return sum(terms[1:], terms[0])
