"""Sizes of a run: parts of the batch, buffers, and the memory that they need."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rnnlab.capacity import check_memory
from rnnlab.cells import CellDefinition
from rnnlab.cells.sizes import learned_by
from rnnlab.engine.aligned_arrays import spread_rows
from rnnlab.engine.plan import Plan, make_plan
from rnnlab.engine.protocol import Array

#: Least number of sequences in a part of the batch: enough to fill the tiles of the micro-kernel.
PART_ROWS = 10
MAX_PARTS = 16
#: Rows (time steps x sequences) whose weight gradients are summed in one product.
CHUNK_ROWS = 128
#: Rows whose products on x are computed together. With few rows, the lanes are still in the cache
#: when the products on the states follow; with many, large weights on x are read less often.
BLOCK_ROWS, WIDE_BLOCK_ROWS = 32, 128
#: Bytes of weights on x up to which few rows are used.
NARROW_INPUT = 128 * 1024
#: Bytes of the buffers of a run from which they are compared with the machine's memory.
LARGE = 1 << 26


class Geometry(NamedTuple):
    """Sizes of one run.

    Attributes
    ----------
    steps, batch, inputs, units : int
        T, B, I, H.
    lanes, values, stages, vectors : int
        Numbers of lanes, extra buffers, stages and learned vectors.
    lane_stride : int
        Distance between rows of lanes, in numbers.
    lane_slots, value_slots : int
        Time steps that the buffers hold.
    block, chunk : int
        Time steps whose products on x, and whose weight gradients, are computed together.
    """

    steps: int
    batch: int
    inputs: int
    units: int
    lanes: int
    values: int
    stages: int
    vectors: int
    lane_stride: int
    lane_slots: int
    value_slots: int
    block: int
    chunk: int


class Buffers(NamedTuple):
    """Numbers in the buffers of one run: states, lanes and extra values."""

    states: int
    lanes: int
    values: int


@lru_cache(maxsize=256)
def split_batch(batch: int) -> tuple[tuple[int, int], ...]:
    """Return parts (lo, hi) of a batch, equal in size or one row larger, from its size alone.

    Their number is a power of two, so that two, four or eight threads share them evenly.
    """
    parts = 1
    while parts < MAX_PARTS and batch >= 2 * parts * PART_ROWS:
        parts *= 2
    return tuple(itertools.pairwise(batch * k // parts for k in range(parts + 1)))


@dataclass(frozen=True, eq=False)
class Sizes:
    """Sizes of one run, and the layout of its buffer of states.

    Attributes
    ----------
    geometry : Geometry
    state_slots : int64 array (states,)
        Time steps that the buffer of states holds of each state.
    state_base : int64 array (states,)
        Offset of each state in that buffer.
    initial, final : tuple of slice
        The initial and the final state of each state in that buffer.
    buffers : Buffers
        Numbers in the buffers.
    bytes : int
        Bytes of all buffers together.
    """

    geometry: Geometry
    state_slots: Array
    state_base: Array
    initial: tuple[slice, ...]
    final: tuple[slice, ...]
    buffers: Buffers
    bytes: int


@lru_cache(maxsize=256)
def measure(
    plan: Plan, shape: tuple[int, int, int], units: int, itemsize: int, *, tape: bool
) -> Sizes:
    """Return the sizes of a run over an input of `shape` (T, B, I).

    A tape holds every state at every time step. Without one, the first state, which is the output,
    is held at every time step, and two steps are enough for the others.
    """
    steps, batch, inputs = shape
    lanes = len(plan.lanes)
    largest = max(hi - lo for lo, hi in split_batch(batch))
    narrow = inputs * lanes * units * itemsize <= NARROW_INPUT
    block = max(1, min(steps, (BLOCK_ROWS if narrow else WIDE_BLOCK_ROWS) // largest))
    g = Geometry(
        steps=steps,
        batch=batch,
        inputs=inputs,
        units=units,
        lanes=lanes,
        values=plan.values,
        stages=plan.stages,
        vectors=len(plan.cell.equations.vectors),
        lane_stride=spread_rows(lanes * units, itemsize),
        lane_slots=steps if tape and plan.keeps_lanes else block,
        value_slots=steps if tape or plan.given else 1,  # given arrays are there for all steps
        block=block,
        chunk=max(1, min(steps, CHUNK_ROWS // largest)),
    )
    rows = batch * units
    slots = [steps + 1, *[steps + 1 if tape else 2] * (len(plan.cell.states) - 1)]
    buffers = Buffers(
        states=sum(slots) * rows,
        lanes=g.lane_slots * batch * g.lane_stride,
        values=g.values * g.value_slots * rows,
    )
    bases = [base * rows for base in itertools.accumulate(slots[:-1], initial=0)]
    return Sizes(
        geometry=g,
        state_slots=_whole_numbers(slots),
        state_base=_whole_numbers(bases),
        initial=tuple(slice(base, base + rows) for base in bases),
        final=tuple(
            slice(base + steps % count * rows, base + (steps % count + 1) * rows)
            for base, count in zip(bases, slots, strict=True)
        ),
        buffers=buffers,
        bytes=sum(buffers) * itemsize,
    )


def _whole_numbers(values: list[int]) -> Array:
    """Return an int64 array, or one of Python's numbers for a run that is too large anyway."""
    return np.array(values, np.int64 if max(values) < 1 << 62 else object)


def check_buffers(cell: CellDefinition, sizes: Sizes) -> None:
    """Raise a ValueError if the buffers of a run cannot fit into memory.

    The system would provide the memory, and end the process when it is used.
    """
    if sizes.bytes > LARGE:
        g = sizes.geometry
        check_memory(
            f"the buffers of {cell.name} (T = {g.steps}, B = {g.batch}, H = {g.units})",
            sizes.bytes,
            "make one of them smaller, or use forward(..., checkpoint_every=)",
        )


def tape_numbers(
    cell: CellDefinition, *, steps: int, batch: int, inputs: int, units: int, itemsize: int
) -> int:
    """Return how many numbers the tape of one layer holds, its copy of x included.

    Examples
    --------
    >>> from rnnlab.cells import rnn
    >>> tape_numbers(rnn, steps=10, batch=2, inputs=3, units=8, itemsize=4) - 10 * 2 * 3
    496
    """
    sizes = measure(make_plan(cell), (steps, batch, inputs), units, itemsize, tape=True)
    return steps * batch * inputs + sum(sizes.buffers)


def check_pass(
    cell: CellDefinition,
    *,
    steps: int,
    batch: int,
    inputs: int,
    hidden: int,
    num_layers: int = 1,
    bytes_each: int = 4,
) -> None:
    """Raise a ValueError if the parameters or the tape of a training step cannot fit into memory.

    Parameters
    ----------
    cell : CellDefinition
    steps, batch, inputs, hidden, num_layers : int
        T, B, I, H and the number of stacked layers.
    bytes_each : int
        Bytes of a number: 4 in float32.
    """
    sizes = f"H = {hidden}, I = {inputs}" + f", {num_layers} layers" * (num_layers > 1)
    learned = learned_by(cell, inputs, hidden, num_layers)
    check_memory(f"the parameters of {cell.name} ({sizes})", bytes_each * learned)

    def tape(inputs: int) -> int:
        return tape_numbers(
            cell, steps=steps, batch=batch, inputs=inputs, units=hidden, itemsize=bytes_each
        )

    numbers = tape(inputs) + (num_layers - 1) * tape(hidden)
    check_memory(
        f"the tape of {cell.name} (T = {steps}, B = {batch}, {sizes})", bytes_each * numbers
    )
