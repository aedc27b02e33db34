"""Table of addresses: the loops write into each entry what the kernels read there."""

from __future__ import annotations

import re
from inspect import signature
from typing import Any

import numpy as np
import pytest
from numba import types
from numba.core.ccallback import CFunc

from rnnlab.cells import CellDefinition, cell
from rnnlab.engine import PassInputs, abi, pointwise, sequence
from rnnlab.engine.compiled_engine import CompiledEngine
from rnnlab.engine.intrinsics import POINTWISE_ARGUMENTS
from rnnlab.engine.plan import make_plan
from rnnlab.equations import linear, sigmoid, tanh, vector
from rnnlab.registry import cells

T, B, I, H = 3, 2, 4, 5  # noqa: E741


@cell(keep="z")
def all_entries(x, h, s):
    """A cell with every kind of entry: lanes, values, vectors, two states and an operand."""
    r = sigmoid(linear("r", x, h) + vector("p") * s)
    z = sigmoid(linear("z", x, h))
    n = tanh(linear("n", x, r * h))
    s = z * s + (1 - z) * n
    return tanh(s) * r, s


CELLS = [all_entries, cells["lstm"], cells["peephole-lstm"], cells["gru"]]


def groups(definition: CellDefinition) -> dict[str, range]:
    """Return the positions of each group of entries, as `abi` lays them out."""
    plan = make_plan(definition)
    table, states, operands = pointwise.table_of(plan), len(definition.states), len(plan.operands)
    return {
        "lanes": range(abi.LANES, abi.LANES + 1),
        "d_lanes": range(abi.D_LANES, abi.D_LANES + 1),
        "vectors": range(abi.VECTORS, abi.VECTORS + 1),
        "d_vectors": range(abi.D_VECTORS, abi.D_VECTORS + 1),
        "values": range(table.value, table.value + plan.values),
        "before": range(table.before, table.before + states),
        "after": range(table.after, table.after + states),
        "d_states": range(table.d_state, table.d_state + states),
        "d_operands": range(table.d_operand, table.d_operand + operands),
        "through": range(table.through_time, table.through_time + states),
    }


@pytest.mark.parametrize("definition", CELLS, ids=lambda definition: definition.name)
def test_every_entry_belongs_to_one_group(definition):
    positions = [position for group in groups(definition).values() for position in group]
    assert sorted(positions) == list(range(pointwise.table_of(make_plan(definition)).size))


# Names of pointers in the generated source, and the group of entries that they must come from.
POINTERS = {
    r"lane\d+": "lanes",
    r"d_lane\d+": "d_lanes",
    r"vector\d+": "vectors",
    r"d_vector\d+": "d_vectors",
    r"value\d+": "values",
    r"before\d+": "before",
    r"after\d+": "after",
    r"d_state\d+": "d_states",
    r"d_operand\d+": "d_operands",
    r"through_time\d+": "through",
}


@pytest.mark.parametrize("definition", CELLS, ids=lambda definition: definition.name)
def test_kernels_read_the_entries_of_their_pointers(definition):
    plan, expected = make_plan(definition), groups(definition)
    sources = [pointwise.through_time_source(plan, "kernel")]
    for stage in range(plan.stages):
        sources.append(pointwise.forward_source(plan, stage, "kernel"))
        sources.append(pointwise.backward_source(plan, stage, "kernel"))
    read = re.findall(r"base_(\w+) = entry\(table, (\d+)\)", "\n".join(sources))
    assert read
    for pointer, position in read:
        (group,) = (name for pattern, name in POINTERS.items() if re.fullmatch(pattern, pointer))
        number = (
            0 if "lane" in pointer or "vector" in pointer else int(re.findall(r"\d+$", pointer)[0])
        )
        assert int(position) == expected[group][number], pointer


def nothing(table: Any, rows: int, units: int, lane_stride: int) -> None:
    """Replace a pointwise kernel."""


@pytest.mark.parametrize("definition", CELLS, ids=lambda definition: definition.name)
def test_loops_write_addresses_of_the_right_buffers(definition, rng, monkeypatch):
    """When a loop ends, the table holds the addresses of its last time step.

    The kernels do nothing here: a wrong address would end the process.
    """
    engine, calls = CompiledEngine(definition, "float64"), []
    kernel = CFunc(nothing, (POINTWISE_ARGUMENTS, types.void), {}, {})
    kernel.compile()
    addresses = np.full(engine.plan.stages, kernel.address)
    for name in ("forward", "backward"):
        monkeypatch.setattr(engine.kernels, name, ([kernel], addresses))
    monkeypatch.setattr(engine.kernels, "through_time", kernel)

    def recording(loop: Any, template: Any) -> Any:
        def run(*arguments: Any) -> None:
            loop(*arguments)
            calls.append(dict(zip(signature(template).parameters, arguments, strict=True)))

        return run

    for name in ("forward", "backward"):
        loop = getattr(engine.kernels, f"{name}_loop")
        template = getattr(sequence, f"sequence_{name}")
        monkeypatch.setattr(engine.kernels, f"{name}_loop", recording(loop, template))
    inputs = PassInputs(
        {n: rng.standard_normal(a.shape(inputs=I, units=H)) for n, a in definition.arrays.items()},
        rng.standard_normal((T, B, I)),
        [rng.standard_normal((B, H)) for _ in definition.states],
    )
    tape = engine.forward(inputs)
    engine.backward(tape, rng.standard_normal((T, B, H)), inputs.states, through_time=True)
    plan, g, entries, size = engine.plan, tape.geometry, groups(definition), B * H
    states, operands = range(len(definition.states)), range(len(plan.operands))

    def check(call: dict[str, Any], expected: dict[str, tuple[str, list[int]]]) -> None:
        for group, (name, offsets) in expected.items():
            array = call[name]
            addresses = [array.ctypes.data + offset * array.itemsize for offset in offsets]
            assert [int(call["table"][position]) for position in entries[group]] == addresses, group

    def shared(call: dict[str, Any], t: int) -> dict[str, tuple[str, list[int]]]:
        bases, slots = call["state_base"], call["state_slots"]
        value = t % g.value_slots
        return {
            "lanes": ("lanes", [t % g.lane_slots * B * g.lane_stride]),
            "vectors": ("vectors", [0]),
            "values": ("values", [(k * g.value_slots + value) * size for k in range(plan.values)]),
            "before": ("states", [bases[k] + t % slots[k] * size for k in states]),
            "after": ("states", [bases[k] + (t + 1) % slots[k] * size for k in states]),
        }

    forward, backward = calls
    check(forward, shared(forward, T - 1))
    check(backward, shared(backward, 0))
    own = {
        "d_lanes": ("d_lanes", [0]),
        "d_vectors": ("partial", [g.lanes * H]),
        "d_states": ("d_states", [k * size for k in states]),
        "d_operands": ("d_operands", [k * size for k in operands]),
        "through": ("through", [(k * (T + 1) + 1) * size for k in states]),
    }
    check(backward, own)
    assert own.keys() | shared(backward, 0).keys() == entries.keys()


def test_products_and_operands_have_a_column_for_each_fact():
    columns = [abi.SOURCE, abi.INDEX, abi.STAGE, abi.COLUMN, abi.COLUMNS, abi.PANELS, abi.GRADIENT]
    assert sorted(columns) == list(range(abi.PRODUCT_COLUMNS))
    assert sorted([abi.IS_STATE, abi.BUFFER]) == list(range(abi.OPERAND_COLUMNS))
    assert np.unique([abi.FROM_X, abi.FROM_STATE, abi.FROM_OPERAND]).size == 3
