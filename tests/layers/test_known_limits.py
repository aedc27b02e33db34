"""What is known without a computer: limits, closed forms and the field's worked examples."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import rnnlab
from rnnlab import GRU, LSTM, RNN, PeepholeLSTM, cell, linear, sigmoid
from tests.layers.own_cells import EVERY

OPEN, SHUT = 100.0, -1000.0  # a bias that makes a gate 1, or 0, to the last bit of float64


def logit(p: Any) -> Any:
    """Return the pre-activation at which the sigmoid is p; 0 and 1 exactly."""
    p = np.asarray(p, float)
    with np.errstate(divide="ignore"):
        return np.clip(np.log(p) - np.log1p(-p), SHUT, OPEN)


def set_biases(layer, **gates):
    """Make each gate the constant that its bias says: no weight acts."""
    inputs, units = layer.input_size, layer.hidden_size
    for name, bias in gates.items():
        weight = np.zeros((units, units + inputs), layer.dtype)
        layer.set_gate(name, weight, np.full(units, bias, layer.dtype))


def test_peepholes_at_zero_give_the_lstm(make_case):
    """The LSTM's outputs and gradients bit for bit; the peepholes' own gradients are not 0."""
    case = make_case("peephole-lstm", (7, 5, 3, 9))
    for name in ("p_i", "p_f", "p_o"):
        case.layer.parameters[f"{name}_l0"][:] = 0
    lstm = LSTM(3, 9, dtype="float64")
    for name, array in lstm.parameters.items():
        array[:] = case.layer.parameters[name]
    tape, plain = case.forward(), lstm.forward(case.x, case.state)
    np.testing.assert_allclose(tape.output, plain.output, rtol=0, atol=1e-15)
    np.testing.assert_allclose(tape.state.c, plain.state.c, rtol=0, atol=1e-15)
    found = case.backward(tape)
    expected = lstm.backward(plain, case.d_output, case.d_state, through_time=True)
    for name, array in expected.parameters.items():
        np.testing.assert_allclose(found.parameters[name], array, rtol=1e-12, atol=1e-13)
    assert expected.input is not None
    np.testing.assert_allclose(found.input, expected.input, rtol=1e-12, atol=1e-13)
    for name in ("h", "c"):
        np.testing.assert_allclose(
            found.states()[name], expected.states()[name], rtol=1e-12, atol=1e-13
        )
    assert all(np.abs(found.parameters[f"{p}_l0"]).max() > 0.01 for p in ("p_i", "p_f", "p_o"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gru_with_z_at_one_keeps_h(dtype, rng):
    layer = GRU(4, 7, dtype=dtype)
    set_biases(layer, z=OPEN)
    x = rng.standard_normal((1000, 3, 4)).astype(dtype)
    h = rng.standard_normal((1, 3, 7)).astype(dtype)
    y, state = layer(x, (h,))
    np.testing.assert_array_equal(state.h, h)
    np.testing.assert_array_equal(y, np.broadcast_to(h, y.shape))
    tape = layer.forward(x, (h,))
    d_output = np.zeros_like(y)
    d_output[-1] = 1
    through = layer.backward(tape, d_output, through_time=True).states()["h"]
    np.testing.assert_array_equal(through, np.ones_like(through))  # and its gradient


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", [LSTM, PeepholeLSTM])
def test_lstm_with_f_at_one_and_i_at_zero_keeps_c_for_1000_steps(kind, dtype, rng):
    layer = kind(4, 7, dtype=dtype)
    set_biases(layer, f=OPEN, i=SHUT)
    x = rng.standard_normal((1000, 3, 4)).astype(dtype)
    h, c = rng.standard_normal((2, 1, 3, 7)).astype(dtype)
    tape = layer.forward(x, (h, c))
    np.testing.assert_array_equal(tape.states()["c"], np.broadcast_to(c[0], (1001, 3, 7)))
    zeros = np.zeros_like(tape.output)
    back = layer.backward(tape, zeros, (np.zeros_like(h), np.ones_like(c)), through_time=True)
    np.testing.assert_array_equal(back.states()["c"], np.ones((1001, 3, 7)))


def test_worked_example_of_the_cell_state():
    """c = [4, 5, 6] * .5 + [.8, .45, 0] = [2.8, 2.95, 3]: an LSTM layer that runs it."""
    layer = LSTM(1, 3, dtype="float64")
    nothing = np.zeros((3, 4))
    i, g = np.array([0.8, 0.9, 0.5]), np.array([1.0, 0.5, 0.0])  # i * g = [.8, .45, 0]
    layer.set_gate("f", nothing, logit([0.5, 0.5, 0.5]))
    layer.set_gate("i", nothing, logit(i))
    layer.set_gate("g", nothing, np.arctanh(np.minimum(g, 1 - 1e-16)))
    state = (np.zeros((1, 1, 3)), np.array([[[4.0, 5.0, 6.0]]]))
    tape = layer.forward(np.ones((1, 1, 1)), state)
    np.testing.assert_allclose(tape.gates()["f"][0, 0], [0.5, 0.5, 0.5], atol=1e-15)
    np.testing.assert_allclose(tape.state.c[0, 0], [2.8, 2.95, 3.0], atol=1e-14)


def test_worked_example_of_the_output():
    """tanh(c) = [.9, .8, .7] with o = [1, 0, .5] gives h = [.9, 0, .35]."""
    layer = LSTM(2, 3, dtype="float64")
    nothing = np.zeros((3, 5))
    for name, bias in (("f", logit([1, 1, 1])), ("i", logit([0, 0, 0])), ("o", logit([1, 0, 0.5]))):
        layer.set_gate(name, nothing, bias)
    c = np.arctanh([[[0.9, 0.8, 0.7]]])
    y, state = layer(np.ones((1, 1, 2)), (np.zeros_like(c), c))
    np.testing.assert_allclose(y[0, 0], [0.9, 0.0, 0.35], atol=1e-15)
    np.testing.assert_array_equal(state.h[0], y[-1])


@pytest.mark.parametrize("sizes", [(1, 1), (10, 64), (3, 7)])
def test_an_lstm_has_four_times_the_parameters_of_an_rnn(sizes):
    count = {kind: kind(*sizes).parameter_count for kind in (RNN, LSTM, GRU, PeepholeLSTM)}
    inputs, units = sizes
    assert count[RNN] == units * (inputs + units + 1)
    assert count[LSTM] == 4 * count[RNN]
    assert count[PeepholeLSTM] == count[LSTM] + 3 * units
    assert count[GRU] == 3 * count[RNN] + units  # one bias more: b_hn lies inside r * (...)


@pytest.mark.parametrize("f", [0.5, 0.9, 0.99])
def test_the_cell_path_keeps_f_to_the_power_of_the_lag(f, rng):
    """At f = .99 the path c_0 -> c_100 keeps .99^100 = .366."""
    layer = LSTM(2, 5, dtype="float64")
    for array in layer.parameters.values():
        array[:] = 0  # no recurrent weights: what is left is the path through c
    set_biases(layer, f=float(logit(f)), i=0.3, o=0.2, g=0.7)
    tape = layer.forward(rng.standard_normal((100, 3, 2)))
    zeros = np.zeros((1, 3, 5))
    d_output = np.zeros_like(tape.output)
    back = layer.backward(tape, d_output, (zeros, zeros + 1), through_time=True)
    by_lag = back.states()["c"][::-1]
    expected = f ** np.arange(101.0)
    np.testing.assert_allclose(by_lag, np.broadcast_to(expected[:, None, None], by_lag.shape))
    if f == 0.99:
        assert by_lag[100, 0, 0] == pytest.approx(0.366, abs=5e-4)


def test_the_direct_path_from_c_to_c_is_f(rng):
    """dc_t/dc_{t-1} = f_t, a different one in every step, sequence and unit."""
    layer = LSTM(3, 6, dtype="float64", seed=3)
    layer.parameters["weight_hh_l0"][:] = 0
    tape = layer.forward(rng.standard_normal((8, 2, 3)), tuple(rng.standard_normal((2, 1, 2, 6))))
    f = tape.gates()["f"]
    assert np.ptp(f) > 0.2
    zeros = np.zeros((1, 2, 6))
    back = layer.backward(tape, np.zeros_like(tape.output), (zeros, zeros + 1), through_time=True)
    d_c = back.states()["c"]
    np.testing.assert_allclose(d_c[:-1] / d_c[1:], f, rtol=1e-13)


def sigmoid_of(a):
    return 1 / (1 + np.exp(-a))  # complex numbers pass


def peephole_loop(p, x, h, c):
    """Peephole LSTM as Gers et al. 2002 print it, in a loop; p by the layer's names without _l0."""
    w = dict(zip("ifgo", np.split(p["weight_ih"], 4), strict=True))
    u = dict(zip("ifgo", np.split(p["weight_hh"], 4), strict=True))
    b = dict(zip("ifgo", np.split(p["bias"], 4), strict=True))
    outputs = []
    for x_t in x:
        a = {k: x_t @ w[k].T + h @ u[k].T + b[k] for k in "ifgo"}
        i = sigmoid_of(a["i"] + p["p_i"] * c)
        f = sigmoid_of(a["f"] + p["p_f"] * c)
        c = f * c + i * np.tanh(a["g"])
        h = sigmoid_of(a["o"] + p["p_o"] * c) * np.tanh(c)
        outputs.append(h)
    return np.array(outputs), h, c


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (5, 3, 2, 4), (11, 19, 7, 13)])
def test_peephole_lstm_against_a_loop(sizes, make_case):
    case = make_case("peephole-lstm", sizes)
    p = {name.removesuffix("_l0"): array for name, array in case.layer.parameters.items()}
    y, h, c = peephole_loop(p, case.x, case.state.h[0], case.state.c[0])
    tape = case.forward()
    np.testing.assert_allclose(tape.output, y, rtol=0, atol=1e-13)
    np.testing.assert_allclose(tape.state.h[0], h, rtol=0, atol=1e-13)
    np.testing.assert_allclose(tape.state.c[0], c, rtol=0, atol=1e-13)
    single = make_case("peephole-lstm", sizes, "float32")
    narrow = {
        name.removesuffix("_l0"): a.astype(float) for name, a in single.layer.parameters.items()
    }
    y, _, _ = peephole_loop(narrow, single.x, single.state.h[0], single.state.c[0])
    np.testing.assert_allclose(single.forward().output, y, rtol=0, atol=1e-5)


