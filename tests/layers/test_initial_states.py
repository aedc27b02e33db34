"""Learned initial states: parameters like any other, used where no state is given."""

from __future__ import annotations

import numpy as np
import pytest

import rnnlab
from rnnlab import GRU, LSTM, Recurrent, cell, linear, tanh, vector
from rnnlab.training import SequenceModel, make_optimizer, mean_squared_error
from tests.layers.cases import FEW
from tests.layers.own_cells import EVERY

LAYOUTS = [(1, False), (1, True), (3, False), (2, True)]


def make(definition, rng, layout=(1, False), dtype="float64"):
    layer = Recurrent(
        definition,
        3,
        5,
        num_layers=layout[0],
        bidirectional=layout[1],
        learn_initial_state=True,
        dtype=dtype,
        seed=1,
    )
    for name in initial_of(layer):
        layer.parameters[name][:] = 0.5 * rng.standard_normal(5)
    return layer


def initial_of(layer):
    """Return the names of the learned states: by row, then by state."""
    ways = ("", "_reverse")[: 1 + layer.bidirectional]
    return [
        f"{state}0_l{k}{way}"
        for k in range(layer.num_layers)
        for way in ways
        for state in layer.cell.states
    ]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("name", FEW)
def test_names_shapes_and_where_they_start(name, layout):
    layer = Recurrent(
        EVERY[name],
        3,
        5,
        num_layers=layout[0],
        bidirectional=layout[1],
        learn_initial_state=True,
        seed=1,
    )
    plain = Recurrent(EVERY[name], 3, 5, num_layers=layout[0], bidirectional=layout[1], seed=1)
    assert set(layer.parameters) == {*plain.parameters, *initial_of(layer)}
    for name in initial_of(layer):
        assert layer.parameters[name].shape == (5,)
        assert layer.parameters[name].dtype == "float32"
        assert not layer.parameters[name].any()
    for name, array in plain.parameters.items():
        np.testing.assert_array_equal(layer.parameters[name], array)
    x = np.random.default_rng(0).standard_normal((4, 2, 3)).astype(np.float32)
    np.testing.assert_array_equal(layer(x)[0], plain(x)[0])


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("name", FEW)
def test_they_are_the_state_of_every_sequence(name, layout, rng):
    """As if they had been given; the gradient is the given state's, summed over the batch."""
    layer = make(EVERY[name], rng, layout)
    names = initial_of(layer)
    count = len(layer.cell.states)
    rows = [
        np.stack([np.tile(layer.parameters[name], (7, 1)) for name in names[k::count]])
        for k in range(count)
    ]
    x = rng.standard_normal((4, 7, 3))
    d_output = rng.standard_normal((4, 7, layer.output_size))
    tape, given = layer.forward(x), layer.forward(x, tuple(rows))
    np.testing.assert_array_equal(tape.output, given.output)
    np.testing.assert_array_equal(layer(x)[0], tape.output)
    for one, other in zip(tape.state, given.state, strict=True):
        np.testing.assert_array_equal(one, other)
    found, expected = layer.backward(tape, d_output), layer.backward(given, d_output)
    for number, name in enumerate(names):
        row, k = divmod(number, count)
        np.testing.assert_allclose(
            found.parameters[name], expected.state[k][row].sum(axis=0), rtol=1e-13, atol=1e-15
        )
        assert not expected.parameters[name].any()  # a state was given: they had no part in it
    assert list(found.parameters) == list(expected.parameters) == list(layer.parameters)
    for one, other in zip(found.state, expected.state, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("every", [None, 2])
@pytest.mark.parametrize("definition", ["rnn", "lstm", "peephole-lstm", "gru"])
def test_gradients_by_finite_differences(definition, every, rng):
    layer = make(definition, rng, (2, True))
    x = rng.standard_normal((5, 3, 3))
    d_output = rng.standard_normal((5, 3, 10))
    tape = layer.forward(x, checkpoint_every=every)
    gradients = layer.backward(tape, d_output, input_gradient=False).parameters
    for name in initial_of(layer):
        array, expected = layer.parameters[name], np.empty(5)
        for j in range(5):
            value, sides = array[j], []
            for shift in (1e-5, -1e-5):
                array[j] = value + shift
                sides.append((layer(x)[0] * d_output).sum())
            array[j] = value
            expected[j] = (sides[0] - sides[1]) / 2e-5
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(gradients[name], expected, rtol=0, atol=1e-8)


def test_a_step_begins_with_them(rng):
    layer = make("lstm", rng, (2, False))
    x = rng.standard_normal((3, 2, 3))
    y_t, state = layer.step(x[0])
    np.testing.assert_array_equal(y_t, layer(x)[0][0])
    y_t, _ = layer.step(x[1], state)
    np.testing.assert_array_equal(y_t, layer(x)[0][1])


def test_training_moves_them():
    """The first output must be what only the initial state can make it."""
    layer = GRU(1, 4, learn_initial_state=True, dtype="float64", seed=3)
    model = SequenceModel(layer, 2)
    x, targets = np.zeros((1, 5, 1)), np.tile([0.8, -0.6], (1, 5, 1))
    optimizer = make_optimizer("adam", model.parameters, 0.05)
    for _ in range(200):
        loss, gradients = model.loss_and_gradients(x, targets, mean_squared_error)
        assert gradients.keys() == model.parameters.keys()
        optimizer.step(gradients)
    assert loss < 1e-3
    assert np.abs(layer.parameters["h0_l0"]).max() > 0.05


def test_off_unless_asked_for():
    assert not LSTM(3, 4).learn_initial_state
    assert not any(name.startswith(("h0", "c0")) for name in LSTM(3, 4).parameters)


def test_astype_takes_them_along(rng):
    layer = make("lstm", rng, (2, True))
    copy = layer.astype("float32")
    assert copy.learn_initial_state
    for name in initial_of(layer):
        np.testing.assert_array_equal(copy.parameters[name], layer.parameters[name].astype("f4"))


def test_float32_sums_a_long_batch_without_drift(rng):
    layer = make("rnn", rng, dtype="float32")
    twin = layer.astype("float64")
    x = rng.standard_normal((1, 20_000, 3)).astype(np.float32)
    d_output = np.ones((1, 20_000, 5), np.float32)
    found = layer.backward(layer.forward(x), d_output).parameters["h0_l0"]
    wide = twin.backward(twin.forward(x), d_output.astype(float)).parameters["h0_l0"]
    np.testing.assert_allclose(found, wide, rtol=1e-6)


def test_a_vector_of_the_name_is_refused():
    @cell
    def clashing(x, h):
        return tanh(linear("g", x, h) + vector("h0"))

    Recurrent(clashing, 2, 3)
    with pytest.raises(
        ValueError, match="needs the name h0 for a parameter, but a vector of clashing"
    ):
        Recurrent(clashing, 2, 3, learn_initial_state=True)


def test_an_initial_state_of_another_shape():
    layer = rnnlab.GRU(2, 3, learn_initial_state=True)
    match = r"parameter h0_l0 must be float32 \(3,\), got float32 \(1, 3\)"
    with pytest.raises(ValueError, match=match):
        layer.parameters["h0_l0"] = np.zeros((1, 3), np.float32)
    layer.parameters["h0_l0"].shape = (1, 3)
    with pytest.raises(ValueError, match=match):
        layer(np.zeros((1, 1, 2), np.float32))
