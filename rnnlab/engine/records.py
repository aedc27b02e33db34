"""Records of a forward pass for the way back: all of it, or checkpoints from which it follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rnnlab.cells import CellDefinition
from rnnlab.engine.plan import Plan
from rnnlab.engine.protocol import Array, blank_padding
from rnnlab.engine.sequence import Geometry
from rnnlab.engine.snapshot import Snapshot


@dataclass(frozen=True)
class Tape:
    """What a forward pass left: everything that the backward pass reads.

    Attributes
    ----------
    x : array (T, B, I)
        A copy of the input.
    lengths : int64 array (B,) or None
        Where sequences end.
    parameters : Snapshot
        As they were.
    state_buffer, lanes, values : array
        Flat, as `sequence` lays them out.
    """

    plan: Plan
    geometry: Geometry
    x: Array
    lengths: Array | None
    parameters: Snapshot
    state_buffer: Array
    lanes: Array
    values: Array

    @property
    def cell(self) -> CellDefinition:
        """The cell that ran."""
        return self.plan.cell

    @property
    def shape(self) -> tuple[int, int, int]:
        """(T, B, H) of the output."""
        return self.geometry.steps, self.geometry.batch, self.geometry.units

    @property
    def given(self) -> tuple[Array, ...]:
        """The arrays that the pass was given besides x, (T, B, H) each."""
        count = len(self.cell.equations.given)
        return tuple(self._all_values()[:count])

    @property
    def output(self) -> Array:
        """The output (T, B, H)."""
        return blank_padding(self.states[0][1:], self.lengths)

    @property
    def final(self) -> tuple[Array, ...]:
        """The final states (B, H)."""
        return tuple(state[-1] for state in self.states)

    def segments(self) -> Iterator[tuple[int, Tape]]:
        """Yield the tape itself: it begins at time step 0."""
        yield 0, self

    @property
    def states(self) -> tuple[Array, ...]:
        """Each state over time (T+1, B, H), the initial one in slot 0."""
        g = self.geometry
        shape = (len(self.plan.cell.states), g.steps + 1, g.batch, g.units)
        return tuple(self.state_buffer.reshape(shape))

    def value(self, node: int) -> Array | None:
        """Return a value of the step over time (T, B, H) by node index, if the tape holds it."""
        held = self._held(node)
        return None if held is None else blank_padding(held, self.lengths)

    def _held(self, node: int) -> Array | None:
        g, place = self.geometry, self.plan.places.get(node)
        if place is None:
            return None
        if place.kind == "state":
            return self.states[place.index][1:]
        if place.kind == "value":
            return self._all_values()[place.index]  # type: ignore[no-any-return]
        if not self.plan.keeps_lanes:
            return None
        lanes = self.lanes.reshape(g.steps, g.batch, g.lane_stride)
        return lanes[:, :, place.index * g.units : (place.index + 1) * g.units]

    def _all_values(self) -> Array:
        g = self.geometry
        return self.values.reshape(g.values, g.steps, g.batch, g.units)


class ForwardEngine(Protocol):
    """What runs a segment again."""

    def forward(
        self,
        parameters: Mapping[str, Array],
        x: Array,
        states: Sequence[Array],
        lengths: Array | None = None,
        given: Sequence[Array] = (),
    ) -> Tape:
        """Run the sequence and keep what the backward pass needs."""
        ...


@dataclass(frozen=True)
class Checkpoints:
    """A forward pass of which only the output and some states were kept.

    Attributes
    ----------
    engine : ForwardEngine
        Runs a segment again when it is needed.
    parameters : dict of str to array
    x, output : array (T, B, I), (T, B, H)
    starts : tuple of tuple of array (B, H)
        The states at the beginning of every segment.
    final : tuple of array (B, H)
    length : int
        Time steps of a segment.
    lengths : int64 array (B,) or None
        Where sequences end.
    cell : CellDefinition
        The cell that ran.
    given : tuple of array (T, B, H)
        What it was given beside x.
    """

    engine: ForwardEngine
    parameters: Snapshot
    x: Array
    output: Array
    starts: tuple[tuple[Array, ...], ...]
    final: tuple[Array, ...]
    length: int
    lengths: Array | None
    cell: CellDefinition
    given: tuple[Array, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(T, B, H) of the output."""
        steps, batch, units = self.output.shape
        return steps, batch, units

    def segments(self) -> Iterator[tuple[int, Tape]]:
        """Yield (first time step, tape) of every segment, the last one first."""
        for number in reversed(range(len(self.starts))):
            first = number * self.length
            x = self.x[first : first + self.length]
            lengths = within_segment(self.lengths, first, len(x))
            given = [array[first : first + self.length] for array in self.given]
            starts = self.starts[number]
            yield first, self.engine.forward(self.parameters, x, starts, lengths, given)

    @property
    def states(self) -> tuple[Array, ...]:
        """Each state over time (T+1, B, H), computed again."""
        pieces = [tape.states for _, tape in self.segments()][::-1]
        return tuple(
            np.concatenate([pieces[0][k][:1], *(piece[k][1:] for piece in pieces)])
            for k in range(len(self.final))
        )

    def value(self, node: int) -> Array | None:
        """Return a value of the step over time (T, B, H), computed again."""
        pieces = [tape.value(node) for _, tape in self.segments()][::-1]
        kept = [piece for piece in pieces if piece is not None]
        return np.concatenate(kept) if len(kept) == len(pieces) else None


def within_segment(lengths: Array | None, first: int, steps: int) -> Array | None:
    """Return where sequences end in a segment, from its own first step on; 0 if before it."""
    return None if lengths is None else np.clip(lengths - first, 0, steps)
