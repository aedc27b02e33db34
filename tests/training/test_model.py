"""A recurrent layer with a readout, and its gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest

import rnnlab
from rnnlab import GRU, LSTM, Recurrent
from rnnlab.engine.readout_matmul import matmul
from rnnlab.registry import cells
from rnnlab.training import (
    SequenceModel,
    mean_squared_error,
    softmax_cross_entropy,
)


def make(cell, rng, dtype="float64", sizes=(3, 4, 5)):
    inputs, units, outputs = sizes
    model = SequenceModel(Recurrent(cell, inputs, units, dtype=dtype, seed=1), outputs, seed=2)
    for array in model.parameters.values():
        array += 0.2 * rng.standard_normal(array.shape)
    return model


@pytest.mark.parametrize("cell", cells.names())
@pytest.mark.parametrize("loss", [softmax_cross_entropy, mean_squared_error])
def test_gradients_by_finite_differences(cell, loss, rng):
    """Every parameter of layer and readout, through loss, readout and time."""
    model = make(cell, rng)
    steps = 7 if cell == "tau-gru" else 4  # its matrix on h5 waits for h of 6 steps before
    x = rng.standard_normal((steps, 3, 3))
    targets = rng.integers(5, size=(steps, 3))
    if loss is mean_squared_error:
        targets = rng.standard_normal((steps, 3, 5))
    value, gradients = model.loss_and_gradients(x, targets, loss)
    assert value == loss(model.predict(x), targets)[0]
    assert gradients.keys() == model.parameters.keys()
    for name, array in model.parameters.items():
        expected = np.empty_like(array)
        for index in np.ndindex(array.shape):
            middle = array[index]
            sides = []
            for shift in (1e-5, -1e-5):
                array[index] = middle + shift
                sides.append(loss(model.predict(x), targets)[0])
            array[index] = middle
            expected[index] = (sides[0] - sides[1]) / 2e-5
        scale = np.abs(expected).max()
        # In oscillators h moves by the time step's square alone: what differences round is larger.
        slow = cell in ("cornn", "unicornn") and not name.startswith("readout")
        assert scale > (1e-7 if slow else 1e-4), name
        assert np.abs(gradients[name] - expected).max() < (1e-4 if slow else 1e-6) * scale, name


def test_the_readout_is_a_linear_map_of_every_output(rng):
    model = make("gru", rng)
    x = rng.standard_normal((6, 2, 3))
    y, _ = model.layer(x)
    expected = np.einsum("tbh,oh->tbo", y, model.readout_weight) + model.readout_bias
    found = model.predict(x)
    assert found.shape == (6, 2, 5)
    np.testing.assert_allclose(found, expected, atol=1e-14)


def test_parameters_are_live_and_counted(rng):
    model = make("lstm", rng)
    names = ["weight_ih_l0", "weight_hh_l0", "bias_l0", "readout_weight", "readout_bias"]
    assert list(model.parameters) == names
    assert model.parameters["readout_weight"].shape == (5, 4)
    assert model.parameters["readout_bias"].shape == (5,)
    assert model.parameter_count == 4 * 4 * (3 + 4 + 1) + 5 * (4 + 1)
    x = rng.standard_normal((3, 2, 3))
    before = model.predict(x)
    model.parameters["readout_bias"][:] += 1
    np.testing.assert_allclose(model.predict(x), before + 1, atol=1e-14)
    for array in model.parameters.values():
        array[:] = 0
    assert not model.predict(x).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_readout_has_the_same_bits_wherever_a_row_stands(dtype, rng):
    """A BLAS would go by the number of rows and of threads."""
    model = make("rnn", rng, dtype, (3, 67, 9))
    x = rng.standard_normal((11, 37, 3)).astype(dtype)
    whole = model.predict(x)
    order = rng.permutation(37)
    np.testing.assert_array_equal(model.predict(x[:, order]), whole[:, order])
    np.testing.assert_array_equal(model.predict(x[:5, 3:4]), whole[:5, 3:4])
    targets = rng.integers(9, size=(11, 37))
    before = rnnlab.get_num_threads()
    try:
        found = []
        for count in (1, 2, 3):
            rnnlab.set_num_threads(count)
            found.append(model.loss_and_gradients(x, targets, softmax_cross_entropy))
    finally:
        rnnlab.set_num_threads(before)
    for value, gradients in found[1:]:
        assert value == found[0][0]
        for name, array in gradients.items():
            np.testing.assert_array_equal(array, found[0][1][name])


def test_products_of_the_readout_are_those_of_a_fixed_order(rng):
    """Not a BLAS's, whose order may follow its threads: the bits are the engine's product's."""
    model = make("rnn", rng, "float32", (3, 67, 9))
    x = rng.standard_normal((40, 30, 3)).astype(np.float32)
    targets = rng.integers(9, size=(40, 30))
    y, _ = model.layer(x)
    _, d_logits = softmax_cross_entropy(model.predict(x), targets)
    _, gradients = model.loss_and_gradients(x, targets, softmax_cross_entropy)
    expected = matmul(d_logits.reshape(-1, 9).T, y.reshape(-1, 67))
    assert (
        d_logits.reshape(-1, 9).T @ y.reshape(-1, 67) != expected
    ).any()  # else it shows nothing
    np.testing.assert_array_equal(gradients["readout_weight"], expected)


