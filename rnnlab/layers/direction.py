"""One cell over a sequence in one direction, with its share of a layer's parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnlab.cells import CellDefinition
from rnnlab.engine import Snapshot, engine_for, snapshot
from rnnlab.engine.protocol import Array, Gradients
from rnnlab.layers.architecture import Architecture
from rnnlab.layers.initialisers import initialise
from rnnlab.layers.parameters import check_live
from rnnlab.layers.regularisers import draw_mask, noisy_cell


class Direction:
    """One layer of a stack, read in one direction of time.

    A backward direction turns what it is given round and what it returns back again, so that
    `x`, outputs and their gradients are in the sequence's time. Its record is in its own time: slot
    0 of the states is where it began, at the sequence's end. `lengths` (B,) say where each sequence
    has its end; None if all have it at T.

    Parameters
    ----------
    architecture : Architecture
        Of the whole layer.
    parameters : dict of str to array
        The whole layer's, shared with it; this direction's arrays carry its suffix.
    layer : int
        The place in the stack.
    reverse : bool
        Whether it reads from the end of the sequence.

    Attributes
    ----------
    suffix : str
        "_l0", "_l1_reverse"
    shapes : dict of str to tuple of int
        What `parameters` must hold for it, by their whole names.
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
        """Put initial parameters in place; `options` are those of `initialise`."""
        drawn = initialise(self.cell, self.input_size, self.hidden_size, rng, **options)
        for name, array in drawn.items():
            self.parameters[self._names[name]] = np.ascontiguousarray(array, self.dtype)
        for name in self._initial_names:
            self.parameters[name] = np.zeros(self.hidden_size, self.dtype)

    def initial(self, batch: int) -> list[Array]:
        """Return the states (B, H) that a sequence begins with where none are given."""
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
        engine = engine_for(self._at_rest, self.dtype)
        y, final = engine.infer(self._bare(), self._turn(x, lengths), states, lengths)
        return self._turn_back(y, lengths), final

    def forward(
        self,
        x: Array,
        states: Sequence[Array],
        lengths: Array | None,
        checkpoint_every: int | None,
        noise: np.random.Generator | None,
    ) -> Any:
        """Run over x (T, B, I) and return the engine's record; masks are drawn from `noise`."""
        cell = self._at_rest if noise is None else self._in_training
        engine, parameters = engine_for(cell, self.dtype), self._bare()
        given = [] if noise is None else self._draw(noise, (*x.shape[:2], self.hidden_size))
        x = self._turn(x, lengths)
        if checkpoint_every is None:
            return engine.forward(parameters, x, states, lengths, given)
        return engine.checkpoint(parameters, x, states, checkpoint_every, lengths, given)

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

    def output(self, record: Any) -> Array:
        """Return the output (T, B, H) that a record holds."""
        return self._turn_back(record.output, record.lengths)

    def backward(
        self,
        record: Any,
        d_output: Array,
        d_states: Sequence[Array],
        *,
        learned: bool,
        through_time: bool,
        input_gradient: bool,
    ) -> Gradients:
        """Go back through time; parameters by their whole names, `through_time` in its own time.

        Parameters
        ----------
        record : Record
            Of `forward`.
        d_output : array (T, B, H)
        d_states : sequence of array (B, H)
        learned : bool
            Whether the run began with `initial`.
        through_time, input_gradient : bool
            What is wanted.
        """
        found = engine_for(record.cell, self.dtype).backward(
            record,
            self._turn(d_output, record.lengths),
            d_states,
            through_time=through_time,
            input_gradient=input_gradient,
        )
        parameters = {self._names[name]: array for name, array in found.parameters.items()}
        for name, d in zip(self._initial_names, found.initial, strict=False):
            # Every sequence began with it. float64: a batch may be long.
            total = d.sum(axis=0, dtype=np.float64) if learned else np.zeros(self.hidden_size)
            parameters[name] = total.astype(self.dtype)
        d_x = found.input
        if d_x is not None:
            d_x = self._turn_back(d_x, record.lengths)
        return Gradients(parameters, d_x, found.initial, found.through_time)

    def checked(self, name: str) -> Array:
        """Return a live parameter by its whole name.

        Raises
        ------
        ValueError
            If it was resized, or given another shape or dtype, in place.
        """
        array = self.parameters[name]
        check_live(name, array, self.shapes[name], self._exact)
        return array

    def equals(self, arrays: Mapping[str, Array]) -> bool:
        """Return whether the parameters equal `arrays`, by the cell's names."""
        return all(
            np.array_equal(self.parameters[name], arrays[bare])
            for bare, name in self._names.items()
        )

    def _bare(self) -> Snapshot:
        """Return the cell's arrays as they are now, by the cell's names."""
        live = {bare: self.checked(name) for bare, name in self._names.items()}
        self._snapshot = snapshot(live, self._snapshot)
        return self._snapshot

    def _turn(self, array: Array, lengths: Array | None) -> Array:
        """Bring (T, B, ...) from the sequence's time to this direction's, contiguous."""
        return np.ascontiguousarray(self._turn_back(array, lengths))

    def _turn_back(self, array: Array, lengths: Array | None) -> Array:
        """Bring (T, B, ...) from this direction's time to the sequence's; forward, it is itself."""
        if not self.reverse:
            return array
        return array[::-1] if lengths is None else turn_round(array, lengths)


def turn_round(array: Array, lengths: Array) -> Array:
    """Return (T, B, ...) with each sequence read from its own end; its padding stays in place.

    Doing it twice gives the array back.

    Examples
    --------
    >>> turn_round(np.array([[1, 5], [2, 6], [3, 0]]), np.array([3, 2])).T.tolist()
    [[3, 2, 1], [6, 5, 0]]
    """
    t = np.arange(len(array))[:, None]  # (T, 1)
    return array[np.where(t < lengths, lengths - 1 - t, t), np.arange(len(lengths))]


def initial_names(cell: CellDefinition) -> list[str]:
    """Return what the learned initial states of a cell are called, without the suffix: h0, c0."""
    return [f"{state}0" for state in cell.states]