def test_gradients_of_the_peephole_lstm_by_complex_steps(make_case):
    """Im L(p + ih) / h has no rounding from differences: 1e-12."""
    case = make_case("peephole-lstm", (5, 3, 2, 4))
    gradients = case.backward()
    p = {name.removesuffix("_l0"): a.astype(complex) for name, a in case.layer.parameters.items()}
    inputs = {"x": case.x.astype(complex)}
    inputs |= {"h": case.state.h[0].astype(complex), "c": case.state.c[0].astype(complex)}

    def slope(array, index, step=1e-30):
        array[index] += 1j * step
        y, h, c = peephole_loop(p, inputs["x"], inputs["h"], inputs["c"])
        array[index] = array[index].real
        loss = (y * case.d_output).sum() + (h * case.d_state.h).sum() + (c * case.d_state.c).sum()
        return loss.imag / step

    found = {name: gradients.parameters[f"{name}_l0"] for name in p}
    found |= {"x": gradients.input, "h": gradients.state.h[0], "c": gradients.state.c[0]}
    for name, array in {**p, **inputs}.items():
        expected = np.zeros(array.shape)
        for index in np.ndindex(array.shape):
            expected[index] = slope(array, index)
        np.testing.assert_allclose(found[name], expected, rtol=1e-11, atol=1e-12, err_msg=name)


