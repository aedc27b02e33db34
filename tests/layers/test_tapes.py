"""Tapes: with copies of their layer, in pickles, and read-only."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import rnnlab
from rnnlab import GRU, LSTM, RNN, Regularisers

X = np.random.default_rng(0).standard_normal((6, 4, 3)).astype("float32")


def pickled(value):
    return pickle.loads(pickle.dumps(value))


def out_of_band(value):
    """Pickle as joblib and Dask do: the arrays that come back are read-only."""
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return pickle.loads(data, buffers=[bytes(buffer.raw()) for buffer in buffers])


OPTIONS = [
    {},
    {"num_layers": 2, "bidirectional": True, "learn_initial_state": True},
    {
        "num_layers": 2,
        "regularisers": Regularisers(dropout=0.2, recurrent_dropout=0.3, zoneout={"h": 0.1}),
    },
]
RUNS = [{}, {"checkpoint_every": 2}, {"lengths": [6, 3, 1, 4]}]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("clone", [copy.deepcopy, pickled, out_of_band])
def test_a_copy_of_the_tape_or_of_the_layer_gives_the_same_gradients(options, run, clone):
    layer = LSTM(3, 5, seed=1, **options)
    tape = layer.forward(X, noise=1, **run)
    rng = np.random.default_rng(1)
    d_output: Any = rng.standard_normal(tape.output.shape, dtype=np.float32)
    expected = layer.backward(tape, d_output, through_time=True)
    for one, record in ((clone(layer), tape), (layer, clone(tape)), (clone(layer), clone(tape))):
        found = one.backward(record, d_output, through_time=True)
        np.testing.assert_array_equal(found.input, expected.input)
        for name, array in expected.parameters.items():
            np.testing.assert_array_equal(found.parameters[name], array)
        for name, array in expected.states().items():
            np.testing.assert_array_equal(found.states()[name], array)
        for name, array in tape.gates().items():
            np.testing.assert_array_equal(record.gates()[name], array)


def test_after_the_layer_and_its_copy_have_changed():
    layer = GRU(3, 5, seed=1)
    tape = layer.forward(X)
    d_output = np.ones_like(tape.output)
    expected = layer.backward(tape, d_output).parameters["weight_hh_l0"]
    other = copy.deepcopy(layer)
    for one in (layer, other):
        for array in one.parameters.values():
            array[:] = 0
        found = one.backward(tape, d_output).parameters["weight_hh_l0"]
        np.testing.assert_array_equal(found, expected)


def test_with_the_layer_as_it_was_saved(tmp_path):
    layer = GRU(3, 5, seed=1)
    tape = pickled(layer.forward(X))
    again = rnnlab.load(layer.save(tmp_path / "layer"))
    d_output = np.ones_like(tape.output)
    expected = layer.backward(tape, d_output)
    np.testing.assert_array_equal(again.backward(tape, d_output).input, expected.input)
    again.parameters["bias_l0"][0] = 1  # neither a copy nor equal any more
    with pytest.raises(TypeError, match="got a tape of another layer"):
        again.backward(tape, d_output)


@pytest.mark.parametrize(
    "other",
    [
        lambda: GRU(3, 5, seed=2),
        lambda: GRU(3, 5, seed=1, bidirectional=True),
        lambda: GRU(3, 5, seed=1, learn_initial_state=True),
        lambda: GRU(3, 5, seed=1, regularisers=Regularisers(dropout=0.1)),
        lambda: GRU(3, 5, seed=1, dtype="float64"),
        lambda: RNN(3, 5, seed=1),
    ],
)
@pytest.mark.parametrize("clone", [lambda tape: tape, pickled])
def test_of_another_layer(other, clone):
    tape = clone(other().forward(X))
    layer = GRU(3, 5, seed=1)
    with pytest.raises(
        TypeError, match="tape must come from this layer's forward, .*another layer"
    ):
        layer.backward(tape, np.zeros_like(tape.output))


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("clone", [lambda tape: tape, pickled, out_of_band])
def test_nothing_in_it_can_be_written_to(options, clone):
    tape = clone(LSTM(3, 5, **options).forward(X))
    for array in (tape.output, *tape.state, *tape.states().values(), *tape.gates().values()):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_a_state_does_not_keep_the_tape():
    state = LSTM(3, 5).forward(X).state
    owner = state.c
    while owner.base is not None:
        owner = owner.base
    assert owner.size == 4 * 5


@pytest.mark.parametrize("call", ["__call__", "forward"])
def test_beyond_the_memory(monkeypatch, call):
    """The system would hand it out, and end the process when it is used."""
    monkeypatch.setattr("rnnlab.capacity.memory", lambda: 10**8)
    monkeypatch.setattr("rnnlab.engine.sizes.LARGE", 10**6)
    layer = LSTM(1, 64, init="torch")
    x = np.zeros((10000, 100, 1), np.float32)
    with pytest.raises(
        ValueError, match=r"T = 10000, B = 100, H = 64\) must fit .*100 MB, got .* [MG]B: "
    ):
        getattr(layer, call)(x)
    layer.forward(x[:100])
    layer.forward(x[:1000], checkpoint_every=100)


def test_repr_shows_sizes_and_no_array():
    layer = LSTM(3, 5, seed=1)
    tape = layer.forward(X)
    assert repr(tape) == "<rnnlab.Tape lstm input_size=3 hidden_size=5 T=6 B=4>"
    d_output = np.ones_like(tape.output)
    assert repr(layer.backward(tape, d_output)) == (
        "<rnnlab.LayerGradients parameters=3 input=(6, 4, 3) state=(h, c)>"
    )
    without = layer.backward(tape, d_output, input_gradient=False)
    assert repr(without) == "<rnnlab.LayerGradients parameters=3 state=(h, c)>"
