"""A gate's weights over [h, x], as textbooks print them."""

from __future__ import annotations

import numpy as np
import pytest

from rnnlab import GRU, LSTM, PeepholeLSTM, Recurrent


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def gates_of(layer):
    return list(dict.fromkeys(layer.cell.maps))


def operands_of(layer, gate):
    """Return what a gate's columns are: further states and computed values, then h, then x."""
    cell = layer.cell
    seen = {
        cell.source_of(operand)
        for node in cell.equations.maps
        if node.payload.name == gate
        for operand in node.args
    }
    values = [a.source for a in cell.arrays.values() if a.source not in (None, "x", *cell.states)]
    further = [source for source in (*cell.states[1:], *values) if source in seen]
    return [*further, cell.states[0], "x"], seen


@pytest.fixture
def layer(any_cell):
    return Recurrent(any_cell, 3, 5, init="default", seed=2)


def test_round_trip(layer, rng):
    """What is set is what comes back, in every gate, and nothing else changes."""
    wanted = {}
    for gate in gates_of(layer):
        weight, bias = layer.gate(gate)
        columns, seen = operands_of(layer, gate)
        assert weight.shape == (5, sum(3 if c == "x" else 5 for c in columns))
        assert bias.shape == (5,)
        assert weight.dtype == bias.dtype == layer.dtype
        exists = np.concatenate([np.full(3 if c == "x" else 5, c in seen) for c in columns])
        assert not weight[:, ~exists].any()
        assert weight[:, exists].all()
        has_bias = layer.cell.bias_of(gate) is not None
        wanted[gate] = (
            (rng.standard_normal(weight.shape) * exists).astype(layer.dtype),
            (rng.standard_normal(5) * has_bias).astype(layer.dtype),
        )
        layer.set_gate(gate, *wanted[gate])
    for gate, (weight, bias) in wanted.items():
        np.testing.assert_array_equal(layer.gate(gate)[0], weight)
        np.testing.assert_array_equal(layer.gate(gate)[1], bias)


def test_setting_what_was_read_changes_nothing(layer):
    before = {name: array.copy() for name, array in layer.parameters.items()}
    for gate in gates_of(layer):
        layer.set_gate(gate, *layer.gate(gate))
    for name, array in before.items():
        np.testing.assert_array_equal(layer.parameters[name], array)


def test_a_gate_is_a_copy_and_setting_goes_to_the_live_arrays(layer):
    live = dict(layer.parameters)
    gate = gates_of(layer)[0]
    weight, bias = layer.gate(gate)
    weight[:], bias[:] = 9, 9
    assert not (layer.gate(gate)[0] == 9).any()
    layer.set_gate(gate, 2 * layer.gate(gate)[0], layer.gate(gate)[1])
    assert all(layer.parameters[name] is array for name, array in live.items())


def test_only_the_gate_itself_is_set():
    layer = LSTM(2, 3, seed=1)
    before = {gate: layer.gate(gate) for gate in "ifgo"}
    layer.set_gate("g", np.zeros((3, 5), np.float32), np.full(3, 7, np.float32))
    for gate in "ifo":
        np.testing.assert_array_equal(layer.gate(gate)[0], before[gate][0])
        np.testing.assert_array_equal(layer.gate(gate)[1], before[gate][1])
    assert layer.parameters["bias_l0"].tolist()[6:9] == [7, 7, 7]


@pytest.mark.parametrize("name", ["i", "f", "g", "o"])
def test_the_textbook_form_of_the_lstm(name, make_case):
    """gate = s(W [h, x] + b), recomputed at every step."""
    case = make_case("lstm", (6, 4, 3, 5))
    tape = case.forward()
    weight, bias = case.layer.gate(name)
    together = np.concatenate([tape.states()["h"][:-1], case.x], axis=-1)
    function = np.tanh if name == "g" else sigmoid
    expected = function(together @ weight.T + bias)
    np.testing.assert_allclose(tape.gates()[name], expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["i", "f"])
def test_the_textbook_form_of_the_peephole_lstm(name, make_case):
    case = make_case("peephole-lstm", (6, 4, 3, 5))
    tape = case.forward()
    weight, bias = case.layer.gate(name)
    together = np.concatenate([tape.states()["h"][:-1], case.x], axis=-1)
    peephole = case.layer.parameters[f"p_{name}_l0"] * tape.states()["c"][:-1]
    expected = sigmoid(together @ weight.T + peephole + bias)
    np.testing.assert_allclose(tape.gates()[name], expected, rtol=0, atol=1e-13)
    weight, bias = case.layer.gate("o")
    peephole = case.layer.parameters["p_o_l0"] * tape.states()["c"][1:]  # the new c
    expected = sigmoid(together @ weight.T + peephole + bias)
    np.testing.assert_allclose(tape.gates()["o"], expected, rtol=0, atol=1e-13)


