"""Gradients against finite differences and against PyTorch's autograd, for every cell."""

from __future__ import annotations

import numpy as np
import pytest

from rnnlab.layers import Recurrent
from tests.conftest import OUTPUT_ONLY
from tests.layers.cases import FEW, WIDE, battery
from tests.layers.own_cells import EVERY

EPS = 1e-5
LIMIT = 1e-6  # of the gradient's scale; a right LSTM shows about 4e-9


@pytest.fixture(scope="module", params=battery(3, slow=15, fixed=WIDE), ids=str)
def combination(request):
    return request.param


def loss_of(case):
    y, state = case.layer(case.x, case.state)
    return float((y * case.d_output).sum()) + sum(
        float((s * d).sum()) for s, d in zip(state, case.d_state, strict=True)
    )


def central_differences(function, array):
    """Return d function / d array; `array` is perturbed in place and put back."""
    result = np.empty_like(array)
    for index in np.ndindex(array.shape):
        value = array[index]
        array[index] = value + EPS
        above = function()
        array[index] = value - EPS
        below = function()
        array[index] = value
        result[index] = (above - below) / (2 * EPS)
    return result


def assert_close(gradient, expected, what):
    scale = np.abs(expected).max()
    assert scale > 1e-3, f"{what}: nothing to compare"
    assert gradient.shape == expected.shape
    assert np.abs(gradient - expected).max() < LIMIT * scale, what


@pytest.fixture
def smooth_case(any_cell, make_case, torch_truth):
    """Return a case of odd sizes whose rectifiers are off the kink by more than a difference."""
    for seed in range(20):
        case = make_case(any_cell, (5, 3, 3, 4), seed=seed)
        if torch_truth(case).nearest_kink > 100 * EPS:
            return case
    raise AssertionError("no seed keeps off the kink")


def test_parameters_input_and_initial_states_by_finite_differences(smooth_case):
    case = smooth_case
    gradients = case.backward()

    def loss():
        return loss_of(case)

    assert gradients.parameters.keys() == case.layer.parameters.keys()
    for name, array in case.layer.parameters.items():
        assert_close(gradients.parameters[name], central_differences(loss, array), name)
    assert_close(gradients.input, central_differences(loss, case.x), "input")
    for name, array in zip(case.state._fields, case.state, strict=True):
        gradient, expected = getattr(gradients.state, name), central_differences(loss, array)
        if OUTPUT_ONLY.get(case.layer.cell.name) == name:
            assert not gradient.any()
            assert not expected.any()
        else:
            assert_close(gradient, expected, f"initial {name}")


@pytest.mark.parametrize("name", ["rnn", "rnn-relu", "gru"])
def test_gradients_through_time_by_running_the_tail(name, make_case, torch_truth):
    """With one state, dL/dh_t is what its output and the tail that starts from it say."""
    case = next(
        case
        for case in (make_case(name, (6, 3, 2, 5), seed=seed) for seed in range(20))
        if torch_truth(case).nearest_kink > 100 * EPS
    )
    over_time = case.backward().states()["h"]
    states = case.forward().states()["h"].copy()
    for t in range(6):
        h = states[t][None].copy()

        def loss(h=h, t=t):
            y, final = case.layer(case.x[t:], (h,))
            own = float((h[0] * case.d_output[t - 1]).sum()) if t else 0.0
            return own + float((y * case.d_output[t:]).sum() + (final.h * case.d_state.h).sum())

        assert_close(over_time[t], central_differences(loss, h)[0], f"h at {t}")


def lstm_loop(case, add, peepholes):
    """Loss of the LSTM in a NumPy loop; `add` (2, T+1, B, H) is added to h_t and c_t as nodes."""
    p = {name.removesuffix("_l0"): array for name, array in case.layer.parameters.items()}
    units = case.layer.hidden_size
    w, u, b = (np.split(p[n], 4) for n in ("weight_ih", "weight_hh", "bias"))
    p_i, p_f, p_o = ((p["p_i"], p["p_f"], p["p_o"]) if peepholes else np.zeros((3, units))) * 1

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    h, c = case.state.h[0] + add[0, 0], case.state.c[0] + add[1, 0]
    loss = 0.0
    for t, x in enumerate(case.x):
        i, f, g, o = (x @ w[k].T + h @ u[k].T + b[k] for k in range(4))
        new = sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * np.tanh(g)
        c = new + add[1, t + 1]  # before o and h see it
        h = sigmoid(o + p_o * c) * np.tanh(c) + add[0, t + 1]
        loss += (h * case.d_output[t]).sum()
    return float(loss + (h * case.d_state.h[0]).sum() + (c * case.d_state.c[0]).sum())


