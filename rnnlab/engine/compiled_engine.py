"""The compiled engine: inference, forward pass with a tape, and back-propagation through time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rnnlab.cells import CellDefinition
from rnnlab.engine import pointwise, spinning_threads
from rnnlab.engine.aligned_arrays import aligned, carve
from rnnlab.engine.checking import check_backward, check_exact, check_forward, is_exact, ready
from rnnlab.engine.kernels import CompiledKernels, kernels_of
from rnnlab.engine.panels import packed_size
from rnnlab.engine.plan import make_plan
from rnnlab.engine.protocol import Array, Gradients, PassInputs, Record, blank_padding
from rnnlab.engine.readout_matmul import matmul
from rnnlab.engine.records import Checkpoints, Tape, segment
from rnnlab.engine.sizes import Sizes, check_buffers, measure, split_batch
from rnnlab.engine.snapshot import snapshot
from rnnlab.engine.threads import run_parts
from rnnlab.engine.weights import (
    Layout,
    lane_bias,
    lay_out,
    operands_of,
    panels_of,
    stack_vectors,
    unpack_gradients,
)


class CompiledEngine:
    """Runs one cell in one dtype on compiled kernels (see `protocol.Engine`)."""

    def __init__(self, cell: CellDefinition, dtype_name: str) -> None:
        self.cell = cell
        self.dtype = np.dtype(dtype_name)
        self.plan = make_plan(cell)
        self._operands = operands_of(self.plan)
        self._table_size = pointwise.table_of(self.plan).size

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.cell, self.dtype.name)  # kernels cannot be pickled

    @cached_property
    def kernels(self) -> CompiledKernels:
        """The compiled kernels."""
        return kernels_of(self.cell, self.dtype.name)

    def is_cached(self, *, through_time: bool) -> bool:
        """Return whether all kernels are compiled on disk."""
        return self.kernels.are_cached(through_time=through_time)

    def prepare(self, *, through_time: bool) -> bool:
        """Compile or load all kernels by running one step; return whether any was compiled."""
        compiled = not self.is_cached(through_time=through_time)
        zeros = np.zeros((1, 1, 1), self.dtype)
        arrays = self.cell.arrays.items()
        inputs = PassInputs(
            {name: np.zeros(a.shape(inputs=1, units=1), self.dtype) for name, a in arrays},
            zeros,
            [zeros[0] for _ in self.cell.states],
            given=[zeros for _ in self.plan.given],
        )
        self.backward(self.forward(inputs), zeros, inputs.states, through_time=through_time)
        matmul(zeros[0], zeros[0])  # readouts use it
        spinning_threads.prepare()
        return compiled

    def infer(self, inputs: PassInputs) -> tuple[Array, tuple[Array, ...]]:
        """Return the output (T, B, H) and the final states (B, H), keeping nothing."""
        inputs = self._take(inputs, copy=False)
        sizes = self._measure(inputs, tape=False)
        buffer, _, _ = self._run(inputs, sizes)
        g = sizes.geometry
        size = g.batch * g.units
        output = buffer[size : (g.steps + 1) * size].reshape(g.steps, g.batch, g.units)
        final = tuple(buffer[part].reshape(g.batch, g.units).copy() for part in sizes.final)
        return blank_padding(output, inputs.lengths), final

    def forward(self, inputs: PassInputs) -> Tape:
        """Run the sequence and keep what the backward pass needs."""
        inputs = self._take(inputs, copy=True)
        sizes = self._measure(inputs, tape=True)
        buffer, lanes, values = self._run(inputs, sizes)
        g = sizes.geometry
        given = values.reshape(g.values, g.steps, g.batch, g.units) if inputs.given else ()
        return Tape(
            engine=self,
            parameters=snapshot(inputs.parameters),
            x=inputs.x,
            lengths=inputs.lengths,
            given=tuple(given[: len(inputs.given)]),
            plan=self.plan,
            geometry=g,
            state_buffer=buffer,
            lanes=lanes,
            values=values,
        )

    def checkpoint(self, inputs: PassInputs, every: int) -> Checkpoints[Tape]:
        """Run the sequence and keep its states about every so many steps."""
        inputs = self._take(inputs, copy=True)
        g = self._measure(inputs, tape=True).geometry
        length = max(1, -(-every // g.chunk)) * g.chunk  # whole chunks keep the order of sums
        output = np.empty((g.steps, g.batch, g.units), self.dtype)
        starts, current = [], tuple(inputs.states)
        for first in range(0, g.steps, length):
            starts.append(tuple(state.copy() for state in current))
            piece = segment(inputs._replace(states=current), first, length)
            output[first : first + length], current = self.infer(piece)
        return Checkpoints(
            engine=self,
            parameters=snapshot(inputs.parameters),
            x=inputs.x,
            lengths=inputs.lengths,
            given=tuple(array.copy() for array in inputs.given),
            y=output,
            starts=tuple(starts),
            end=current,
            length=length,
        )

    def _take(self, inputs: PassInputs, *, copy: bool) -> PassInputs:
        """Return checked inputs: a snapshot of the parameters, x blank after sequences' ends."""
        x, lengths = check_forward(self.cell, self.dtype, inputs)
        if lengths is not None:
            x = blank_padding(x, lengths)
        elif copy:
            x = x.copy()
        parameters = snapshot(inputs.parameters)
        return PassInputs(parameters, x, inputs.states, lengths, inputs.given)

    def _measure(self, inputs: PassInputs, *, tape: bool) -> Sizes:
        units = inputs.states[0].shape[-1]
        return measure(self.plan, inputs.x.shape, units, self.dtype.itemsize, tape=tape)

    def _run(self, inputs: PassInputs, sizes: Sizes) -> tuple[Array, Array, Array]:
        """Run the forward loop over inputs that `_take` returned; return states, lanes, values."""
        check_buffers(self.cell, sizes)
        g, parameters = sizes.geometry, snapshot(inputs.parameters)
        layout = lay_out(self.plan, g.inputs, g.units, self.dtype.name, backward=False)
        panels = panels_of(self.plan, layout, parameters, g.units, backward=False)
        bias = lane_bias(self.plan, parameters, g.units)
        vectors = stack_vectors(self.plan, parameters, g.units)
        size = g.batch * g.units
        buffer = aligned(sizes.buffers.states, self.dtype)
        for part, state in zip(sizes.initial, inputs.states, strict=True):
            buffer[part] = state.reshape(-1)
        lanes = aligned(sizes.buffers.lanes, self.dtype)
        values = np.empty(sizes.buffers.values, self.dtype)
        for place, array in zip(self.plan.given, inputs.given, strict=True):
            block = g.value_slots * size
            values[place.index * block :][:block].reshape(array.shape)[:] = array
        multiply = self.kernels.products.multiply.address
        _, addresses = self.kernels.forward
        flat = inputs.x.reshape(-1)
        ends = np.zeros(0, np.int64) if inputs.lengths is None else inputs.lengths

        def run(_: int, lo: int, hi: int) -> None:
            table = aligned(self._table_size, np.int64)
            self.kernels.forward_loop(
                g, layout.products, self._operands, multiply, addresses, flat, ends, bias,
                layout.brings_bias, panels, vectors,
                sizes.state_base, sizes.state_slots, buffer, lanes, values, table, lo, hi,
            )  # fmt: skip

        run_parts(run, split_batch(g.batch), layout.gradient_size * g.steps * g.batch)
        return buffer, lanes, values

    def backward(
        self,
        record: Record,
        d_output: Array,
        d_states: Sequence[Array],
        *,
        through_time: bool = False,
        input_gradient: bool = True,
    ) -> Gradients:
        """Go back through time over a tape, or over checkpoints segment by segment."""
        tapes = _tapes(record)
        d_output = check_backward(self.cell, self.dtype, record, d_output, d_states)
        plan, x = self.plan, record.x
        steps, batch, units = record.shape
        count = len(self.cell.states)
        parts = split_batch(batch)
        layout = lay_out(plan, x.shape[2], units, self.dtype.name, backward=True)
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
        for first, tape in tapes:
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

    def _sizes_of(self, tape: Tape) -> Sizes:
        """Return the sizes of a tape, after a check that its buffers have them."""
        shape, itemsize = tape.x.shape, self.dtype.itemsize
        sizes = measure(self.plan, shape, tape.geometry.units, itemsize, tape=True)
        if sizes.geometry != tape.geometry:
            raise ValueError(
                f"the tape must have the geometry {sizes.geometry}, got {tape.geometry}: "
                "run forward again"
            )
        for name, buffer, size in (
            ("state_buffer", tape.state_buffer, sizes.buffers.states),
            ("lanes", tape.lanes, sizes.buffers.lanes),
            ("values", tape.values, sizes.buffers.values),
        ):
            if not is_exact(buffer, (size,), self.dtype):
                check_exact(f"the tape's {name}", buffer, (size,), self.dtype, "run forward again")
        return sizes

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
        """Run the backward loop over one tape; adds to `sums`, writes `d_x` and `over_time`."""
        sizes = self._sizes_of(tape)
        g, count = tape.geometry, len(self.cell.states)
        width = g.lanes * g.units
        products = self.kernels.products
        _, addresses = self.kernels.backward
        kernel = 0 if over_time is None else self.kernels.through_time.address
        through = np.zeros(0 if over_time is None else over_time.size, self.dtype)
        ends = np.zeros(0, np.int64) if tape.lengths is None else ready(tape.lengths)
        flat_x = np.zeros(0, self.dtype) if d_x is None else d_x.reshape(-1)
        flat = [ready(a).reshape(-1) for a in (tape.x, tape.state_buffer, tape.lanes, tape.values)]

        def run(number: int, lo: int, hi: int) -> None:
            rows = hi - lo
            inner = g.chunk * rows
            d_lanes = inner * g.lane_stride
            d_operands = len(self._operands) * rows * g.units
            sources = packed_size(inner, max(g.inputs, g.units), self.dtype)
            held = 0 if tape.lengths is None else count * rows * g.units
            work = carve((d_lanes, d_operands, sources, width + vectors.size, held), self.dtype)
            table = aligned(self._table_size, np.int64)
            self.kernels.backward_loop(
                g, layout.products, self._operands, products.multiply.address,
                products.accumulate.address, addresses, kernel,
                flat[0], ends, d_output.reshape(-1), panels, vectors,
                sizes.state_base, sizes.state_slots, *flat[1:],
                sums.state, flat_x, through,
                sums.weights[number], sums.bias[number], sums.vectors[number],
                *work, table, lo, hi,
            )  # fmt: skip

        run_parts(run, split_batch(g.batch), 2 * layout.gradient_size * g.steps * g.batch)
        if over_time is not None:
            # Slot 0 is the initial state of this tape, which is the last state of the tape before.
            over_time[:, 1:] = through.reshape(over_time.shape)[:, 1:]
            over_time[:, 0] = sums.state.reshape(count, g.batch, g.units)


@dataclass(frozen=True)
class _Sums:
    """Flat arrays to which the backward loop adds; all but `state` have a row for each part."""

    state: Array
    weights: Array
    bias: Array
    vectors: Array


def _sum_parts(parts: Array) -> Array:
    """Return the sum of the parts' rows, in their order."""
    total: Array = parts[0]
    if len(parts) == 1:
        return total
    with np.errstate(over="ignore", invalid="ignore"):  # as in kernels: infinities stay visible
        for share in parts[1:]:
            total += share
    return total


def _tapes(record: Record) -> Iterator[tuple[int, Tape]]:
    """Return (first time step, tape) of each segment of a record, the last one first."""
    if isinstance(record, Tape):
        return iter(((0, record),))
    if isinstance(record, Checkpoints) and isinstance(record.engine, CompiledEngine):
        return record.segments()
    raise TypeError(
        f"the record must be of the compiled engine, got one of {type(record.engine).__name__}: "
        "use the engine that made it"
    )
