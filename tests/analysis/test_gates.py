"""Gates against values worked by hand and NumPy loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnnlab import GRU, LSTM, RNN, Recurrent, cell, linear, sigmoid, tanh
from rnnlab.analysis import gate_histogram, gate_map, gate_units, gate_values
from rnnlab.analysis.gates import gates_of, memory_gates
from rnnlab.registry import cells


@cell(keep="a")
def of_a_user(x, h):
    """A product of gates, some that leave 0 to 1, and a memory that has no name."""
    a = sigmoid(linear("a", x, h))
    b = a * sigmoid(linear("b", x))
    loud = 2 * sigmoid(linear("loud", x))
    below = 0.5 - a
    return (1 - a * b) * h + loud * below * tanh(linear("n", x, h))


def test_what_counts_as_a_gate() -> None:
    assert list(gates_of(of_a_user)) == ["a", "b", "1 - a * b"]
    assert memory_gates(of_a_user) == ["a"]  # as its author says


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("name", cells.names())
def test_every_cell_s_gates_stay_within_0_and_1(
    name: str, layers: int, rng: np.random.Generator
) -> None:
    layer = Recurrent(name, 3, 4, num_layers=layers, dtype="float64")
    for array in layer.parameters.values():
        array += rng.standard_normal(array.shape)
    x = 2 * rng.standard_normal((9, 3, 3))
    values = gate_values(layer, x)
    assert len(values) == layers * len(gates_of(layer.cell))
    for array in values.values():
        assert array.shape == (9, 3, 4)
        assert ((array >= 0) & (array <= 1)).all()
    kept = cells[name].keep
    assert kept is None or memory_gates(cells[name]) == [kept]
    units = gate_units(layer, x)
    assert len(units) == 4 * len(values)
    held = units[units.memory_time.notna()]
    assert len(held) == 4 * layers * len(memory_gates(layer.cell))
    assert gate_histogram(layer, x).groupby("gate").share.sum().sub(1).abs().lt(1e-12).all()
    shown = gate_map(layer, x)
    assert len(shown) == 9 * (4 + 3)


def test_units_worked_by_hand() -> None:
    """One step of a GRU whose update gate is .05, .5, .95 and .975."""
    layer = GRU(1, 4, dtype="float64")
    for array in layer.parameters.values():
        array[:] = 0
    wanted = np.array([0.05, 0.5, 0.95, 0.975])
    layer.parameters["bias_l0"][4:8] = np.log(wanted / (1 - wanted))
    units = gate_units(layer, np.zeros((6, 2, 1)))
    z = units[units.gate == "z"]
    np.testing.assert_allclose(z["mean"], wanted)
    assert z.shut.tolist() == [1, 0, 0, 0]
    assert z.open.tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(z.memory_time, [1 / 0.95, 2, 20, 40])
    r = units[units.gate == "r"]
    assert (r["mean"] == 0.5).all()
    assert r.memory_time.isna().all()
    shares = gate_histogram(layer, np.zeros((6, 2, 1)), bins=10)
    found = shares[shares.gate == "z"].share.tolist()
    assert found == [0.25, 0, 0, 0, 0, 0.25, 0, 0, 0, 0.5]


def test_a_gate_that_is_wide_open_holds_for_ever() -> None:
    units = gate_units(LSTM(1, 3, forget_bias=200.0), np.zeros((4, 2, 1), np.float32))
    assert (units[units.gate == "f"].memory_time == math.inf).all()


def test_a_map_is_one_sequence_with_its_input(rng: np.random.Generator) -> None:
    layer = LSTM(3, 4, dtype="float64", num_layers=2)
    x = rng.standard_normal((5, 2, 3))
    table = gate_map(layer, x)
    assert list(table) == ["gate", "unit", "step", "value"]
    assert list(dict.fromkeys(table.gate)) == ["f_l0", "x"]
    f = layer.forward(x).gates()["f"]
    for t in range(5):
        for unit in range(4):
            row = table[(table.gate == "f_l0") & (table.unit == unit) & (table.step == t + 1)]
            assert row.value.item() == f[t, 0, unit]
    seen = table[table.gate == "x"].pivot(index="step", columns="unit", values="value")
    np.testing.assert_array_equal(seen, x[:, 0])
    upper = gate_map(layer, x, "o_l1")
    expected = layer.forward(x).gates(1)["o"][2, 0, 1]
    assert upper.query("gate == 'o_l1' and unit == 1 and step == 3").value.item() == expected


def test_a_cell_without_a_gate_shows_its_output(rng: np.random.Generator) -> None:
    layer = RNN(3, 4, dtype="float64")
    x = rng.standard_normal((5, 2, 3))
    table = gate_map(layer, x)
    h = table[table.gate == "h"].pivot(index="step", columns="unit", values="value")
    np.testing.assert_array_equal(h, layer(x)[0][:, 0])
    for empty in (gate_units(layer, x), gate_histogram(layer, x)):
        assert len(empty) == 0
        assert empty.columns[0] == "gate"


def test_the_backward_direction_is_told_apart(rng: np.random.Generator) -> None:
    layer = GRU(3, 4, bidirectional=True, dtype="float64")
    x = rng.standard_normal((5, 2, 3))
    values = gate_values(layer, x)
    assert list(values) == ["r_l0", "z_l0", "r_l0_reverse", "z_l0_reverse"]
    expected = layer.forward(x).gates(0, True)["z"]
    np.testing.assert_array_equal(values["z_l0_reverse"], expected)


def test_an_unknown_gate_is_refused() -> None:
    with pytest.raises(ValueError, match=r"gate must be one of i, f, o for lstm, got 'z': name"):
        gate_map(LSTM(1, 2), np.zeros((3, 1, 1), np.float32), "z")