@pytest.mark.parametrize(
    ("name", "dtype"), list(zip(EVERY, itertools.cycle(["float32", "float64"]), strict=False))
)
def test_gradients_that_fade_below_the_smallest_number_are_zero_not_nan(name, dtype, make_case):
    case = make_case(EVERY[name], (300, 2, 3, 5), dtype)
    tiny = np.finfo(dtype).tiny
    for name, array in case.layer.parameters.items():
        array *= 0.2 if name.startswith("weight") else -1  # contracting
    case.d_output[:] = 0
    case.d_output[-1] = 4 * tiny
    for d in case.d_state:
        d[:] = tiny / 3  # denormal
    gradients = case.backward()
    for array in (*gradients.parameters.values(), *gradients.states().values(), gradients.input):
        assert np.isfinite(array).all()
        assert np.abs(array).max() < 1e6 * tiny


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["rnn", "rnn-relu", "lstm", "peephole-lstm", "gru"])
def test_what_is_not_finite_inside_comes_out(name, bad, dtype, make_case):
    """A weight of NaN surfaces; so does one of infinity, where no gate shuts it off for good."""
    case = make_case(name, (4, 3, 2, 5), dtype)
    case.layer.parameters["weight_ih_l0"][:] = bad
    case.x[:, :, 0], case.x[:, :, 1] = 1, -1  # inf - inf
    tape = case.forward()
    assert not np.isfinite(tape.output).any()
    assert not np.isfinite(case.layer(case.x, case.state)[0]).any()
    with np.errstate(invalid="ignore"):
        gradients = case.backward(tape)
    assert np.isnan(gradients.parameters["weight_hh_l0"]).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_rectifier_that_explodes_reaches_infinity(dtype):
    layer = rnnlab.Recurrent("rnn-relu", 1, 2, dtype=dtype, init="irnn")
    for array in layer.parameters.values():
        array[:] = 1e10
    y, _ = layer(np.ones((50, 1, 1), dtype), (np.ones((1, 1, 2), dtype),))
    assert np.isinf(y[-1]).all()
    assert (y[-1] > 0).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_weights_saturate_without_nan(dtype, rng):
    """Gates at their ends are 0 and 1, not NaN: exp overflows inside."""
    for kind in (RNN, LSTM, PeepholeLSTM, GRU):
        layer = kind(3, 5, dtype=dtype)
        for array in layer.parameters.values():
            array *= 1e6
        x = rng.standard_normal((6, 4, 3)).astype(dtype)
        tape = layer.forward(x)
        gradients = layer.backward(tape, np.ones_like(tape.output))
        assert np.isfinite(tape.output).all()
        assert all(np.isfinite(array).all() for array in gradients.parameters.values())


