"""Records of a forward pass: a full tape, or checkpoints from which tapes are computed again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from rnnlab.engine.plan import Plan
from rnnlab.engine.protocol import Array, Engine, PassInputs, Record, blank_padding
from rnnlab.engine.sizes import Geometry
from rnnlab.engine.snapshot import Snapshot


@dataclass(eq=False)
class Tape(Record):
    """Everything that the backward pass of the compiled engine reads.

    Attributes
    ----------
    parameters : Snapshot
    plan : Plan
    geometry : Geometry
    state_buffer, lanes, values : array
        Flat buffers, laid out as in `sequence`.
    """

    parameters: Snapshot
    plan: Plan
    geometry: Geometry
    state_buffer: Array
    lanes: Array
    values: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """(T, B, H) of the output."""
        return self.geometry.steps, self.geometry.batch, self.geometry.units

    @property
    def states(self) -> tuple[Array, ...]:
        """Each state over time (T+1, B, H), the initial one in slot 0."""
        g = self.geometry
        shape = (len(self.plan.cell.states), g.steps + 1, g.batch, g.units)
        return tuple(self.state_buffer.reshape(shape))

    def value(self, node: int) -> Array | None:
        """Return a value of the step over time (T, B, H) by node index, None if it was not kept."""
        held = self._held(node)
        return None if held is None else blank_padding(held, self.lengths)

    def _held(self, node: int) -> Array | None:
        g, place = self.geometry, self.plan.places.get(node)
        if place is None:
            return None
        if place.kind == "state":
            return self.states[place.index][1:]
        if place.kind == "value":
            value: Array = self.values.reshape(g.values, g.steps, g.batch, g.units)[place.index]
            return value
        if not self.plan.keeps_lanes:
            return None
        lanes = self.lanes.reshape(g.steps, g.batch, g.lane_stride)
        return lanes[:, :, place.index * g.units : (place.index + 1) * g.units]


TapeT = TypeVar("TapeT", bound=Record)


@dataclass(eq=False)
class Checkpoints(Record, Generic[TapeT]):
    """Output and some states of a forward pass; its tapes are computed again, by segments.

    Attributes
    ----------
    engine : Engine
        The engine that runs a segment again when its tape is needed.
    parameters : Snapshot
    y : array (T, B, H)
        The output.
    starts : tuple of tuple of array (B, H)
        The states at the beginning of each segment.
    end : tuple of array (B, H)
        The final states.
    length : int
        Time steps of a segment.
    """

    engine: Engine[TapeT]
    parameters: Snapshot
    y: Array
    starts: tuple[tuple[Array, ...], ...]
    end: tuple[Array, ...]
    length: int

    def segments(self) -> Iterator[tuple[int, TapeT]]:
        """Yield (first time step, tape) of each segment, the last one first."""
        for number, states in reversed(list(enumerate(self.starts))):
            first = number * self.length
            whole = PassInputs(self.parameters, self.x, states, self.lengths, self.given)
            yield first, self.engine.forward(segment(whole, first, self.length))

    @property
    def states(self) -> tuple[Array, ...]:
        """Each state over time (T+1, B, H), computed again."""
        pieces = [tape.states for _, tape in self.segments()][::-1]
        return tuple(
            np.concatenate([pieces[0][k][:1], *(piece[k][1:] for piece in pieces)])
            for k in range(len(self.end))
        )

    def value(self, node: int) -> Array | None:
        """Return a value of the step over time (T, B, H) by node index, computed again."""
        pieces = [tape.value(node) for _, tape in self.segments()][::-1]
        kept = [piece for piece in pieces if piece is not None]
        return np.concatenate(kept) if len(kept) == len(pieces) else None

    @property
    def output(self) -> Array:
        """The output (T, B, H)."""
        return self.y

    @property
    def final(self) -> tuple[Array, ...]:
        """The final states (B, H)."""
        return self.end


def segment(inputs: PassInputs, first: int, length: int) -> PassInputs:
    """Return the inputs of `length` time steps from `first` on; `states` are where they begin.

    Ends of sequences count from the segment's first step, and are 0 for sequences that ended
    before it.
    """
    steps = slice(first, first + length)
    x, lengths = inputs.x[steps], inputs.lengths
    return inputs._replace(
        x=x,
        lengths=None if lengths is None else np.clip(lengths - first, 0, len(x)),
        given=[array[steps] for array in inputs.given],
    )