@pytest.mark.parametrize("name", ["lstm", "peephole-lstm"])
def test_gradients_through_time_of_a_cell_whose_output_sees_its_state(name, make_case):
    """dL/dc_t counts the path to h_t within the step: differences of a node in a NumPy loop."""
    case = make_case(name, (4, 2, 3, 3))
    over_time = case.backward().states()
    add = np.zeros((2, 5, 2, 3))
    expected = central_differences(lambda: lstm_loop(case, add, "peephole" in name), add)
    assert_close(over_time["h"], expected[0], "h")
    assert_close(over_time["c"], expected[1], "c")
    # The path is a large one: without it c at the last step would have no gradient but d_state.
    assert np.abs(over_time["c"][-1] - case.d_state.c[0]).max() > 0.1


def test_everything_against_autograd(case, combination, torch_truth):
    """Outputs and all gradients against the cell's function on PyTorch's tensors.

    Of every layer and direction of a stack, dL/ds_t of the lower ones included.
    """
    assert_autograd_agrees(case, torch_truth(case), combination.dtype)


def assert_autograd_agrees(case, truth, dtype):
    tape = case.forward()
    gradients = case.backward(tape)
    # float32 is compared with a truth in float64, so the limits hold the rounding of a whole run.
    states, gradient_limit = (1e-10, 1e-10) if dtype == "float64" else (1e-5, 1e-4)

    def close(value, expected, limit, what):
        scale = max(1.0, np.abs(expected).max())
        assert np.abs(value - expected).max() < limit * scale, what

    close(tape.output, truth.output, states, "output")
    for row, (layer, reverse) in enumerate(case.rows):
        for name, expected in truth.states[row].items():
            close(tape.states(layer, reverse)[name], expected, states, name)
            close(getattr(tape.state, name)[row], expected[-1], states, f"final {name}")
    for name, expected in truth.parameters.items():
        close(gradients.parameters[name], expected, gradient_limit, name)
    close(gradients.input, truth.input, gradient_limit, "input")
    for row, (layer, reverse) in enumerate(case.rows):
        for name, expected in truth.through_time[row].items():
            found = gradients.states(layer, reverse)[name]
            close(found, expected, gradient_limit, f"{name} through time")
            initial = getattr(gradients.state, name)[row]
            close(initial, expected[0], gradient_limit, f"initial {name}")


def test_the_input_gradient_can_be_left_out(make_case):
    case = make_case("lstm", (4, 3, 2, 5))
    tape = case.forward()
    whole = case.layer.backward(tape, case.d_output, case.d_state)
    without = case.layer.backward(tape, case.d_output, case.d_state, input_gradient=False)
    assert without.input is None
    for name, array in whole.parameters.items():
        np.testing.assert_array_equal(without.parameters[name], array)


def test_states_over_time_must_be_asked_for(make_case):
    case = make_case("gru", (4, 3, 2, 5))
    gradients = case.layer.backward(case.forward(), case.d_output)
    with pytest.raises(ValueError, match=r"through_time=True"):
        gradients.states()


@pytest.mark.parametrize("name", FEW)
def test_gradient_of_a_sum_is_the_sum_of_gradients(name, make_case):
    """Backward is linear in its arguments."""
    case = make_case(EVERY[name], (4, 3, 2, 5))
    tape = case.forward()
    zeros = np.zeros_like(case.d_output)
    by_output = case.layer.backward(tape, case.d_output)
    by_state = case.layer.backward(tape, zeros, case.d_state)
    whole = case.layer.backward(tape, case.d_output, case.d_state)
    for name, array in whole.parameters.items():
        np.testing.assert_allclose(
            by_output.parameters[name] + by_state.parameters[name], array, rtol=1e-12, atol=1e-12
        )


def test_non_default_seed_of_the_case_is_what_is_tested(make_case):
    """The cases must not be trivial: non-zero biases, peepholes and states."""
    case = make_case("peephole-lstm", (2, 2, 2, 2))
    assert isinstance(case.layer, Recurrent)
    assert all(np.abs(array).min() > 0 for array in case.layer.parameters.values())
    assert all(np.abs(array).min() > 0 for array in case.state)
