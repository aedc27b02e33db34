"""One direction of one layer: a cell with its parameters, run over a sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnlab.cells import CellDefinition
from rnnlab.engine import PassInputs, Record, Snapshot, engine_for, snapshot
from rnnlab.engine.protocol import Array, Gradients
from rnnlab.layers.architecture import Architecture
from rnnlab.layers.initialisers import initialise
from rnnlab.layers.parameters import check_live
from rnnlab.layers.regularisers import draw_mask, noisy_cell


class Direction:
    """One layer of a stack, read in one direction of time.

    The backward direction reverses its input in time, and its output back again: `x`, outputs and
    their gradients are in the time of the sequence. Its record is in its own time: slot 0 of the
    states is at the sequence's end. `lengths` (B,) are the ends of the sequences, None if all end
    at T.

    Parameters
    ----------
    architecture : Architecture
        Architecture of the whole layer, and the engine that runs it.
    parameters : dict of str to array
        Parameters of the whole layer, shared with it; the names of this direction's end with its
        suffix.
    layer : int
        Number of the layer in the stack, from 0.
    reverse : bool
        Whether the direction reads from the end of the sequence.

    Attributes
    ----------
    suffix : str
        Suffix of its parameters, such as "_l0" or "_l1_reverse".
    shapes : dict of str to tuple of int
        Shapes of its parameters by their full names.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: dict[str, Array],
        *,
        layer: int,
        reverse: bool,
    ) -> None:
        cell, regularisers = architecture.cell, architecture.regularisers
        self.cell = cell
        self.input_size = architecture.output_size if layer else architecture.input_size
        self.hidden_size = architecture.hidden_size
        self.dtype = architecture.dtype
        self._engine = architecture.engine
        self._exact = np.dtype(self.dtype)
        self.reverse = reverse
        self._variational = regularisers is not None and regularisers.variational
        self._in_training, self._masks = noisy_cell(cell, regularisers, expected=False)
        self._at_rest, _ = noisy_cell(cell, regularisers, expected=True)
        self.suffix = f"_l{layer}" + "_reverse" * reverse
        self.parameters = parameters
        self._snapshot: Snapshot | None = None
        self._names = {name: name + self.suffix for name in cell.arrays}
        learned = initial_names(cell) * architecture.learn_initial_state
        self._initial_names = [name + self.suffix for name in learned]
        self.shapes = {
            self._names[name]: array.shape(inputs=self.input_size, units=self.hidden_size)
            for name, array in cell.arrays.items()
        } | dict.fromkeys(self._initial_names, (self.hidden_size,))

    def draw(self, rng: np.random.Generator, **options: Any) -> None:
        """Draw the initial parameters; `options` are those of `initialise`."""
        drawn = initialise(self.cell, self.input_size, self.hidden_size, rng, **options)
        for name, array in drawn.items():
            self.parameters[self._names[name]] = np.ascontiguousarray(array, self.dtype)
        for name in self._initial_names:
            self.parameters[name] = np.zeros(self.hidden_size, self.dtype)

    def initial(self, batch: int) -> list[Array]:
        """Return the initial states (B, H) of a run that is given none."""
        shape = (batch, self.hidden_size)
        if not self._initial_names:
            return [np.zeros(shape, self.dtype) for _ in self.cell.states]
        return [
            np.ascontiguousarray(np.broadcast_to(self.checked(name), shape))
            for name in self._initial_names
        ]

    def infer(
        self, x: Array, states: Sequence[Array], lengths: Array | None
    ) -> tuple[Array, tuple[Array, ...]]:
        """Return the output (T, B, H) and the final states (B, H), keeping nothing."""
        engine = engine_for(self._at_rest, self.dtype, self._engine)
        y, final = engine.infer(PassInputs(self._bare(), self._turn(x, lengths), states, lengths))
        return self._turn_back(y, lengths), final

    def forward(
        self,
        x: Array,
        states: Sequence[Array],
        lengths: Array | None,
        checkpoint_every: int | None,
        noise: np.random.Generator | None,
    ) -> Record:
        """Run over x (T, B, I) and return the engine's record; masks are drawn from `noise`."""
        cell = self._at_rest if noise is None else self._in_training
        engine, parameters = engine_for(cell, self.dtype, self._engine), self._bare()
        given = [] if noise is None else self._draw(noise, (*x.shape[:2], self.hidden_size))
        inputs = PassInputs(parameters, self._turn(x, lengths), states, lengths, given)
        if checkpoint_every is None:
            return engine.forward(inputs)
        return engine.checkpoint(inputs, checkpoint_every)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, int, int]) -> list[Array]:
        return [
            draw_mask(
                rng,
                mask.rate,
                shape,
                self.dtype,
                scaled=mask.scaled,
                variational=self._variational and mask.scaled,
            )
            for mask in self._masks
        ]

    def output(self, record: Record) -> Array:
        """Return the output (T, B, H) of a record, in the time of the sequence."""
        return self._turn_back(record.output, record.lengths)

    def backward(
        self,
        record: Record,
        d_output: Array,
        d_states: Sequence[Array],
        *,
        learned: bool,
        through_time: bool,
        input_gradient: bool,
    ) -> Gradients:
        """Go back through time; parameters by their full names, `through_time` in its own time.

        Parameters
        ----------
        record : Record
            The result of `forward`.
        d_output : array (T, B, H)
        d_states : sequence of array (B, H)
            dL/d final states.
        learned : bool
            Whether the run began with the learned initial states.
        through_time, input_gradient : bool
            Whether to return dL/ds_t, and dL/dx.
        """
        found = record.engine.backward(
            record,
            self._turn(d_output, record.lengths),
            d_states,
            through_time=through_time,
            input_gradient=input_gradient,
        )
        parameters = {self._names[name]: array for name, array in found.parameters.items()}
        for name, d in zip(self._initial_names, found.initial, strict=False):
            # All sequences share it. Summed in float64: a batch may be large.
            total = d.sum(axis=0, dtype=np.float64) if learned else np.zeros(self.hidden_size)
            parameters[name] = total.astype(self.dtype)
        d_x = found.input
        if d_x is not None:
            d_x = self._turn_back(d_x, record.lengths)
        return Gradients(parameters, d_x, found.initial, found.through_time)

    def checked(self, name: str) -> Array:
        """Return a live parameter by its full name.

        Raises
        ------
        ValueError
            If its shape or dtype was changed in place.
        """
        array = self.parameters[name]
        check_live(name, array, self.shapes[name], self._exact)
        return array

    def equals(self, arrays: Mapping[str, Array]) -> bool:
        """Return whether the parameters equal `arrays`, which have the cell's names."""
        return all(
            np.array_equal(self.parameters[name], arrays[bare])
            for bare, name in self._names.items()
        )

    def _bare(self) -> Snapshot:
        """Return copies of the present parameters by the cell's names."""
        live = {bare: self.checked(name) for bare, name in self._names.items()}
        self._snapshot = snapshot(live, self._snapshot)
        return self._snapshot

    def _turn(self, array: Array, lengths: Array | None) -> Array:
        """Return (T, B, ...) in this direction's time, contiguous, from the sequence's."""
        return np.ascontiguousarray(self._turn_back(array, lengths))

    def _turn_back(self, array: Array, lengths: Array | None) -> Array:
        """Return (T, B, ...) in the sequence's time, from this direction's."""
        if not self.reverse:
            return array
        return array[::-1] if lengths is None else turn_round(array, lengths)


def turn_round(array: Array, lengths: Array) -> Array:
    """Return (T, B, ...) with each sequence reversed up to its own end; padding stays in place.

    Applied twice it returns the original array.

    Examples
    --------
    >>> turn_round(np.array([[1, 5], [2, 6], [3, 0]]), np.array([3, 2])).T.tolist()
    [[3, 2, 1], [6, 5, 0]]
    """
    t = np.arange(len(array))[:, None]  # (T, 1)
    return array[np.where(t < lengths, lengths - 1 - t, t), np.arange(len(lengths))]


def initial_names(cell: CellDefinition) -> list[str]:
    """Return the names of a cell's learned initial states without the suffix, such as h0, c0."""
    return [f"{state}0" for state in cell.states]