def test_a_cell_that_only_leaks_decays_by_its_factor(rng):
    """h_t = .5 h_{t-1} + sigmoid(...) * 0 has a closed form: powers of two, exact."""

    @cell
    def leak(x, h):
        return 0.5 * h + (sigmoid(linear("g", x)) - 0.5)

    layer = rnnlab.Recurrent(leak, 1, 3, dtype="float64")
    h = rng.standard_normal((1, 2, 3))
    tape = layer.forward(np.zeros((20, 2, 1)), (h,))
    powers = 0.5 ** np.arange(21.0)
    np.testing.assert_array_equal(tape.states()["h"], powers[:, None, None] * h)
    d_output = np.zeros_like(tape.output)
    d_output[-1] = 1
    d_h = layer.backward(tape, d_output, through_time=True).states()["h"]
    np.testing.assert_array_equal(d_h, np.broadcast_to(powers[::-1, None, None], d_h.shape))


# The catalogue: what a cell becomes when its gates are held, or its extra weights are at 0.


def copy_parameters(target, source):
    """Set the arrays that both layers have under one name and shape."""
    for name, array in target.parameters.items():
        if name in source.parameters and source.parameters[name].shape == array.shape:
            array[:] = source.parameters[name]


def assert_same_run(one, other, case, states=("h", "c")):
    """Both layers give the same states, to rounding, from the case's input and first states."""
    start = {name: getattr(case.state, name) for name in case.layer.cell.states}

    def run(layer):
        zeros = np.zeros_like(case.state.h)
        state = tuple(start.get(name, zeros) for name in layer.cell.states)
        return layer.forward(case.x, state).states()

    found, expected = run(one), run(other)
    for name in states:
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-14)


