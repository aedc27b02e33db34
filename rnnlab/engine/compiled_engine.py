"""The engine on compiled kernels: inference, forward with a tape, and back through time."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from rnnlab.capacity import check_memory
from rnnlab.cells import CellDefinition
from rnnlab.engine import engine_for, pointwise, spinning_threads
from rnnlab.engine.aligned_arrays import aligned, carve, spread_rows
from rnnlab.engine.checking import check_backward, check_exact, check_forward, is_exact, ready
from rnnlab.engine.kernels import CompiledKernels
from rnnlab.engine.panels import packed_size
from rnnlab.engine.plan import Plan
from rnnlab.engine.protocol import Array, Gradients, blank_padding
from rnnlab.engine.readout_matmul import matmul
from rnnlab.engine.records import Checkpoints, Tape, within_segment
from rnnlab.engine.sequence import Geometry
from rnnlab.engine.snapshot import Snapshot, snapshot
from rnnlab.engine.threads import run_parts, split_batch
from rnnlab.engine.weights import (
    Layout,
    lane_bias,
    lay_out,
    panels_of,
    stack_vectors,
    unpack_gradients,
)

#: Rows (time steps x sequences) whose weight gradients are summed in one product.
CHUNK_ROWS = 128
#: Rows whose products on x are done together. Few: the lanes that they start are still in the
#: cache when the products on the states come to them. More, where the weights on x are too large to
#: be read again for every few rows.
BLOCK_ROWS, WIDE_BLOCK_ROWS = 32, 128
#: Numbers in the buffers of a run from which the machine's memory is asked for.
LARGE = 1 << 24
#: Bytes of weights on x up to which few rows do.
NARROW_INPUT = 128 * 1024


class CompiledEngine:
    """Runs one cell in one dtype (see `protocol.Engine`) on compiled kernels."""

    def __init__(self, cell: CellDefinition, dtype_name: str) -> None:
        self.kernels = CompiledKernels(cell, dtype_name)
        self.plan = self.kernels.plan
        self.dtype = np.dtype(dtype_name)
        self._states = tuple(cell.states)
        self._table_size = pointwise.table_of(self.plan).size
        places = [[place.kind == "state", place.index] for place in self.plan.operands]
        self._operands = np.array(places, np.int64).reshape(-1, 2)

    def __reduce__(self) -> tuple[Any, ...]:
        return engine_for, (self.plan.cell, self.dtype.name)  # kernels do not go into a pickle

    def is_cached(self, *, through_time: bool) -> bool:
        """Return whether all kernels are compiled on disk."""
        return self.kernels.are_cached(through_time=through_time)

    def prepare(self, *, through_time: bool) -> bool:
        """Compile or load all kernels by running one step; return whether any was compiled."""
        compiled = not self.is_cached(through_time=through_time)
        x = np.zeros((1, 1, 1), self.dtype)
        parameters = {
            name: np.zeros(array.shape(inputs=1, units=1), self.dtype)
            for name, array in self.plan.cell.arrays.items()
        }
        states = [np.zeros((1, 1), self.dtype) for _ in self.plan.cell.states]
        given = [np.zeros((1, 1, 1), self.dtype) for _ in self.plan.given]
        tape = self.forward(parameters, x, states, None, given)
        self.backward(tape, np.zeros((1, 1, 1), self.dtype), states, through_time=through_time)
        matmul(states[0], states[0])  # what stands beside the sequence
        spinning_threads.prepare()
        return compiled

    def infer(
        self,
        parameters: Mapping[str, Array],
        x: Array,
        states: Sequence[Array],
        lengths: Array | None = None,
        given: Sequence[Array] = (),
    ) -> tuple[Array, tuple[Array, ...]]:
        """Return the output (T, B, H) and the final states, keeping nothing else."""
        x, lengths = self._check(parameters, x, states, lengths, given)
        x, parameters = blank_padding(x, lengths), snapshot(parameters)
        g = self._geometry(x, states[0].shape[-1], tape=False)
        # The output is the first state over time; of the others, two steps suffice.
        slots = [g.steps + 1, *[2] * (len(states) - 1)]
        buffer, bases, _, _ = self._run(parameters, x, lengths, given, states, g, slots)
        size = g.batch * g.units
        final = []
        for base, count in zip(bases, slots, strict=True):
            at = base + g.steps % count * size
            final.append(buffer[at : at + size].reshape(g.batch, g.units).copy())
        output = buffer[size : (g.steps + 1) * size].reshape(g.steps, g.batch, g.units)
        return blank_padding(output, lengths), tuple(final)

    def forward(
        self,
        parameters: Mapping[str, Array],
        x: Array,
        states: Sequence[Array],
        lengths: Array | None = None,
        given: Sequence[Array] = (),
    ) -> Tape:
        """Run the sequence and keep what the backward pass needs."""
        x, lengths = self._check(parameters, x, states, lengths, given)
        g = self._geometry(x, states[0].shape[-1], tape=True)
        held = snapshot(parameters)
        x = x.copy() if lengths is None else blank_padding(x, lengths)
        slots = [g.steps + 1] * len(states)
        buffer, _, lanes, values = self._run(held, x, lengths, given, states, g, slots)
        return Tape(self.plan, g, x, lengths, held, buffer, lanes, values)

    def _check(
        self,
        parameters: Mapping[str, Array],
        x: Array,
        states: Sequence[Array],
        lengths: Array | None,
        given: Sequence[Array],
    ) -> tuple[Array, Array | None]:
        return check_forward(self.plan.cell, self.dtype, parameters, x, states, lengths, given)

    def _geometry(self, x: Array, units: int, *, tape: bool) -> Geometry:
        return measure(self.plan, x.shape, units, self.dtype.itemsize, tape=tape)

    def _run(
        self,
        parameters: Snapshot,
        x: Array,
        lengths: Array | None,
        given: Sequence[Array],
        states: Sequence[Array],
        g: Geometry,
        slots: Sequence[int],
    ) -> tuple[Array, Array, Array, Array]:
        """Run the forward loop; return states, where each begins, lanes and values."""
        layout = lay_out(self.plan, g.inputs, g.units, self.kernels.dtype_name, backward=False)
        panels = panels_of(self.plan, layout, parameters, g.units, backward=False)
        bias = lane_bias(self.plan, parameters, g.units)
        vectors = stack_vectors(self.plan, parameters, g.units)
        size = g.batch * g.units
        counts = np.array(slots, np.int64)
        bases = np.array([0, *itertools.accumulate(slots[:-1])], np.int64) * size
        numbers = sum(slots) * size + g.lane_slots * g.batch * g.lane_stride
        numbers += g.values * g.value_slots * size
        if numbers > LARGE:
            run = f"a run of T={g.steps}, B={g.batch}, H={g.units}"
            remedy = "make one of them smaller, or use forward(..., checkpoint_every=)"
            check_memory(run, numbers * self.dtype.itemsize, remedy)
        buffer = aligned(sum(slots) * size, self.dtype)
        for base, state in zip(bases, states, strict=True):
            buffer[base : base + size] = state.reshape(-1)
        lanes = aligned(g.lane_slots * g.batch * g.lane_stride, self.dtype)
        values = np.empty(g.values * g.value_slots * size, self.dtype)
        for place, array in zip(self.plan.given, given, strict=True):
            block = g.value_slots * size
            values[place.index * block :][:block].reshape(array.shape)[:] = array
        multiply = self.kernels.products.multiply.address
        _, addresses = self.kernels.forward
        flat = x.reshape(-1)
        ends = np.zeros(0, np.int64) if lengths is None else lengths

        def part(_: int, lo: int, hi: int) -> None:
            table = aligned(self._table_size, np.int64)
            self.kernels.forward_loop(
                g, layout.products, self._operands, multiply, addresses, flat, ends, bias,
                layout.brings_bias, panels, vectors,
                bases, counts, buffer, lanes, values, table, lo, hi,
            )  # fmt: skip

        run_parts(part, split_batch(g.batch), layout.gradient_size * g.steps * g.batch)
        return buffer, bases, lanes, values

    def checkpoint(
        self,
        parameters: Mapping[str, Array],
        x: Array,
        states: Sequence[Array],
        every: int,
        lengths: Array | None = None,
        given: Sequence[Array] = (),
    ) -> Checkpoints:
        """Run the sequence and keep the output and the states every so many steps."""
        x, lengths = self._check(parameters, x, states, lengths, given)
        chunk = self._geometry(x, states[0].shape[-1], tape=True).chunk
        length = max(1, -(-every // chunk)) * chunk  # whole chunks: then sums keep their order
        held = snapshot(parameters)
        x = x.copy() if lengths is None else blank_padding(x, lengths)
        output = np.empty((*x.shape[:2], states[0].shape[-1]), self.dtype)
        starts, current = [], tuple(states)
        for first in range(0, len(x), length):
            starts.append(tuple(state.copy() for state in current))
            segment = slice(first, first + length)
            ends = within_segment(lengths, first, len(x[segment]))
            parts = [array[segment] for array in given]
            output[segment], current = self.infer(held, x[segment], current, ends, parts)
        return Checkpoints(
            engine=self,
            parameters=held,
            x=x,
            output=output,
            starts=tuple(starts),
            final=current,
            length=length,
            lengths=lengths,
            cell=self.plan.cell,
            given=tuple(array.copy() for array in given),
        )

    def backward(
        self,
        record: Tape | Checkpoints,
        d_output: Array,
        d_states: Sequence[Array],
        *,
        through_time: bool = False,
        input_gradient: bool = True,
    ) -> Gradients:
        """Go back through time over a tape, or over checkpoints segment by segment."""
        if not isinstance(record, (Tape, Checkpoints)):
            raise TypeError(
                f"the record must be of the compiled engine, got {type(record).__name__}: "
                "use the engine that made it"
            )
        plan, x = self.plan, record.x
        shape = steps, batch, units = record.shape
        d_output = check_backward(plan.cell, self.dtype, record, shape, d_output, d_states)
        count = len(plan.cell.states)
        parts = split_batch(batch)
        layout = lay_out(plan, x.shape[2], units, self.kernels.dtype_name, backward=True)
        panels = panels_of(plan, layout, record.parameters, units, backward=True)
        vectors = stack_vectors(plan, record.parameters, units)

        def zeros(*shape: int) -> Array:
            return np.zeros(shape, self.dtype)

        sums = _Sums(
            state=np.stack(d_states).astype(self.dtype).reshape(-1),
            weights=zeros(len(parts), layout.gradient_size),
            bias=zeros(len(parts), len(plan.lanes) * units),
            vectors=zeros(len(parts), vectors.size),
        )
        d_x = zeros(*x.shape) if input_gradient else None
        over_time = zeros(count, steps + 1, batch, units) if through_time else None
        for first, tape in record.segments():
            last = first + tape.geometry.steps
            self._go_back(
                tape,
                d_output[first:last],
                layout,
                panels,
                vectors,
                sums,
                None if d_x is None else d_x[first:last],
                None if over_time is None else over_time[:, first : last + 1],
            )
        initial = sums.state.reshape(count, batch, units)
        return Gradients(
            parameters=unpack_gradients(
                plan,
                layout,
                record.parameters,
                _sum_parts(sums.weights),
                _sum_parts(sums.bias),
                _sum_parts(sums.vectors),
            ),
            input=d_x,
            initial=tuple(initial),
            through_time=None if over_time is None else tuple(over_time),
        )

    def _check_tape(self, tape: Tape) -> None:
        """Raise an error unless the tape's buffers are as the backward loop reads them."""
        g = self._geometry(tape.x, tape.geometry.units, tape=True)
        if g != tape.geometry:
            raise ValueError(
                f"the tape must have the geometry {g}, got {tape.geometry}: run forward again"
            )
        block = g.batch * g.units
        for name, buffer, size in (
            ("state_buffer", tape.state_buffer, len(self._states) * (g.steps + 1) * block),
            ("lanes", tape.lanes, g.lane_slots * g.batch * g.lane_stride),
            ("values", tape.values, g.values * g.value_slots * block),
        ):
            if not is_exact(buffer, (size,), self.dtype):
                check_exact(f"the tape's {name}", buffer, (size,), self.dtype, "run forward again")

    def _go_back(
        self,
        tape: Tape,
        d_output: Array,
        layout: Layout,
        panels: Array,
        vectors: Array,
        sums: _Sums,
        d_x: Array | None,
        over_time: Array | None,
    ) -> None:
        """Run the backward loop over one tape; adds to `sums`, fills `d_x` and `over_time`."""
        self._check_tape(tape)
        g, count = tape.geometry, len(self.plan.cell.states)
        size, width = g.batch * g.units, g.lanes * g.units
        counts = np.full(count, g.steps + 1, np.int64)
        bases = np.arange(count, dtype=np.int64) * (g.steps + 1) * size
        products = self.kernels.products
        _, addresses = self.kernels.backward
        kernel = 0 if over_time is None else self.kernels.through_time.address
        through = np.zeros(0 if over_time is None else over_time.size, self.dtype)
        ends = np.zeros(0, np.int64) if tape.lengths is None else ready(tape.lengths)
        flat_x = np.zeros(0, self.dtype) if d_x is None else d_x.reshape(-1)
        flat = [ready(a).reshape(-1) for a in (tape.x, tape.state_buffer, tape.lanes, tape.values)]

        def part(number: int, lo: int, hi: int) -> None:
            rows = hi - lo
            inner = g.chunk * rows
            d_lanes = inner * g.lane_stride
            d_operands = len(self._operands) * rows * g.units
            sources = packed_size(inner, max(g.inputs, g.units), self.dtype)
            held = 0 if tape.lengths is None else count * rows * g.units
            sizes = (d_lanes, d_operands, sources, width + vectors.size, held)
            work = carve(sizes, self.dtype)
            table = aligned(self._table_size, np.int64)
            self.kernels.backward_loop(
                g, layout.products, self._operands, products.multiply.address,
                products.accumulate.address, addresses, kernel,
                flat[0], ends, d_output.reshape(-1), panels, vectors,
                bases, counts, *flat[1:],
                sums.state, flat_x, through,
                sums.weights[number], sums.bias[number], sums.vectors[number],
                *work, table, lo, hi,
            )  # fmt: skip

        run_parts(part, split_batch(g.batch), 2 * layout.gradient_size * g.steps * g.batch)
        if over_time is not None:
            # The first slot is the initial state of this tape: the last one of the tape before.
            over_time[:, 1:] = through.reshape(over_time.shape)[:, 1:]
            over_time[:, 0] = sums.state.reshape(count, g.batch, g.units)


