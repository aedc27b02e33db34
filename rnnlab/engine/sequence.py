"""The time loop of every cell: forward, and back-propagation through time.

For the loops a cell is data: a list of products and, for each stage, the address of a compiled
pointwise kernel. They run over the sequences `lo` to `hi` of a batch, without the interpreter's
lock.

    for each step t:                                   for each step t, backwards:
        lanes = bias + W x                                 d_output joins dL/dh
        for each stage:                                    for each stage, backwards:
            lanes += U states, operands                        dL/d operands = U' dL/d lanes
            states, values = pointwise(lanes)                  dL/d lanes = pointwise backwards
                                                           dL/d states += U' dL/d lanes
                                                       every `chunk` steps:
                                                           dL/dW, dL/dU += dL/d lanes * sources

Arrays are flat: `lanes` (slot, B, lane_stride), `states` one (slots, B, H) block per state and
`values` (value, slot, B, H). A slot is a time step modulo the number of slots, so that the same
code serves a tape and a small buffer that is reused. `multiply` and `accumulate` are the addresses
of `matmul.product_kernels`; `pack_panels` and `sum_rows` are those of `panels.helpers` for the
dtype, bound when the loops are compiled. `abi` has the columns of `products` and `operands` and the
layout of `table`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnnlab.engine.abi import (
    BUFFER,
    COLUMN,
    COLUMNS,
    D_LANES,
    D_VECTORS,
    FROM_OPERAND,
    FROM_STATE,
    FROM_X,
    GRADIENT,
    INDEX,
    IS_STATE,
    LANES,
    PANELS,
    SOURCE,
    STAGE,
    VECTORS,
    table_layout,
)
from rnnlab.engine.intrinsics import (
    address,
    call_kernel,
    flush_denormals,
    pointer,
    restore_mode,
)

if TYPE_CHECKING:
    pack_panels: Any
    sum_rows: Any


def fill_table(
    table, entries, geometry, t, lo, lanes, states, state_base, state_slots, values, vectors
):
    """Write the addresses of time t that both loops share; `entries` is the table's layout."""
    batch, units = geometry.batch, geometry.units
    slot = t % geometry.lane_slots
    table[LANES] = address(lanes, (slot * batch + lo) * geometry.lane_stride)
    table[VECTORS] = address(vectors, 0)
    slot = t % geometry.value_slots
    for k in range(geometry.values):
        table[entries.value + k] = address(
            values, ((k * geometry.value_slots + slot) * batch + lo) * units
        )
    for k in range(len(state_base)):
        slot = t % state_slots[k]
        table[entries.before + k] = address(states, state_base[k] + (slot * batch + lo) * units)
        slot = (t + 1) % state_slots[k]
        table[entries.after + k] = address(states, state_base[k] + (slot * batch + lo) * units)


def source_offset(geometry, product, operands, state_base, state_slots, t, lo):
    """Return whether a product's left factor at time t is in `states`, and its offset there."""
    index = product[INDEX]
    rows = geometry.batch * geometry.units
    start = lo * geometry.units
    if product[SOURCE] == FROM_STATE:
        return True, state_base[index] + (t % state_slots[index]) * rows + start
    buffer = operands[index, BUFFER]
    if operands[index, IS_STATE]:
        return True, state_base[buffer] + ((t + 1) % state_slots[buffer]) * rows + start
    slot = buffer * geometry.value_slots + t % geometry.value_slots
    return False, slot * rows + start


def lanes_at(geometry, t, lo, hi, lanes):
    """Return address and bytes of the lanes of time t, to fetch them ahead; 0 bytes if none."""
    if geometry.lane_slots < geometry.steps or t < 0 or t >= geometry.steps:
        return 0, 0  # a reused buffer is in the cache already
    at = (t * geometry.batch + lo) * geometry.lane_stride
    return address(lanes, at), (hi - lo) * geometry.lane_stride * lanes.itemsize


