"""The reference engine: plain NumPy, slow and simple; tests compare the compiled engine with it.

It computes and keeps every node of the cell's graph at every time step. Its backward pass visits
the nodes in reverse and applies the chain rule to numbers. It shares the graph and the functions'
derivatives with the compiled engine, but neither the plan nor the derived backward step: it writes
out the gradient of each operation on purpose, as an independent truth. It also runs where Numba's
compiler is switched off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnlab.cells import CellDefinition
from rnnlab.engine.checking import check_backward, check_forward
from rnnlab.engine.protocol import Array, Gradients, PassInputs, Record, blank_padding
from rnnlab.engine.snapshot import snapshot
from rnnlab.equations import Expression
from rnnlab.equations.expression import LEAVES, reachable
from rnnlab.equations.trace import compute


@dataclass(eq=False)
class ReferenceTape(Record):
    """Values of all nodes over time.

    Attributes
    ----------
    trajectories : tuple of array (T+1, B, H)
        The states over time.
    steps : list of dict
        For each time step, the value (B, H) of each node by its index.
    """

    trajectories: tuple[Array, ...]
    steps: list[dict[int, Array]]

    @property
    def states(self) -> tuple[Array, ...]:
        """Each state over time (T+1, B, H), the initial one in slot 0."""
        return self.trajectories

    def value(self, node: int) -> Array | None:
        """Return a value of the step over time (T, B, H) by node index, None if it was not kept."""
        if not self.steps or node not in self.steps[0]:
            return None
        shape = self.trajectories[0][0].shape
        value = np.stack([np.broadcast_to(step[node], shape) for step in self.steps])
        return blank_padding(value, self.lengths)


class ReferenceEngine:
    """Runs one cell in one dtype in NumPy (see `protocol.Engine`)."""

    def __init__(self, cell: CellDefinition, dtype_name: str) -> None:
        self.cell = cell
        self.dtype = np.dtype(dtype_name)
        equations = cell.equations
        ends = (*equations.outputs, *equations.maps, *equations.named.values())
        self._nodes = reachable(ends)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.cell, self.dtype.name)

    def is_cached(self, *, through_time: bool) -> bool:
        """Return True: there is nothing to compile."""
        return True

    def prepare(self, *, through_time: bool) -> bool:
        """Return False: there is nothing to compile."""
        return False

    def step(
        self,
        parameters: Mapping[str, Array],
        x: Array,
        states: Sequence[Array],
        given: Sequence[Array] = (),
    ) -> dict[int, Array]:
        """Return every node by index from x_t (..., I), the states before (..., H) and `given`."""
        equations = self.cell.equations
        values: dict[int, Array] = {equations.input.index: x}
        leaves = (*equations.states.values(), *equations.given)
        for node, value in zip(leaves, (*states, *given), strict=True):
            values[node.index] = value
        for node in self._nodes:
            if node.index in values:
                continue
            if node.op == "linear":
                values[node.index] = self._linear(node, parameters, values)
            elif node.op == "vector":
                # a scalar, too, is one number per unit
                values[node.index] = np.broadcast_to(
                    parameters[node.payload.name], states[0].shape[-1:]
                )
            else:
                result = compute(node, [values[arg.index] for arg in node.args])
                values[node.index] = np.asarray(result, None if node.is_condition else self.dtype)
        return values

    def _blocks(
        self, node: Expression, arrays: Mapping[str, Array]
    ) -> tuple[list[Array], Array | None]:
        """Return the matrix on each operand of a map, and its bias, as views of `arrays`."""
        position = node.payload.position
        matrices, bias = [], None
        for array in self.cell.arrays.values():
            if position in array.maps and array.kind == "bias":
                units = arrays[array.name].size // len(array.maps)
                block = array.maps.index(position) * units
                bias = arrays[array.name][block : block + units]
        for operand in node.args:
            array = self.cell.arrays[self.cell.weight_name(self.cell.source_of(operand))]
            units = arrays[array.name].shape[0] // len(array.maps)
            block = array.maps.index(position) * units
            matrices.append(arrays[array.name][block : block + units])
        return matrices, bias

    def _linear(
        self, node: Expression, parameters: Mapping[str, Array], values: Mapping[int, Array]
    ) -> Array:
        matrices, bias = self._blocks(node, parameters)
        total = sum(
            values[operand.index] @ matrix.T
            for operand, matrix in zip(node.args, matrices, strict=True)
        )
        return np.asarray(total if bias is None else total + bias)

    def infer(self, inputs: PassInputs) -> tuple[Array, tuple[Array, ...]]:
        """Return the output (T, B, H) and the final states."""
        tape = self.forward(inputs)
        return tape.output.copy(), tuple(state.copy() for state in tape.final)

    def forward(self, inputs: PassInputs) -> ReferenceTape:
        """Run the sequence and keep everything."""
        x, lengths = check_forward(self.cell, self.dtype, inputs)
        held, states, given = snapshot(inputs.parameters), inputs.states, inputs.given
        x = x.copy() if lengths is None else blank_padding(x, lengths)
        over_time = tuple(np.empty((x.shape[0] + 1, *s.shape), self.dtype) for s in states)
        for trajectory, state in zip(over_time, states, strict=True):
            trajectory[0] = state
        steps = []
        for t, x_t in enumerate(x):
            before = [trajectory[t] for trajectory in over_time]
            values = self.step(held, x_t, before, [array[t] for array in given])
            for trajectory, node in zip(over_time, self.cell.equations.outputs, strict=True):
                trajectory[t + 1] = values[node.index]
                if lengths is not None:
                    trajectory[t + 1] = np.where(
                        _ended(t, lengths), trajectory[t], trajectory[t + 1]
                    )
            steps.append(values)
        copies = tuple(array.copy() for array in given)
        return ReferenceTape(self, held, x, lengths, copies, over_time, steps)

    def checkpoint(self, inputs: PassInputs, every: int) -> ReferenceTape:
        """Keep everything, as `forward` does: checkpoints save memory and change no number."""
        return self.forward(inputs)

    def backward(
        self,
        record: Record,
        d_output: Array,
        d_states: Sequence[Array],
        *,
        through_time: bool = False,
        input_gradient: bool = True,
    ) -> Gradients:
        """Go back through time by the chain rule, node by node."""
        if not isinstance(record, ReferenceTape):
            raise TypeError(
                f"the record must be of the reference engine, got {type(record).__name__}: "
                "use the engine that made it"
            )
        d_output = check_backward(self.cell, self.dtype, record, d_output, d_states)
        equations = self.cell.equations
        parameters = {name: np.zeros_like(array) for name, array in record.parameters.items()}
        d_input = np.zeros_like(record.x)
        arriving = [np.array(d, self.dtype) for d in d_states]
        over_time = tuple(np.zeros_like(trajectory) for trajectory in record.states)
        for t in reversed(range(record.x.shape[0])):
            values = record.steps[t]
            ended = False if record.lengths is None else _ended(t, record.lengths)
            # After its end a sequence keeps its states: their gradients pass through.
            passing = [np.where(ended, d, 0) for d in arriving]
            arriving = [np.where(ended, 0, d).astype(self.dtype) for d in arriving]
            arriving[0] = arriving[0] + np.where(ended, 0, d_output[t]).astype(self.dtype)
            adjoints = {node.index: np.zeros((), self.dtype) for node in self._nodes}
            for node, d in zip(equations.outputs, arriving, strict=True):
                adjoints[node.index] = adjoints[node.index] + d
            for node in reversed(self._nodes):
                self._propagate(node, values, adjoints, parameters, record.parameters)
            for k, node in enumerate(equations.outputs):
                leaf = node.op in ("state", "linear", "vector", "constant")
                over_time[k][t + 1] = arriving[k] if leaf else adjoints[node.index]
                over_time[k][t + 1] += passing[k]
            shape = arriving[0].shape
            arriving = [
                np.broadcast_to(adjoints.get(node.index, np.zeros(())), shape).astype(self.dtype)
                + passing[k].astype(self.dtype)
                for k, node in enumerate(equations.states.values())
            ]
            if equations.input.index in adjoints:
                d_input[t] = adjoints[equations.input.index]
        for trajectory, d in zip(over_time, arriving, strict=True):
            trajectory[0] = d
        return Gradients(
            parameters=parameters,
            input=d_input if input_gradient else None,
            initial=tuple(arriving),
            through_time=over_time if through_time else None,
        )

    def _propagate(
        self,
        node: Expression,
        values: Mapping[int, Array],
        adjoints: dict[int, Array],
        gradients: dict[str, Array],
        parameters: Mapping[str, Array],
    ) -> None:
        """Add the gradients of a node's operands and parameters, given that of its value."""
        d = adjoints[node.index]
        args = [values[arg.index] for arg in node.args]
        if node.op == "linear":
            d = np.broadcast_to(d, values[node.index].shape)
            matrices, _ = self._blocks(node, parameters)
            d_matrices, d_bias = self._blocks(node, gradients)
            if d_bias is not None:
                d_bias += d.sum(axis=0)
            shares = []
            for value, matrix, d_matrix in zip(args, matrices, d_matrices, strict=True):
                d_matrix += d.T @ np.broadcast_to(value, (d.shape[0], d_matrix.shape[1]))
                shares.append(d @ matrix)
        elif node.op == "vector":
            # (B, H), or (H,) where a vector is used alone: one gradient for all sequences
            per_unit = d.sum(axis=0) if d.ndim == 2 else d
            gradients[node.payload.name] += per_unit.sum() if node.payload.shared else per_unit
            return
        elif node.op == "add":
            shares = [d, d]
        elif node.op == "subtract":
            shares = [d, -d]
        elif node.op == "negative":
            shares = [-d]
        elif node.op == "multiply":
            shares = [d * args[1], d * args[0]]
        elif node.op == "divide":
            shares = [d / args[1], -d * args[0] / args[1] ** 2]
        elif node.op == "where":
            shares = [np.zeros(()), np.where(args[0], d, 0), np.where(args[0], 0, d)]
        elif node.op in ("minimum", "maximum"):
            first = args[0] > args[1] if node.op == "maximum" else args[0] < args[1]
            shares = [np.where(first, d, 0), np.where(first, 0, d)]
        elif node.op in LEAVES or node.is_condition:
            return
        else:
            shares = list(node.operation.gradient(d, values[node.index], *args))
        for arg, share in zip(node.args, shares, strict=True):
            adjoints[arg.index] = adjoints[arg.index] + share


def _ended(t: int, lengths: Array) -> Array:
    """Return which sequences have ended before step t, bool (B, 1)."""
    ended: Array = (t >= lengths)[:, None]
    return ended