def test_without_peepholes_is_the_lstm(make_case):
    case = make_case("lstm", (7, 5, 3, 9))
    layer = rnnlab.Recurrent("np", 3, 9, dtype="float64")
    assert list(layer.parameters) == list(case.layer.parameters)
    copy_parameters(layer, case.layer)
    assert_same_run(layer, case.layer, case)


@pytest.mark.parametrize(("name", "gate"), [("nig", "i"), ("nfg", "f"), ("nog", "o")])
def test_a_missing_gate_is_a_gate_held_open(name, gate, make_case):
    """Greff's cells without a gate: the peephole LSTM with that gate at 1."""
    case = make_case("peephole-lstm", (7, 5, 3, 9))
    set_biases(case.layer, **{gate: OPEN})
    case.layer.parameters[f"p_{gate}_l0"][:] = 0
    layer = rnnlab.Recurrent(name, 3, 9, dtype="float64")
    for other in layer.cell.maps:
        layer.set_gate(other, *case.layer.gate(other))
    copy_parameters(layer, case.layer)
    for other in layer.cell.maps:  # the stacks differ in shape, the peepholes do not
        np.testing.assert_array_equal(layer.gate(other)[0], case.layer.gate(other)[0])
    assert_same_run(layer, case.layer, case)


def test_the_input_gate_of_cifg_is_what_the_forget_gate_leaves(make_case):
    case = make_case("cifg", (7, 5, 3, 9))
    gates = case.forward().gates()
    np.testing.assert_allclose(gates["i"], 1 - gates["f"], rtol=0, atol=1e-15)
    assert np.ptp(gates["i"]) > 0.1


def test_full_gate_recurrence_at_zero_is_the_peephole_lstm(make_case):
    case = make_case("fgr", (7, 5, 3, 9))
    layer = PeepholeLSTM(3, 9, dtype="float64")
    copy_parameters(layer, case.layer)
    with pytest.raises(AssertionError):
        assert_same_run(layer, case.layer, case)
    for gate in "ifo":
        case.layer.parameters[f"weight_{gate}_prevh_l0"][:] = 0
    assert_same_run(layer, case.layer, case)
    tape = case.forward()
    for gate in "ifo":  # the states are last step's gates
        assert ((tape.states()[f"{gate}_prev"][1:] > 0) & (tape.states()["h"][1:] < 1)).all()


def test_full_peepholes_on_the_diagonal_are_peepholes(make_case):
    case = make_case("peephole-lstm", (7, 5, 3, 9))
    layer = rnnlab.Recurrent("peephole-lstm-full", 3, 9, dtype="float64")
    copy_parameters(layer, case.layer)
    peepholes = [case.layer.parameters[f"p_{gate}_l0"] for gate in "ifo"]
    layer.parameters["weight_ch_l0"][:] = np.concatenate([np.diag(p) for p in peepholes])
    assert_same_run(layer, case.layer, case)


def test_a_reset_gate_held_open_makes_both_grus_one(make_case):
    case = make_case("gru", (7, 5, 3, 9))
    case.layer.parameters["bias_hn_l0"][:] = 0
    set_biases(case.layer, r=OPEN)
    layer = rnnlab.Recurrent("gru-reset-before", 3, 9, dtype="float64")
    copy_parameters(layer, case.layer)
    assert_same_run(layer, case.layer, case, states=("h",))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "gate", "bias"),
    [
        ("gru-reset-before", "z", OPEN),
        ("ligru", "z", OPEN),
        ("ugrnn", "g", OPEN),
        ("janet", "f", OPEN),
        ("mgu", "f", SHUT),
        ("mut1", "z", SHUT),
        ("mut2", "z", SHUT),
        ("mut3", "z", SHUT),
        ("lem", "dt_h", SHUT),
    ],
)
def test_gates_that_keep_h_for_1000_steps(name, gate, bias, dtype, rng):
    layer = rnnlab.Recurrent(name, 4, 7, dtype=dtype)
    set_biases(layer, **{gate: bias})
    x = rng.standard_normal((1000, 3, 4)).astype(dtype)
    first = [rng.standard_normal((1, 3, 7)).astype(dtype) for _ in layer.cell.states]
    tape = layer.forward(x, first)
    np.testing.assert_array_equal(tape.states()["h"], np.broadcast_to(first[0], (1001, 3, 7)))
    d_output = np.zeros_like(tape.output)
    d_output[-1] = 1
    through = layer.backward(tape, d_output, through_time=True).states()["h"]
    np.testing.assert_array_equal(through, np.ones_like(through))