def test_the_textbook_form_of_the_gru(make_case):
    case = make_case("gru", (6, 4, 3, 5))
    tape, h = case.forward(), case.forward().states()["h"]
    together = np.concatenate([h[:-1], case.x], axis=-1)
    for name in ("r", "z"):
        weight, bias = case.layer.gate(name)
        expected = sigmoid(together @ weight.T + bias)
        np.testing.assert_allclose(tape.gates()[name], expected, rtol=0, atol=1e-13)
    weight, bias = case.layer.gate("n")
    inner = h[:-1] @ weight[:, :5].T + case.layer.parameters["bias_hn_l0"]
    expected = np.tanh(case.x @ weight[:, 5:].T + bias + tape.gates()["r"] * inner)
    np.testing.assert_allclose(tape.gates()["n"], expected, rtol=0, atol=1e-13)
    z = tape.gates()["z"]
    np.testing.assert_allclose(h[1:], (1 - z) * expected + z * h[:-1], rtol=0, atol=1e-13)


def test_unknown_gates_propose_the_nearest():
    layer = LSTM(2, 3)
    with pytest.raises(ValueError, match=r"gate must be one of f, g, i, o, got 'c': choose"):
        layer.gate("c")
    with pytest.raises(ValueError, match="gate must be one of"):
        layer.set_gate("forget", np.zeros((3, 5), np.float32), np.zeros(3, np.float32))


@pytest.mark.parametrize(
    ("weight", "bias", "match"),
    [
        ((3, 4), (3,), r"weight must have shape \(H=3, 5\) over \[h, x\], got \(3, 4\)"),
        ((5, 3), (3,), r"weight must have shape .*got \(5, 3\)"),
        ((3, 5), (5,), r"bias must have shape \(H=3,\), got \(5,\)"),
        ((3, 5), (1, 3), r"bias must have shape .*got \(1, 3\)"),
    ],
)
def test_wrong_shapes(weight, bias, match):
    layer = GRU(2, 3)
    before = {name: array.copy() for name, array in layer.parameters.items()}
    with pytest.raises(ValueError, match=match):
        layer.set_gate("z", np.ones(weight, np.float32), np.ones(bias, np.float32))
    for name, array in before.items():
        np.testing.assert_array_equal(layer.parameters[name], array)


def test_wrong_values():
    layer = PeepholeLSTM(2, 3)
    weight, bias = layer.gate("f")
    with pytest.raises(ValueError, match="weight must be finite, got nan"):
        layer.set_gate("f", np.full_like(weight, np.nan), bias)
    with pytest.raises(ValueError, match="bias must be of floats, got dtype int64"):
        layer.set_gate("f", weight, np.zeros(3, int))


def test_columns_and_biases_that_no_matrix_holds(make_case, any_cell):
    """They must be 0: nothing is dropped in silence, nothing is half set."""
    layer = make_case(any_cell, (1, 1, 3, 5)).layer
    before = {name: array.copy() for name, array in layer.parameters.items()}
    for gate in gates_of(layer):
        weight, bias = layer.gate(gate)
        columns, seen = operands_of(layer, gate)
        for missing in [c for c in columns if c not in seen]:
            wrong = np.concatenate(
                [np.full((5, 3 if c == "x" else 5), float(c == missing)) for c in columns], axis=1
            )
            with pytest.raises(ValueError, match=f"{gate} has no matrix on {missing}, got one tha"):
                layer.set_gate(gate, 2 * weight + wrong, bias)
        if layer.cell.bias_of(gate) is None:
            with pytest.raises(ValueError, match=f"{gate} has no bias, got one that is not 0"):
                layer.set_gate(gate, 2 * weight, np.ones_like(bias))
    for name, array in before.items():
        np.testing.assert_array_equal(layer.parameters[name], array)


def test_there_are_such_cells():
    """The test above would pass without any."""
    layer = Recurrent("minimalrnn", 3, 5)
    assert operands_of(layer, "z")[1] == {"x"}
    assert layer.cell.bias_of("v") is None
