"""Stack of layers in one or two directions; each layer reads the output of the one below."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnlab.engine import Record
from rnnlab.engine.protocol import Array, Gradients
from rnnlab.layers.architecture import Architecture
from rnnlab.layers.direction import Direction, initial_names
from rnnlab.layers.regularisers import Regularisers, draw_mask


class Stack:
    """All directions of all layers; takes and returns arrays that have been checked.

    Lists with one item for each direction have the order of a state's rows: layer 0 forward, layer
    0 backward, layer 1 forward, ... The last axis of an output holds the forward direction's units,
    then the backward direction's.

    Parameters
    ----------
    architecture : Architecture
    parameters : dict of str to array
        Parameters, shared with the layer. A new stack allocates none; `Direction.draw` adds them.

    Attributes
    ----------
    layers : list of tuple of Direction
        The directions of each layer, the lowest layer first.
    directions : list of Direction
        All directions, in the order of a state's rows.

    Raises
    ------
    ValueError
        If a learned initial state would have the name of one of the cell's own arrays.
    """

    def __init__(self, architecture: Architecture, parameters: dict[str, Array]) -> None:
        cell = architecture.cell
        taken = [name for name in initial_names(cell) if name in cell.arrays]
        if architecture.learn_initial_state and taken:
            raise ValueError(
                f"learn_initial_state needs the name {taken[0]} for a parameter, but a vector of "
                f"{cell.name} has it: rename the vector"
            )
        self.hidden_size = architecture.hidden_size
        self._regularisers = architecture.regularisers or Regularisers()
        self.layers = [
            tuple(
                Direction(architecture, parameters, layer=layer, reverse=reverse)
                for reverse in (False, True)[: architecture.directions]
            )
            for layer in range(architecture.num_layers)
        ]
        self.directions = [direction for layer in self.layers for direction in layer]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of all parameters by name."""
        return {n: shape for d in self.directions for n, shape in d.shapes.items()}

    def initial(self, batch: int) -> list[list[Array]]:
        """Return the initial states (B, H) of each direction, for a run that is given none."""
        return [direction.initial(batch) for direction in self.directions]

    def infer(
        self, x: Array, initial: Sequence[Sequence[Array]], lengths: Array | None
    ) -> tuple[Array, list[tuple[Array, ...]]]:
        """Return the output (T, B, D*H) and each direction's final states (B, H)."""
        final: list[tuple[Array, ...]] = []
        for layer in self.layers:
            outputs = []
            for direction in layer:
                y, last = direction.infer(x, initial[len(final)], lengths)
                outputs.append(y)
                final.append(last)
            x = _side_by_side(outputs)
        return x, final

    def forward(
        self,
        x: Array,
        initial: Sequence[Sequence[Array]],
        lengths: Array | None,
        checkpoint_every: int | None,
        noise: np.random.Generator | None,
    ) -> tuple[Array, list[Record], list[Array | None]]:
        """Return the output (T, B, D*H), each direction's record and the dropout masks.

        The masks are those of the input of each layer, and last of the output; None is no dropout.
        """
        records: list[Record] = []
        masks: list[Array | None] = []
        rates = self._rates() if noise is not None else [0.0] * (1 + len(self.layers))
        for layer, rate in zip(self.layers, rates[:-1], strict=True):
            x, mask = self._drop(x, rate, noise)
            masks.append(mask)
            outputs = []
            for direction in layer:
                record = direction.forward(
                    x, initial[len(records)], lengths, checkpoint_every, noise
                )
                outputs.append(direction.output(record))
                records.append(record)
            x = _side_by_side(outputs)
        x, mask = self._drop(x, rates[-1], noise)
        return x, records, [*masks, mask]

    def _rates(self) -> list[float]:
        """Return the dropout rates of the input of each layer and of the output of the last."""
        rates = self._regularisers
        between = [rates.dropout] * (len(self.layers) - 1)
        return [rates.input_dropout, *between, rates.output_dropout]

    def _drop(
        self, x: Array, rate: float, noise: np.random.Generator | None
    ) -> tuple[Array, Array | None]:
        if not rate or noise is None:
            return x, None
        variational = self._regularisers.variational
        mask = draw_mask(noise, rate, x.shape, x.dtype, variational=variational)
        return x * mask, mask

    def backward(
        self,
        records: Sequence[Record],
        masks: Sequence[Array | None],
        d_output: Array,
        d_final: Sequence[Sequence[Array]],
        *,
        learned: bool,
        through_time: bool,
        input_gradient: bool,
    ) -> tuple[Array | None, list[Gradients]]:
        """Return dL/dx (T, B, I), None without `input_gradient`, and each direction's gradients."""
        units = self.hidden_size
        rows: list[Gradients] = []  # gradients of the layers above, in the order of a state
        d_x, d_y = None, _masked(d_output, masks[-1])
        for number, layer in reversed(list(enumerate(self.layers))):
            first = number * len(layer)
            found = [
                direction.backward(
                    records[first + k],
                    d_y if len(layer) == 1 else d_y[:, :, k * units : (k + 1) * units],
                    d_final[first + k],
                    learned=learned,
                    through_time=through_time,
                    input_gradient=input_gradient or number > 0,
                )
                for k, direction in enumerate(layer)
            ]
            shares = [gradients.input for gradients in found if gradients.input is not None]
            if shares:  # the lowest layer has none without input_gradient
                d_x = shares[0] if len(shares) == 1 else shares[0] + shares[1]
                d_x = d_y = _masked(d_x, masks[number])
            rows = found + rows
        return (d_x if input_gradient else None), rows


def _masked(array: Array, mask: Array | None) -> Array:
    return array if mask is None else array * mask


def _side_by_side(outputs: Sequence[Array]) -> Array:
    """Return the directions' outputs (T, B, H), concatenated; a single one is not copied."""
    return outputs[0] if len(outputs) == 1 else np.concatenate(outputs, axis=2)