def test_fastgrnn_keeps_h_with_its_gate_and_its_residual_shut(rng):
    layer = rnnlab.Recurrent("fastgrnn", 4, 7, dtype="float64")
    layer.parameters["b_z_l0"][:], layer.parameters["nu_l0"][:] = OPEN, SHUT
    h = rng.standard_normal((1, 3, 7))
    y, _ = layer(rng.standard_normal((100, 3, 4)), (h,))
    np.testing.assert_array_equal(y, np.broadcast_to(h, y.shape))


def test_units_of_an_indrnn_do_not_see_each_other(rng):
    """The Jacobian of a step is diagonal, and u to the power of the lag over time."""
    layer = rnnlab.Recurrent("indrnn", 3, 6, dtype="float64", seed=2)
    assert ((layer.parameters["u_l0"] >= 0) & (layer.parameters["u_l0"] < 1)).all()
    layer.parameters["bias_l0"][:] = 9.0  # no unit is cut off
    tape = layer.forward(rng.standard_normal((20, 2, 3)))
    for unit in range(6):
        d_output = np.zeros_like(tape.output)
        d_output[-1, :, unit] = 1
        d_h = layer.backward(tape, d_output, through_time=True).states()["h"]
        lags = layer.parameters["u_l0"][unit] ** np.arange(20, -1, -1.0)
        np.testing.assert_allclose(d_h[:, 0, unit], lags, rtol=1e-12)
        assert not np.delete(d_h, unit, axis=2).any()


def test_an_irnn_is_the_rectified_network_started_at_the_identity(rng):
    one = rnnlab.Recurrent("irnn", 4, 6, seed=5)
    other = rnnlab.Recurrent("rnn-relu", 4, 6, init="irnn", seed=5)
    for name, array in other.parameters.items():
        np.testing.assert_array_equal(one.parameters[name], array)
    h = np.abs(rng.standard_normal((1, 2, 6))).astype(np.float32)
    y, _ = one(np.zeros((100, 2, 4), np.float32), (h,))
    np.testing.assert_array_equal(y, np.broadcast_to(h, y.shape))  # it remembers


def test_the_context_of_scrn_fades_by_its_factor(rng):
    layer = rnnlab.Recurrent("scrn", 2, 5, dtype="float64")
    s = rng.standard_normal((1, 3, 5))
    tape = layer.forward(np.zeros((50, 3, 2)), (np.zeros_like(s), s))
    powers = 0.95 ** np.arange(51.0)
    np.testing.assert_allclose(tape.states()["s"], powers[:, None, None] * s, rtol=1e-13)


def test_an_oscillator_that_is_not_driven_swings_down(rng):
    """CoRNN without weights: a linear map of (h, z), the same one in every step."""
    layer = rnnlab.Recurrent("cornn", 2, 5, dtype="float64")
    for array in layer.parameters.values():
        array[:] = 0
    h, z = rng.standard_normal((2, 1, 3, 5))
    tape = layer.forward(np.zeros((200, 3, 2)), (h, z))
    dt, gamma, epsilon = 0.042, 2.7, 4.7
    speed = np.array([-dt * gamma, 1 - dt * epsilon])
    step = np.array([np.array([1.0, 0.0]) + dt * speed, speed])
    for t in (1, 10, 200):
        expected = np.linalg.matrix_power(step, t) @ np.stack([h[0].ravel(), z[0].ravel()])
        np.testing.assert_allclose(tape.states()["h"][t].ravel(), expected[0], rtol=0, atol=1e-13)
        np.testing.assert_allclose(tape.states()["z"][t].ravel(), expected[1], rtol=0, atol=1e-13)


