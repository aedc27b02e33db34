"""A loss of one's own: what it may return, and what becomes of it."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import rnnlab
from rnnlab.analysis import gradient_decay
from rnnlab.training import (
    SequenceModel,
    TruncatedBPTT,
    mean_squared_error,
    softmax_cross_entropy,
)
from rnnlab.training.sequence_weights import per_answer

RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 4, 3)).astype("float32")


def make(read: str = "last", dtype: str = "float32") -> SequenceModel:
    return SequenceModel(rnnlab.LSTM(3, 16, seed=1, dtype=dtype), 16, read=read, seed=2)


def mse(outputs, targets):
    error = outputs - targets
    return float((error * error).mean()), 2 * error / error.size


@pytest.mark.parametrize("read", ["last", "every"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "change",
    [
        lambda value, d: (value, d),
        lambda value, d: (np.float32(value), d.astype("float64")),
        lambda value, d: [np.array(value), d.astype("float32").astype("float64")],
        lambda value, d: (value, np.asfortranarray(d)),
        lambda value, d: (value, d.astype(">f8")),
        lambda value, d: (value, d.tolist()),
        lambda value, d: (value, np.ma.array(d)),
    ],
)
def test_gradients_of_ones_own_loss_are_right_in_any_dtype(read, dtype, change):
    """Once, a gradient in float64 was read as if it were float32: off by more than 100 %."""
    model = make(read, dtype)
    targets = RNG.standard_normal((4, 16) if read == "last" else (6, 4, 16))

    def own(outputs, targets):
        return change(*mse(outputs, targets))

    value, found = model.loss_and_gradients(X, targets, own)
    expected, gradients = model.loss_and_gradients(X, targets, mean_squared_error)
    assert value == pytest.approx(expected, rel=1e-6)
    for name, gradient in gradients.items():
        assert found[name].dtype == dtype
        assert abs(found[name] - gradient).max() < 1e-6 * abs(gradient).max()


def test_gradients_of_whole_numbers_are_cast():
    def sign(outputs, targets):
        return float(np.abs(outputs - targets).sum()), np.sign(outputs - targets).astype(int)

    def sign_of_floats(outputs, targets):
        return float(np.abs(outputs - targets).sum()), np.sign(outputs - targets)

    model, targets = make(), np.zeros((4, 16), np.float32)
    _, found = model.loss_and_gradients(X, targets, sign)
    _, expected = model.loss_and_gradients(X, targets, sign_of_floats)
    for name, gradient in expected.items():
        np.testing.assert_array_equal(found[name], gradient)


RETURNED: list[tuple[Any, str]] = [
    (lambda o: o, r"the loss own must return \(value, d_outputs\), got ndarray: return a"),
    (lambda _: None, "got NoneType"),
    (lambda _: (0.0,), "got tuple of 1"),
    (lambda o: (0.0, o, o), "got tuple of 3"),
    (lambda o: (o, 0.0), r"the loss own must return a number as its value, got ndarray of shape"),
    (lambda o: (None, o), "got NoneType: use float"),
    (lambda o: (True, o), "got bool"),
    (lambda o: (1j, o), "got complex"),
    (lambda o: ("1", o), "got str"),
    (lambda _: (0.0, None), "the gradient that the loss own returned must be an array, got None"),
    (
        lambda o: (0.0, o[:, :1]),
        r"must have the shape of the outputs, \(4, 16\), got \(4, 1\): ret",
    ),
    (lambda o: (0.0, o[:1]), r"got \(1, 16\)"),
    (lambda o: (0.0, o.T), r"got \(16, 4\)"),
    (lambda o: (0.0, o.reshape(-1)), r"got \(64,\)"),  # once, taken by its number of entries
    (lambda o: (0.0, o.sum()), r"must have the shape of the outputs, \(4, 16\), got \(\): return"),
    (
        lambda o: (0.0, o > 0),
        "the gradient that the loss own returned must be of numbers, got dtype",
    ),
    (lambda o: (0.0, o + 0j), "got dtype complex64"),
    (lambda o: (0.0, np.ma.masked_less(o, 9)), "must have no masked entries, got a MaskedArray"),
    (lambda o: (np.ma.masked, o), "the value that the loss own returned must have no masked ent"),
]


@pytest.mark.parametrize(("returned", "match"), RETURNED)
def test_what_it_must_return(returned, match):
    def own(outputs, _):
        return returned(outputs)

    with pytest.raises((TypeError, ValueError), match=match) as caught:
        make().loss_and_gradients(X, np.zeros((4, 16)), own)
    assert "\n" not in str(caught.value)


class Own:
    def __call__(self, outputs: Any, targets: Any) -> Any:
        return None


def returns_nothing(outputs, targets, weights=None):
    return None


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (Own(), "Own"),
        (returns_nothing, "returns_nothing"),
        (functools.partial(returns_nothing, weights=None), "returns_nothing"),
        (per_answer(returns_nothing), "returns_nothing"),
    ],
)
def test_its_name_is_in_the_message(loss, name):
    with pytest.raises(
        TypeError, match=rf"the loss {name} must return \(value, d_outputs\), got No"
    ):
        make().loss_and_gradients(X, np.zeros((4, 16)), loss)
    if not isinstance(loss, (Own, functools.partial)):
        with pytest.raises(TypeError, match=f"the loss {name} must return"):
            make().loss_and_gradients(X, np.zeros((4, 16)), loss, weights=np.ones(4))


@pytest.mark.parametrize("loss", ["mean-squared-error", None, 3])
def test_what_is_no_function(loss):
    with pytest.raises(
        TypeError, match="loss must be a function, got .*: pass one such as softmax_"
    ):
        make().loss_and_gradients(X, np.zeros((4, 16)), loss)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_a_gradient_that_is_not_finite_is_a_loss_of_nan(bad):
    """That is for the training loop, which marks the run as diverged."""
    value, gradients = make().loss_and_gradients(
        X, np.zeros((4, 16)), lambda outputs, _: (1.0, np.full(outputs.shape, bad))
    )
    assert np.isnan(value)
    assert gradients == {}


def test_other_callers_check_it_too():
    def own(outputs, targets):
        return 0.0, np.zeros(3)

    match = "the gradient that the loss own returned must have the shape of the outputs"
    stream = TruncatedBPTT(make("every"), 6, 6)
    with pytest.raises(ValueError, match=match):
        stream.loss_and_gradients(X, np.zeros((6, 4, 16)), own)
    with pytest.raises(ValueError, match=match):
        gradient_decay(make("every", "float64"), X, np.zeros((6, 4, 16)), own)


class TestReadout:
    def test_assignments_take_effect(self):
        """Once, `model.parameters[name] = array` was lost without a word."""
        model, targets = make(), np.zeros((4, 16))
        weight = RNG.standard_normal((16, 16)).astype("float32")
        model.parameters["readout_weight"] = weight
        model.parameters["bias_l0"] = np.ones(64, np.float32)
        model.readout_bias = np.ones(16, np.float32)
        np.testing.assert_array_equal(model.readout_weight, weight)
        assert (model.layer.parameters["bias_l0"] == 1).all()
        y, _ = model.layer(X)
        np.testing.assert_allclose(model.predict(X), y[-1] @ weight.T + 1, rtol=1e-5, atol=1e-5)
        model.parameters |= {"readout_bias": np.zeros(16, np.float32)}
        np.testing.assert_allclose(model.predict(X), y[-1] @ weight.T, rtol=1e-5, atol=1e-5)
        assert model.loss_and_gradients(X, targets, mean_squared_error)[1].keys() == set(
            model.parameters
        )

    @pytest.mark.parametrize(
        ("name", "value", "match"),
        [
            ("readout_weight", np.zeros((16, 15), np.float32), r"must be float32 \(16, 16\), got"),
            ("readout_weight", np.zeros((16, 16)), r"got float64 .*: use \.astype"),
            (
                "readout_bias",
                np.zeros(1, np.float32),
                r"must be float32 \(16,\), got float32 \(1,\)",
            ),
            ("readout", np.zeros(1, np.float32), "got 'readout': did you mean 'readout_"),
        ],
    )
    def test_assignments_of_what_does_not_fit(self, name, value, match):
        model = make()
        with pytest.raises(ValueError, match=match):
            model.parameters[name] = value
        if name != "readout":
            with pytest.raises(ValueError, match=match):
                setattr(model, name, value)

    @pytest.mark.parametrize("name", ["readout_weight", "readout_bias"])
    def test_changed_in_place(self, name):
        model = make()
        model.parameters[name].resize(1, refcheck=False)
        with pytest.raises(ValueError, match=f"parameter {name} must be .*changed in place"):
            model.predict(X)

    @pytest.mark.parametrize(
        ("y", "error", "match"),
        [
            (
                np.zeros((4, 15), np.float32),
                ValueError,
                r"y must have shape \(\.\.\., D\*H=16\), got",
            ),
            (np.zeros((4, 16)), ValueError, "y must be float32, got float64"),
            (np.zeros((4, 16), int), ValueError, "y must be of floats"),
            (np.float32(1), ValueError, r"y must have shape"),
            (None, TypeError, "y must be an array"),
        ],
    )
    def test_what_is_read_out(self, y, error, match):
        with pytest.raises(error, match=match):
            make().read_out(y)
        with pytest.raises(error, match=match.replace("y must", "read must")):
            make().readout_loss(y, np.zeros((4, 16)), mean_squared_error)

    @pytest.mark.parametrize("layer", [None, "lstm", rnnlab.LSTM, {}])
    def test_what_is_no_layer(self, layer):
        with pytest.raises(
            TypeError, match="layer must be a recurrent layer, got .*: make one with"
        ):
            SequenceModel(layer, 3)

    def test_sizes_beyond_the_memory(self):
        with pytest.raises(
            ValueError, match=r"a readout of output_size=18446744073709551616 on .*EB"
        ):
            SequenceModel(rnnlab.GRU(3, 4), 2**64)

    def test_its_gradient_equals_differences(self):
        """The readout and the layer together, with a loss in float64 on a model in float64."""
        model, targets = make(dtype="float64"), np.array([1, 3, 0, 2])
        _, gradients = model.loss_and_gradients(X, targets, softmax_cross_entropy)
        for name in ("readout_weight", "readout_bias", "weight_hh_l0"):
            array, sides = model.parameters[name], []
            at = np.unravel_index(np.abs(gradients[name]).argmax(), array.shape)
            for step in (1e-5, -1e-5):
                array[at] += step
                sides.append(softmax_cross_entropy(model.predict(X), targets)[0])
                array[at] -= step
            slope = (sides[0] - sides[1]) / 2e-5
            assert gradients[name][at] == pytest.approx(slope, rel=1e-6)
