"""Packed weights are kept from call to call, and never outlive the parameters they were made of."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest

import rnnlab
from rnnlab.engine import Snapshot, snapshot
from rnnlab.engine.panels import pack

X = np.random.default_rng(0).standard_normal((5, 3, 4)).astype("float32")
D_OUTPUT = np.random.default_rng(1).standard_normal((5, 3, 7)).astype("float32")


def through_a_view(layer: rnnlab.Recurrent) -> None:
    layer.parameters["weight_hh_l0"][3:5].T[1] += 0.5


def through_a_kept_view(layer: rnnlab.Recurrent) -> None:
    VIEWS[id(layer)][2] = 0.25


def by_set_gate(layer: rnnlab.Recurrent) -> None:
    weight, bias = layer.gate("f")
    layer.set_gate("f", 2 * weight, bias + 1)


def into_an_output(layer: rnnlab.Recurrent) -> None:
    np.multiply(layer.parameters["bias_l0"], -3, out=layer.parameters["bias_l0"])


def one_bit(layer: rnnlab.Recurrent) -> None:
    layer.parameters["weight_ih_l0"].view(np.uint32)[0, 0] ^= 1 << 20


def to_nan(layer: rnnlab.Recurrent) -> None:
    layer.parameters["bias_l0"][0] = np.nan


VIEWS: dict[int, np.ndarray] = {}
CHANGES = [through_a_view, through_a_kept_view, by_set_gate, into_an_output, one_bit, to_nan]


def everything(layer: rnnlab.Recurrent) -> list[np.ndarray]:
    tape = layer.forward(X)
    gradients = layer.backward(tape, D_OUTPUT)
    assert gradients.input is not None
    step = layer.step(X[0])[0]
    return [layer(X)[0], tape.output, gradients.input, step, *gradients.parameters.values()]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_in_place_takes_effect(change: Callable[[rnnlab.Recurrent], None]) -> None:
    layer = rnnlab.LSTM(4, 7, num_layers=1, seed=0)
    VIEWS[id(layer)] = layer.parameters["weight_hh_l0"].reshape(-1)[10:20]
    before = everything(layer)
    everything(layer)  # from what is kept
    change(layer)
    fresh = rnnlab.LSTM(4, 7, seed=1)
    for name, array in layer.parameters.items():
        fresh.parameters[name][:] = array
    got = everything(layer)
    for mine, expected in zip(got, everything(fresh), strict=True):
        np.testing.assert_array_equal(mine, expected)
    assert not np.array_equal(got[0], before[0])


def test_a_tape_keeps_the_parameters_of_its_forward_pass() -> None:
    layer = rnnlab.GRU(4, 7, seed=0)
    layer(X)
    tape = layer.forward(X)
    expected = layer.backward(tape, D_OUTPUT).parameters
    layer.parameters["weight_hh_l0"][:] = 0
    layer(X)
    got = layer.backward(tape, D_OUTPUT).parameters
    for name, array in expected.items():
        np.testing.assert_array_equal(got[name], array)


def test_weights_are_packed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = []

    def counting(matrix: np.ndarray, out: np.ndarray) -> None:
        packed.append(matrix.shape)
        pack(matrix, out)

    monkeypatch.setattr("rnnlab.engine.weights.pack", counting)
    layer = rnnlab.Recurrent("lstm", 4, 7, num_layers=2, bidirectional=True, seed=0)
    for _ in range(3):
        layer.backward(layer.forward(X), np.ones((5, 3, 14), "float32"))
        layer(X)
    assert len(packed) == 4 * 2 * 2  # layers and directions, products, ways
    layer.parameters["weight_hh_l1"] += 1
    layer(X)
    assert len(packed) == 4 * 2 * 2 + 2  # of one direction of the second layer, forward


def test_copies_and_pickles_share_nothing() -> None:
    layer = rnnlab.LSTM(4, 7, seed=0)
    expected = layer(X)[0]
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        other.parameters["bias_l0"][:] = 5
        assert not np.array_equal(other(X)[0], expected)
    np.testing.assert_array_equal(layer(X)[0], expected)


def test_snapshots_compare_bytes() -> None:
    live = {"w": np.array([0.0, np.nan])}
    first = snapshot(live)
    assert snapshot(live, first) is first
    live["w"][0] = -0.0
    second = snapshot(live, first)
    assert second is not first
    assert np.signbit(second["w"][0])
    assert not first.holds({"w": np.array([0.0, np.nan], "float32")})
    assert not first.holds({})
    assert isinstance(pickle.loads(pickle.dumps(first)), Snapshot)