def test_a_multiplicative_lstm_whose_input_multiplies_by_one_is_an_lstm(make_case):
    case = make_case("lstm", (7, 5, 1, 9))
    case.x[:] = 1
    layer = rnnlab.Recurrent("multiplicative-lstm", 1, 9, dtype="float64")
    for gate in "ifgo":
        layer.set_gate(gate, *case.layer.gate(gate))
    layer.parameters["weight_ih_l0"][:9] = 1
    layer.parameters["weight_hh_l0"][:9] = np.eye(9)  # m = h
    assert_same_run(layer, case.layer, case)


def test_the_stabiliser_of_slstm_changes_nothing_but_the_range(make_case):
    """Equations 8 to 14 of the paper with bare exponentials, small enough to be held."""
    case = make_case("slstm", (9, 4, 3, 6))
    p = {name.removesuffix("_l0"): array for name, array in case.layer.parameters.items()}
    tape, m = case.forward(), case.state.m[0]
    h, c, n = case.state.h[0], case.state.c[0] * np.exp(m), case.state.n[0] * np.exp(m)
    for t, x in enumerate(case.x):
        i, f, z, o = np.split(x @ p["weight_ih"].T + h @ p["weight_hh"].T + p["bias"], 4, axis=1)
        c = sigmoid_of(f) * c + np.exp(i) * np.tanh(z)
        n = sigmoid_of(f) * n + np.exp(i)
        h = sigmoid_of(o) * c / n
        np.testing.assert_allclose(tape.output[t], h, rtol=0, atol=1e-13)
    zeros = [np.zeros_like(state) for state in case.state]
    over_time = case.layer.backward(tape, case.d_output, zeros, through_time=True).states()
    assert np.abs(over_time["m"][1:]).max() < 1e-14  # a new m is a change of scale, no more
    assert np.abs(over_time["m"][0]).max() > 0.01  # at the start it says how much c and n weigh


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_slstm_holds_inputs_whose_exponential_no_float_does(dtype, rng):
    layer = rnnlab.Recurrent("slstm", 2, 4, dtype=dtype)
    layer.parameters["weight_ih_l0"][:4] *= 2000  # exp(2000) is infinite
    x = rng.standard_normal((30, 3, 2)).astype(dtype)
    tape = layer.forward(x)
    gradients = layer.backward(tape, np.ones_like(tape.output))
    assert tape.states()["m"].max() > 1000
    assert tape.states()["m"][1].min() < -1000  # in the first step there is nothing yet to keep
    assert np.isfinite(tape.output).all()
    assert np.abs(tape.output).max() <= 1
    assert all(np.isfinite(array).all() for array in gradients.parameters.values())
    assert (tape.states()["n"][1:] > 0).all()


def test_one_scalar_moves_every_unit(rng):
    """The gradient of a scalar is the sum of what each unit says, in both dtypes."""
    found = {}
    for dtype in ("float64", "float32"):
        layer = rnnlab.Recurrent("fastgrnn", 3, 5, dtype=dtype, seed=1)
        assert layer.parameters["zeta_l0"].shape == layer.parameters["nu_l0"].shape == (1,)
        x = np.linspace(-1, 1, 4 * 2 * 3).reshape(4, 2, 3).astype(dtype)
        tape = layer.forward(x)
        found[dtype] = layer.backward(tape, np.ones_like(tape.output)).parameters
    layer = rnnlab.Recurrent("fastgrnn", 3, 5, dtype="float64", seed=1)
    for name in ("zeta_l0", "nu_l0"):
        sums = []
        for amount in (1e-6, -2e-6):
            layer.parameters[name] += amount
            sums.append(layer(x.astype(float))[0].sum())
        layer.parameters[name] += 1e-6
        assert found["float64"][name][0] == pytest.approx((sums[0] - sums[1]) / 2e-6, rel=1e-6)
        assert found["float32"][name][0] == pytest.approx(found["float64"][name][0], rel=1e-4)