@dataclass(frozen=True)
class _Sums:
    """What the backward loop adds to, flat; the weights, biases and vectors for each part."""

    state: Array
    weights: Array
    bias: Array
    vectors: Array


@lru_cache(maxsize=256)
def measure(
    plan: Plan, shape: tuple[int, int, int], units: int, itemsize: int, *, tape: bool
) -> Geometry:
    """Return the sizes of a run over an input of `shape` (T, B, I)."""
    steps, batch, inputs = shape
    lanes = len(plan.lanes)
    largest = max(hi - lo for lo, hi in split_batch(batch))
    narrow = inputs * lanes * units * itemsize <= NARROW_INPUT
    block = max(1, min(steps, (BLOCK_ROWS if narrow else WIDE_BLOCK_ROWS) // largest))
    return Geometry(
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
        value_slots=steps if tape or plan.given else 1,  # what is given lies there, for all steps
        block=block,
        chunk=max(1, min(steps, CHUNK_ROWS // largest)),
    )


def _sum_parts(parts: Array) -> Array:
    """Add the parts' shares in their order."""
    total: Array = parts[0]
    if len(parts) == 1:
        return total
    with np.errstate(over="ignore", invalid="ignore"):  # as in the kernels: infinities surface
        for share in parts[1:]:
            total += share
    return total