def sequence_forward(
    geometry, products, operands, multiply, kernels, x, lengths, bias, starts, panels, vectors,
    state_base, state_slots, states, lanes, values, table, lo, hi,
):  # fmt: skip
    """Run the cell over the sequences lo to hi; writes `states`, `lanes`, `values`.

    From its end on (`lengths`, if it is not empty) a sequence keeps its states.
    """
    mode = flush_denormals()
    batch, inputs, units = geometry.batch, geometry.inputs, geometry.units
    stride = geometry.lane_stride
    rows = hi - lo
    entries = table_layout(geometry.values, len(state_base), len(operands))
    for first in range(0, geometry.steps, geometry.block):
        steps = min(geometry.block, geometry.steps - first)
        start = (first % geometry.lane_slots * batch + lo) * stride
        for lane in range(geometry.lanes):
            if starts[lane] == 0:  # no product on x writes the bias
                for row in range(steps * rows):
                    at = start + (row // rows * batch + row % rows) * stride + lane * units
                    for j in range(units):
                        lanes[at + j] = bias[lane * units + j]
        for p in range(len(products)):
            product = products[p]
            if product[SOURCE] == FROM_X:
                call_kernel(multiply, (
                    pointer(x, (first * batch + lo) * inputs), inputs, batch * inputs,
                    pointer(panels, product[PANELS]), inputs,
                    pointer(bias, product[COLUMN]), 0, 0,
                    pointer(lanes, start + product[COLUMN]), stride, batch * stride,
                    rows, steps, product[COLUMNS], 0, 0,
                ))  # fmt: skip
        for t in range(first, first + steps):
            at = (t % geometry.lane_slots * batch + lo) * stride
            fill_table(
                table, entries, geometry, t, lo,
                lanes, states, state_base, state_slots, values, vectors,
            )  # fmt: skip
            ahead, ahead_size = lanes_at(geometry, t + geometry.block, lo, hi, lanes)
            for stage in range(geometry.stages):
                for p in range(len(products)):
                    product = products[p]
                    if product[SOURCE] != FROM_X and product[STAGE] == stage:
                        in_states, offset = source_offset(
                            geometry, product, operands, state_base, state_slots, t, lo
                        )
                        out = pointer(lanes, at + product[COLUMN])
                        call_kernel(multiply, (
                            pointer(states if in_states else values, offset), units, 0,
                            pointer(panels, product[PANELS]), units,
                            out, stride, 0, out, stride, 0,
                            rows, 1, product[COLUMNS], ahead, ahead_size,
                        ))  # fmt: skip
                        ahead_size = 0
                call_kernel(kernels[stage], (pointer(table, 0), rows, units, stride))
            if len(lengths) > 0:
                for k in range(len(state_base)):
                    before = state_base[k] + t % state_slots[k] * batch * units
                    after = state_base[k] + (t + 1) % state_slots[k] * batch * units
                    for row in range(lo, hi):
                        if t >= lengths[row]:
                            for j in range(row * units, (row + 1) * units):
                                states[after + j] = states[before + j]
    restore_mode(mode)


def sequence_backward(
    geometry, products, operands, multiply, accumulate, kernels, through_kernel,
    x, lengths, d_output, panels, vectors,
    state_base, state_slots, states, lanes, values,
    d_states, d_x, through, d_weights, d_bias, d_vectors,
    d_lanes, d_operands, sources, partial, held, table, lo, hi,
):  # fmt: skip
    """Go back through time over the sequences lo to hi.

    Writes `d_states` (dL/d final states on entry, dL/d initial states on return), `d_x` if it is
    not empty, `through` (state, T+1, B, H) if `through_kernel` is not 0; adds to `d_weights`,
    `d_bias`, `d_vectors`. `d_lanes`, `d_operands`, `sources`, `partial`, `held` are work space.
    After its end (`lengths`, if it is not empty) a sequence has gradients of 0, and `held` stores
    its dL/d states.
    """
    mode = flush_denormals()
    batch, inputs, units = geometry.batch, geometry.inputs, geometry.units
    stride, chunk = geometry.lane_stride, geometry.chunk
    width = geometry.lanes * units
    rows = hi - lo
    count = len(state_base)
    entries = table_layout(geometry.values, count, len(operands))
    partial[:] = 0
    for t in range(geometry.steps - 1, -1, -1):
        slot = t % chunk
        here = slot * rows * stride
        at = (t * batch + lo) * units
        waiting = 0
        for row in range(rows):
            begin = (lo + row) * units
            if len(lengths) > 0 and t >= lengths[lo + row]:
                waiting += 1
                for k in range(count):
                    for j in range(units):
                        held[(k * rows + row) * units + j] = d_states[k * batch * units + begin + j]
                        d_states[k * batch * units + begin + j] = 0
            else:
                for j in range(units):
                    d_states[begin + j] += d_output[at + row * units + j]
        fill_table(
            table, entries, geometry, t, lo,
            lanes, states, state_base, state_slots, values, vectors,
        )  # fmt: skip
        table[D_LANES] = address(d_lanes, here)
        table[D_VECTORS] = address(partial, width)
        for k in range(count):
            table[entries.d_state + k] = address(d_states, (k * batch + lo) * units)
        for k in range(len(operands)):
            table[entries.d_operand + k] = address(d_operands, k * rows * units)
        if through_kernel != 0:
            for k in range(count):
                table[entries.through_time + k] = address(
                    through, ((k * (geometry.steps + 1) + t + 1) * batch + lo) * units
                )
        if len(operands) > 0:
            d_operands[:] = 0
        for stage in range(geometry.stages - 1, -1, -1):
            for p in range(len(products)):
                product = products[p]
                if product[SOURCE] == FROM_OPERAND and product[STAGE] == stage + 1:
                    out = pointer(d_operands, product[INDEX] * rows * units)
                    call_kernel(multiply, (
                        pointer(d_lanes, here + product[COLUMN]), stride, 0,
                        pointer(panels, product[PANELS]), product[COLUMNS],
                        out, units, 0, out, units, 0, rows, 1, units, 0, 0,
                    ))  # fmt: skip
            if stage == 0 and through_kernel != 0:
                call_kernel(through_kernel, (pointer(table, 0), rows, units, stride))
            call_kernel(kernels[stage], (pointer(table, 0), rows, units, stride))
        ahead, ahead_size = lanes_at(geometry, t - 1, lo, hi, lanes)
        for p in range(len(products)):
            product = products[p]
            if product[SOURCE] == FROM_STATE:
                out = pointer(d_states, (product[INDEX] * batch + lo) * units)
                call_kernel(multiply, (
                    pointer(d_lanes, here + product[COLUMN]), stride, 0,
                    pointer(panels, product[PANELS]), product[COLUMNS],
                    out, units, 0, out, units, 0, rows, 1, units, ahead, ahead_size,
                ))  # fmt: skip
                ahead_size = 0
        if waiting > 0:
            for row in range(rows):
                if t >= lengths[lo + row]:
                    for k in range(count):
                        begin = (k * batch + lo + row) * units
                        later = ((k * (geometry.steps + 1) + t + 1) * batch + lo + row) * units
                        for j in range(units):
                            d_states[begin + j] = held[(k * rows + row) * units + j]
                            if through_kernel != 0:
                                through[later + j] = d_states[begin + j]
        if slot > 0:
            continue
        # A chunk is complete: its rows are contiguous in d_lanes, and still in the cache.
        steps = min(chunk, geometry.steps - t)
        inner = steps * rows
        sum_rows(d_lanes, stride, inner, width, partial)
        for j in range(width):
            d_bias[j] += partial[j]
        for j in range(geometry.vectors * units):
            d_vectors[j] += partial[width + j]
        partial[:] = 0
        for p in range(len(products)):
            product = products[p]
            if product[SOURCE] == FROM_X:
                columns = inputs
                pack_panels(
                    x, (t * batch + lo) * inputs, inputs, batch * inputs,
                    rows, steps, inputs, sources, 0,
                )  # fmt: skip
                if len(d_x) > 0:
                    out = pointer(d_x, (t * batch + lo) * inputs)
                    call_kernel(multiply, (
                        pointer(d_lanes, product[COLUMN]), stride, rows * stride,
                        pointer(panels, product[PANELS]), product[COLUMNS],
                        out, inputs, batch * inputs, out, inputs, batch * inputs,
                        rows, steps, inputs, 0, 0,
                    ))  # fmt: skip
            else:
                columns = units
                in_states, offset = source_offset(
                    geometry, product, operands, state_base, state_slots, t, lo
                )
                pack_panels(
                    states if in_states else values, offset, units, batch * units,
                    rows, steps, units, sources, 0,
                )  # fmt: skip
            call_kernel(accumulate, (
                pointer(d_lanes, product[COLUMN]), stride, pointer(sources, 0), inner,
                pointer(d_weights, product[GRADIENT]), columns, product[COLUMNS], columns,
            ))  # fmt: skip
    restore_mode(mode)