def test_float32_gradients_of_long_batches_hold_their_digits(rng):
    """Sums over T * B = 51,200 rows: within 1e-5 of float64, the readout's bias included."""
    model = make("rnn", rng, "float32", (3, 8, 4))
    x = rng.standard_normal((400, 128, 3)).astype(np.float32)
    targets = rng.integers(4, size=(400, 128))
    _, found = model.loss_and_gradients(x, targets, softmax_cross_entropy)
    _, expected = model.astype("float64").loss_and_gradients(x, targets, softmax_cross_entropy)
    for name, array in expected.items():
        assert np.abs(found[name] - array).max() < 1e-5 * np.abs(array).max(), name


def test_the_seed_sets_the_readout(rng):
    layer = LSTM(3, 4)
    one, same, other = (SequenceModel(layer, 5, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.readout_weight, same.readout_weight)
    assert (one.readout_weight != other.readout_weight).all()
    assert not one.readout_bias.any()
    assert np.abs(one.readout_weight).max() <= math.sqrt(6 / 9)


def test_astype_is_a_copy(rng):
    model = make("gru", rng, "float32")
    copy = model.astype("float64")
    assert copy.layer.dtype == "float64"
    for name, array in copy.parameters.items():
        np.testing.assert_array_equal(array, model.parameters[name].astype(np.float64))
        array[:] = 0
        assert model.parameters[name].any()


@pytest.mark.parametrize("size", [0, -1])
def test_output_sizes_that_cannot_be(size):
    with pytest.raises(ValueError, match=f"output_size must be at least 1, got {size}"):
        SequenceModel(GRU(2, 3), size)
    with pytest.raises(TypeError, match="output_size must be an int"):
        SequenceModel(GRU(2, 3), 2.0)  # type: ignore[arg-type]


def test_bad_input_reaches_the_layers_checks(rng):
    model = make("gru", rng)
    x = rng.standard_normal((4, 2, 3))
    x[1, 1, 1] = np.nan
    with pytest.raises(ValueError, match="x must be finite"):
        model.predict(x)
    with pytest.raises(ValueError, match=r"targets must have shape \(4, 2\), got \(2, 4\)"):
        model.loss_and_gradients(np.ones((4, 2, 3)), np.zeros((2, 4), int), softmax_cross_entropy)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_parameters_that_are_not_finite_make_a_loss_that_is_not(bad, rng):
    model = make("lstm", rng)
    model.readout_weight[:] = bad
    value, gradients = model.loss_and_gradients(
        rng.standard_normal((3, 2, 3)), np.zeros((3, 2), int), softmax_cross_entropy
    )
    assert not math.isfinite(value)
    assert gradients == {}
