"""Gradient decay against closed forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from rnnlab import GRU, LSTM, RNN, PeepholeLSTM, Recurrent
from rnnlab.analysis import (
    decay_per_step,
    gradient_decay,
    half_life,
    linearise,
    noise_decay,
    step_jacobians,
)
from rnnlab.registry import cells
from rnnlab.training import SequenceModel, mean_squared_error


def decay_of(layer, inputs, outputs=4, seed=0):
    model = SequenceModel(layer, outputs, seed=seed)
    targets = np.zeros(inputs.shape[:2], int)
    frame = gradient_decay(model, inputs, targets)
    return model, {state: part.set_index("lag") for state, part in frame.groupby("state")}


def d_last(model, inputs):
    """dL/dy_T of each sequence by hand: (softmax - one-hot) V, for class 0."""
    y, _ = model.layer(inputs)
    logits = y[-1] @ model.readout_weight.T + model.readout_bias
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    p[:, 0] -= 1
    return p @ model.readout_weight


#: States by cell that the output does not see in the same step: their gradient is 0 at lag 0.
LATE = {
    "memory-controller-lstm": ("v",),
    "intersection-rnn": ("h",),
    "tau-gru": ("h1", "h2", "h3", "h4", "h5"),
    "t-gru": ("z_before", "f_before", "o_before"),
    "t-lstm": ("z_before", "f_before", "o_before"),
}


@pytest.mark.parametrize("name", cells.names())
def test_the_table(name, rng):
    layer = Recurrent(name, 3, 6, dtype="float64")
    model = SequenceModel(layer, 4)
    frame = gradient_decay(model, rng.standard_normal((12, 5, 3)), np.zeros((12, 5), int))
    assert list(frame) == ["state", "lag", "norm", "log10_norm", "relative_norm"]
    assert list(dict.fromkeys(frame.state)) == list(layer.cell.states)
    for _, part in frame.groupby("state"):
        assert part.lag.tolist() == list(range(13))
        # Rectified units that are off hand nothing back, and the stabiliser m of sLSTM changes
        # nothing: norms of 0, the logarithm of which is -inf.
        late = part.state.iloc[0] in LATE.get(name, ())
        reference = int(np.argmax(part.norm > 0)) if late else 0  # the first lag with a gradient
        with np.errstate(divide="ignore", invalid="ignore"):
            log10, relative = np.log10(part.norm), part.norm / part.norm.iloc[reference]
        assert not part.norm.iloc[:reference].any()
        assert relative.iloc[reference] == 1 or (name, part.state.iloc[0]) == ("slstm", "m")
        np.testing.assert_allclose(part.log10_norm, log10, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(part.relative_norm, relative, rtol=1e-13)
    assert frame.lag.dtype.kind == "i"


def test_a_linear_rnn_decays_by_its_weight(rng):
    """U = .9 I and no input: tanh is linear at 0, so dL/dh_{T-k} = .9^k dL/dh_T."""
    layer = RNN(2, 5, dtype="float64")
    layer.parameters["weight_hh_l0"][:] = 0.9 * np.eye(5)
    layer.parameters["bias_l0"][:] = 0
    _, tables = decay_of(layer, np.zeros((60, 3, 2)))
    np.testing.assert_allclose(tables["h"].relative_norm, 0.9 ** np.arange(61.0), rtol=1e-12)
    assert half_life(tables["h"].relative_norm) == pytest.approx(math.log(2) / -math.log(0.9))
    assert decay_per_step(tables["h"].log10_norm) == pytest.approx(math.log10(0.9), rel=1e-12)


def test_one_unit_of_an_rnn_by_hand(rng):
    """dh_t/dh_{t-1} = u (1 - h_t^2); the mean over the batch is of |.|."""
    layer = RNN(1, 1, dtype="float64")
    layer.parameters["weight_hh_l0"][:] = u = -0.8
    x = rng.standard_normal((7, 4, 1))
    model, tables = decay_of(layer, x)
    h = layer.forward(x).states()["h"][..., 0]
    gradient = np.abs(d_last(model, x)[:, 0])
    expected = [gradient.mean()]
    for t in range(7, 0, -1):
        gradient = gradient * np.abs(u * (1 - h[t] ** 2))
        expected.append(gradient.mean())
    np.testing.assert_allclose(tables["h"].norm, expected, rtol=1e-12)
    # The mean of norms is not the norm of means.
    assert expected[3] != pytest.approx(np.abs(gradient.mean()))


@pytest.mark.parametrize("kind", [LSTM, PeepholeLSTM])
def test_an_lstm_without_recurrent_weights(kind, rng):
    """dL/dc_T = dL/dh_T o (1 - tanh^2 c); below it the product of forget gates; h stops at once."""
    layer = kind(3, 5, dtype="float64", seed=4)
    layer.parameters["weight_hh_l0"][:] = 0
    x = rng.standard_normal((20, 6, 3))
    model, tables = decay_of(layer, x)
    tape = layer.forward(x)
    f, o, c = tape.gates()["f"], tape.gates()["o"], tape.states()["c"]
    gradient = d_last(model, x) * o[-1] * (1 - np.tanh(c[-1]) ** 2)
    expected = [np.linalg.norm(gradient, axis=-1).mean()]
    for t in range(19, -1, -1):
        gradient = gradient * f[t]
        expected.append(np.linalg.norm(gradient, axis=-1).mean())
    np.testing.assert_allclose(tables["c"].norm, expected, rtol=1e-12)
    h = tables["h"]
    last = np.linalg.norm(d_last(model, x), axis=-1).mean()
    assert h.norm[0] == pytest.approx(last, rel=1e-12)
    assert (h.norm[1:] == 0).all()
    assert (h.log10_norm[1:] == -np.inf).all()
    assert (h.relative_norm[1:] == 0).all()
    assert half_life(h.relative_norm) == 1.0


def test_the_loss_is_at_the_last_step_only(rng):
    """Targets of other steps do not count, nor do inputs after..., nor is fresh error fed in."""
    layer = GRU(3, 5, dtype="float64", seed=1)
    model = SequenceModel(layer, 4)
    x, targets = rng.standard_normal((9, 3, 3)), rng.integers(4, size=(9, 3))
    one = gradient_decay(model, x, targets)
    other_targets = rng.integers(4, size=(9, 3))
    other_targets[-1] = targets[-1]
    np.testing.assert_array_equal(one.norm, gradient_decay(model, x, other_targets).norm)
    changed = targets.copy()
    changed[-1] = (changed[-1] + 1) % 4
    assert (one.norm != gradient_decay(model, x, changed).norm).all()


def test_against_differences_of_the_initial_state(rng):
    """The norm at lag T is that of the gradient of the initial state, sequence by sequence."""
    layer = GRU(2, 3, dtype="float64", seed=5)
    x = rng.standard_normal((4, 1, 2))
    model, tables = decay_of(layer, x)
    gradient = np.empty(3)
    for unit in range(3):
        sides = []
        for shift in (1e-5, -1e-5):
            h = np.zeros((1, 1, 3))
            h[0, 0, unit] = shift
            y, _ = layer(x, (h,))
            logits = y[-1, 0] @ model.readout_weight.T + model.readout_bias
            sides.append(np.log(np.exp(logits).sum()) - logits[0])
        gradient[unit] = (sides[0] - sides[1]) / 2e-5
    assert tables["h"].norm[4] == pytest.approx(np.linalg.norm(gradient), rel=1e-7)


@pytest.mark.parametrize("copies", [2, 37])
def test_the_norm_does_not_depend_on_the_size_of_the_batch(copies, rng):
    layer = LSTM(3, 5, dtype="float64", seed=1)
    x = rng.standard_normal((8, 2, 3))
    _, one = decay_of(layer, x)
    _, many = decay_of(layer, np.tile(x, (1, copies, 1)))
    for state, table in one.items():
        np.testing.assert_allclose(many[state].norm, table.norm, rtol=1e-12)


def test_the_model_and_its_arguments_are_left_alone(rng):
    model = SequenceModel(LSTM(3, 5, dtype="float64"), 4)
    before = {name: array.copy() for name, array in model.parameters.items()}
    x, targets = rng.standard_normal((8, 2, 3)), rng.integers(4, size=(8, 2))
    copies = x.copy(), targets.copy()
    gradient_decay(model, x, targets)
    np.testing.assert_array_equal(x, copies[0])
    np.testing.assert_array_equal(targets, copies[1])
    for name, array in before.items():
        np.testing.assert_array_equal(model.parameters[name], array)


def test_norms_below_the_square_root_of_the_smallest_number_are_measured():
    """1e-200 squared is 0: the norm is taken to scale."""
    layer = RNN(1, 3, dtype="float64")
    layer.parameters["weight_hh_l0"][:] = 0.1 * np.eye(3)
    _, tables = decay_of(layer, np.zeros((300, 2, 1)))
    np.testing.assert_allclose(
        tables["h"].log10_norm - tables["h"].log10_norm[0], -np.arange(301.0)
    )


@pytest.mark.parametrize(("scale", "end"), [(1e-3, 0.0), (1e3, math.inf)])
def test_norms_beyond_float64_keep_their_logarithm(scale, end):
    layer = RNN(1, 3, dtype="float64")
    layer.parameters["weight_hh_l0"][:] = scale * np.eye(3)
    _, tables = decay_of(layer, np.zeros((3000, 2, 1)))
    table = tables["h"]
    assert table.norm.iloc[-1] == table.relative_norm.iloc[-1] == end
    change = table.log10_norm - table.log10_norm[0]
    np.testing.assert_allclose(change, math.log10(scale) * np.arange(3001.0), rtol=1e-12)
    assert decay_per_step(table.log10_norm) == pytest.approx(math.log10(scale), rel=1e-9)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("name", cells.names())
def test_every_cell_and_layer_against_the_engine(name, layers, rng):
    """dL/ds_t of every state of every layer, as the compiled backward pass has it."""
    layer = Recurrent(name, 3, 5, num_layers=layers, dtype="float64", seed=2)
    for array in layer.parameters.values():
        array += 0.2 * rng.standard_normal(array.shape)  # no vector stays at 0
    x = rng.standard_normal((9, 4, 3))
    model, tables = decay_of(layer, x)
    d_output = np.zeros((9, 4, 5))
    d_output[-1] = d_last(model, x)
    gradients = layer.backward(layer.forward(x), d_output, through_time=True)
    found = {}
    for number in range(layers):
        for state, over_time in gradients.states(number).items():
            label = state if layers == 1 else f"{state}_l{number}"
            found[label] = np.linalg.norm(over_time, axis=2).mean(axis=1)[::-1]
    assert set(tables) == set(found)
    largest = max(norm.max() for norm in found.values())
    for label, norm in found.items():
        # what is rounding error beside the others stays so: the stabiliser of sLSTM
        np.testing.assert_allclose(tables[label].norm, norm, rtol=1e-10, atol=1e-15 * largest)


def test_the_last_answer_of_every_sequence_counts(rng):
    """Sequences that end earlier are measured from where they ask last; padding does not matter."""
    layer = LSTM(3, 5, dtype="float64", seed=1)
    model = SequenceModel(layer, 4)
    x, targets = rng.standard_normal((9, 3, 3)), rng.integers(4, size=(9, 3))
    targets[7:, 1], targets[5:, 2] = -1, -1
    frame = gradient_decay(model, x, targets)
    assert frame.lag.max() == 5
    parts = [
        gradient_decay(model, x[:end, [b]], targets[:end, [b]]) for b, end in enumerate((9, 7, 5))
    ]
    for state, part in frame.groupby("state"):
        alone = [one[one.state == state].norm.to_numpy()[:6] for one in parts]
        np.testing.assert_allclose(part.norm, np.mean(alone, axis=0), rtol=1e-12)


def test_other_losses(rng):
    layer = GRU(3, 5, dtype="float64", seed=1)
    model = SequenceModel(layer, 2)
    x, targets = rng.standard_normal((9, 3, 3)), rng.standard_normal((9, 3, 2))
    frame = gradient_decay(model, x, targets, mean_squared_error)
    y = model.predict(x)[-1]
    d = (y - targets[-1]) @ model.readout_weight  # 2 (y - t) / O with O = 2
    assert frame.norm[0] == pytest.approx(np.linalg.norm(d, axis=1).mean(), rel=1e-12)
    targets[-2:] = np.nan
    assert gradient_decay(model, x, targets, mean_squared_error).lag.max() == 7


def test_a_sequence_without_an_answer_is_refused():
    model = SequenceModel(GRU(2, 3, dtype="float64"), 2)
    targets = np.array([[0, -1], [1, -1]])
    with pytest.raises(
        ValueError, match="must have a target that is not ignored, and sequence 1 has none: leave"
    ):
        gradient_decay(model, np.zeros((2, 2, 2)), targets)


def test_on_noise(rng):
    """Gradients of length 1 at the end, in a direction of their own for each sequence."""
    layer = GRU(3, 5, dtype="float64", seed=1)
    model = SequenceModel(layer, 2)
    x = rng.standard_normal((9, 200, 3))
    frame = noise_decay(model, x, np.random.default_rng(3))
    assert frame.norm[0] == pytest.approx(1.0, rel=1e-12)
    jacobians = step_jacobians(linearise(layer, x))
    # E |J' d|^2 = |J|_F^2 / H for directions drawn evenly; the mean norm is close to its root
    expected = np.sqrt(np.square(jacobians[-1]).sum(axis=(1, 2)) / 5).mean()
    assert frame.norm[1] == pytest.approx(expected, rel=0.05)


def test_a_gradient_of_zero_has_no_relative_norm_and_warns_of_nothing():
    layer = RNN(1, 3, dtype="float64")
    model = SequenceModel(layer, 2)
    model.readout_weight[:] = 0
    frame = gradient_decay(model, np.zeros((3, 2, 1)), np.zeros((3, 2), int))
    assert (frame.norm == 0).all()
    assert (frame.log10_norm == -np.inf).all()
    assert frame.relative_norm.isna().all()


def test_one_step(rng):
    _, tables = decay_of(GRU(1, 1, dtype="float64"), rng.standard_normal((1, 1, 1)))
    assert tables["h"].index.tolist() == [0, 1]


def test_float32_is_refused():
    model = SequenceModel(GRU(2, 3), 2)
    with pytest.raises(
        ValueError, match=r"in float64, got float32: use astype\(\"float64\"\) of the"
    ):
        gradient_decay(model, np.zeros((3, 2, 2), np.float32), np.zeros((3, 2), int))
    x = np.zeros((3, 2, 2), np.float32)  # the input is widened
    assert len(gradient_decay(model.astype("float64"), x, np.zeros((3, 2), int))) == 4


class TestHalfLife:
    @pytest.mark.parametrize("rate", [0.1, 0.45, 0.5, 0.9, 0.999])
    def test_of_an_exponential(self, rate):
        values = rate ** np.arange(2000.0)
        assert half_life(values) == pytest.approx(math.log(0.5) / math.log(rate), rel=1e-10)

    def test_at_a_lag_exactly(self):
        assert half_life([1, 0.9, 0.5, 0.1]) == 2.0

    def test_is_interpolated_in_the_logarithm(self):
        """From .8 to .2 over a step: log(.8/.5) / log(.8/.2), not the straight line's .5."""
        expected = 1 + math.log(1.6) / math.log(4)
        assert half_life([1, 0.8, 0.2]) == pytest.approx(expected, rel=1e-14)

    def test_is_the_first_time(self):
        assert half_life([1, 0.5, 2, 0.1]) == 1.0

    @pytest.mark.parametrize("values", [[1.0], [1, 0.51, 0.9], [1, 5, 1e300], [1, math.inf]])
    def test_never(self, values):
        assert half_life(values) == math.inf

    def test_of_exact_zeros(self):
        assert half_life([1, 0, 0]) == 1.0
        assert half_life([1, 0.7, 0]) == 2.0

    def test_of_a_tail_of_nan(self):
        assert half_life([1, 0.25, math.nan]) == 0.5

    def test_takes_any_sequence(self):
        import pandas as pd

        series: Any = pd.Series([1.0, 0.25], index=[7, 3])  # by place, not by label
        assert half_life(series) == half_life((1.0, 0.25)) == 0.5
        assert isinstance(half_life(series), float)

    def test_of_nothing(self):
        assert math.isnan(half_life([]))


class TestDecayPerStep:
    @pytest.mark.parametrize("slope", [-3.0, -1e-6, 0.0, 0.25])
    def test_of_a_line(self, slope):
        lags = np.arange(50)
        assert decay_per_step(2.5 + slope * lags) == pytest.approx(slope, rel=1e-9, abs=1e-15)

    def test_is_the_least_squares_slope_from_lag_1(self, rng):
        values = rng.standard_normal(40)
        expected = np.polyfit(np.arange(1, 40), values[1:], 1)[0]
        assert decay_per_step(values) == pytest.approx(expected, rel=1e-10)

    def test_leaves_out_what_has_vanished(self):
        assert decay_per_step([0, -1, -math.inf, -3, -math.inf]) == pytest.approx(-1, rel=1e-12)

    @pytest.mark.parametrize("values", [[], [1.0], [1.0, -math.inf], [-math.inf, -math.inf]])
    def test_of_fewer_than_two_points(self, values):
        assert math.isnan(decay_per_step(values))


def test_a_gradient_that_is_0_at_the_end_has_no_half_life():
    assert math.isnan(half_life([math.nan] * 4))
    assert half_life([1.0, 0.9, math.nan]) == math.inf
