"""Array input: what `np.asarray` would turn into other numbers is refused at every input."""

from __future__ import annotations

import array
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch

from rnnlab import GRU, LSTM
from rnnlab.analysis import (
    GradientRecorder,
    gate_map,
    gradient_decay,
    linearise,
    lyapunov_spectrum,
)
from rnnlab.layers.arrays import as_array, as_numbers
from rnnlab.training import (
    SGD,
    SequenceModel,
    TruncatedBPTT,
    binary_cross_entropy,
    mean_squared_error,
    softmax_cross_entropy,
)

ONES = np.ones((4, 2, 3), np.float32)


def masked(numbers: Any) -> Any:
    """Return the numbers with their first one masked."""
    numbers = np.array(numbers)
    mask = np.zeros(numbers.shape, bool)
    mask.flat[0] = True
    return np.ma.array(numbers, mask=mask)


class Converting:
    """An object that converts itself to an array, by whatever is called."""

    def __init__(self, convert: Any) -> None:
        self.convert = convert

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.convert()


def fails() -> None:
    raise RuntimeError("no data\nhere")


class TestConversion:
    @pytest.mark.parametrize(
        "value",
        [
            masked([1.0, 2.0]),
            [masked([1.0, 2.0]), np.ones(2)],
            ([[masked([1.0, 2.0])]],),
            [1.0, np.ma.masked],
            np.ma.masked,
            Converting(lambda: masked([1.0, 2.0])),  # as those of netCDF4 do
        ],
    )
    def test_masked_entries(self, value):
        with pytest.raises(ValueError, match="x must have no masked entries, got .*fill"):
            as_array("x", value)

    def test_the_remedy_of_a_masked_array(self):
        with pytest.raises(
            ValueError, match=r"got a MaskedArray with some: use x\.filled\(value\)"
        ):
            as_array("x", masked([1.0]))

    @pytest.mark.parametrize(
        "value",
        [
            np.ma.array([0.5, 1.0]),
            np.ma.array([0.5, 1.0], mask=[False, False]),
            [0.5, 1.0],
            (np.float64(0.5), 1.0),
            [np.array(0.5), np.ma.array(1.0)],
            pd.Series([0.5, 1.0]),
            pd.array([0.5, 1.0], dtype="Float64"),
            torch.tensor([0.5, 1.0], dtype=torch.float64),
            array.array("d", [0.5, 1.0]),
            np.array([0.5, 1.0]).view(np.recarray),
            Converting(lambda: np.array([0.5, 1.0])),
        ],
    )
    def test_the_values_stay_what_they_are(self, value):
        found = as_numbers("x", value)
        assert type(found) is np.ndarray
        np.testing.assert_array_equal(found, [0.5, 1.0])

    def test_a_missing_entry_of_pandas_is_nan(self):
        found = as_numbers("targets", pd.array([0.5, None], dtype="Float64"))
        np.testing.assert_array_equal(found, [0.5, np.nan])

    @pytest.mark.parametrize(
        ("value", "match"),
        [
            (None, "got NoneType: pass a NumPy array"),
            ("0.5", "got str"),
            (0.5, "got float"),
            ({"x": 1}, "got dict"),
            ((number for number in [0.5]), "got generator"),
            (scipy.sparse.eye_array(2), r"got a sparse dia_array: use x\.toarray\(\)"),
            (scipy.sparse.csr_matrix(np.eye(2)), r"use x\.toarray\(\)"),
            (Converting(fails), r"got Converting, .* fails \(no data here\): pass a NumPy array"),
            (Converting(lambda: [1]), "got Converting, whose conversion to one fails"),
            ([Converting(fails)], r"got list, .* fails \(no data here\)"),
            (
                torch.ones(2, requires_grad=True),
                r"requires grad.*: pass x\.detach\(\)\.cpu\(\)\.nu",
            ),
            ([torch.ones(2, requires_grad=True)], r": pass x\.detach\(\)\.cpu\(\)\.numpy\(\)"),
            (
                torch.ones(2, device="meta"),
                r"meta device.*: pass x\.detach\(\)\.cpu\(\)\.numpy\(\)",
            ),
            (torch.ones(2, dtype=torch.bfloat16), "got Tensor, whose conversion to one fails"),
        ],
    )
    def test_what_is_no_array(self, value, match):
        with pytest.raises(TypeError, match=f"x must be an array.*{match}") as caught:
            as_array("x", value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("value", [[[1.0], [1.0, 2.0]], [1.0, [2.0]], [np.ones(2), np.ones(3)]])
    def test_ragged_lists(self, value):
        with pytest.raises(
            ValueError, match="x must be an array.* nested lists of different length"
        ):
            as_array("x", value)

    @pytest.mark.parametrize(
        ("value", "match"),
        [
            (np.array([1, None]), "dtype object: fill missing entries, and use x.astype"),
            ([Decimal(1)], "dtype object"),
            ([2**70], "dtype object"),
            (pd.array([True, None], dtype="boolean"), "dtype object"),
            (pd.DataFrame({"a": [1.0], "b": ["c"]}), "dtype object"),
            (np.ones(2, complex), r"dtype complex128: use x\.real"),
            (["1", "2"], "dtype <U1: convert text"),
            (np.array([b"1"]), r"dtype \|S1: convert text"),
            (np.zeros(2, "M8[s]"), r"dtype datetime64\[s\]: subtract a first date"),
            (np.zeros(2, "m8[s]"), r"dtype timedelta64\[s\]: divide by a unit"),
            (np.zeros(2, [("a", "f4")]), "dtype .*: take one field"),
        ],
    )
    def test_what_is_no_number(self, value, match):
        with pytest.raises(ValueError, match=f"x must be of numbers, got {match}"):
            as_numbers("x", value)


def model(**options: Any) -> SequenceModel:
    return SequenceModel(GRU(3, 4), 2, **options)


def wide() -> SequenceModel:
    return model().astype("float64")


TARGETS = np.zeros((4, 2), int)
NUMBERS = np.zeros((4, 2, 2), np.float32)

#: From something masked to a call with it, at every public input.
INPUTS = {
    "x of a call": lambda: LSTM(3, 4)(masked(ONES)),
    "x of forward": lambda: LSTM(3, 4).forward(masked(ONES)),
    "x of step": lambda: LSTM(3, 4).step(masked(ONES[0])),
    "a state": lambda: GRU(3, 4)(ONES, (masked(np.ones((1, 2, 4), np.float32)),)),
    "lengths": lambda: GRU(3, 4)(ONES, lengths=masked([4, 2])),
    "d_output": lambda: (layer := GRU(3, 4)).backward(
        layer.forward(ONES), masked(np.ones((4, 2, 4), np.float32))
    ),
    "d_state": lambda: (layer := GRU(3, 4)).backward(
        layer.forward(ONES),
        np.ones((4, 2, 4), np.float32),
        (masked(np.ones((1, 2, 4), np.float32)),),
    ),
    "a parameter": lambda: GRU(3, 4).parameters.update(bias_l0=masked(np.ones(12, np.float32))),
    "a gate's weight": lambda: LSTM(3, 4).set_gate("f", masked(np.ones((4, 7))), np.ones(4)),
    "a gate's bias": lambda: LSTM(3, 4).set_gate(
        "f", np.ones((4, 7), np.float32), masked(np.ones(4, np.float32))
    ),
    "a readout": lambda: setattr(model(), "readout_bias", masked(np.ones(2, np.float32))),
    "what is read out": lambda: model().read_out(masked(np.ones((2, 4), np.float32))),
    "x of a model": lambda: model().predict(masked(ONES)),
    "lengths of a model": lambda: model(read="last").predict(ONES, lengths=masked([4, 2])),
    "classes": lambda: model().loss_and_gradients(ONES, masked(TARGETS), softmax_cross_entropy),
    "classes of sequences that end": lambda: model().loss_and_gradients(
        ONES, masked(TARGETS), softmax_cross_entropy, lengths=[4, 2]
    ),
    "labels": lambda: model().loss_and_gradients(ONES, masked(NUMBERS), binary_cross_entropy),
    "numbers": lambda: model().loss_and_gradients(ONES, masked(NUMBERS), mean_squared_error),
    "weights": lambda: model().loss_and_gradients(
        ONES, TARGETS, softmax_cross_entropy, weights=masked([1.0, 2.0])
    ),
    "logits": lambda: softmax_cross_entropy(masked(NUMBERS), TARGETS),
    "outputs": lambda: mean_squared_error(masked(NUMBERS), NUMBERS),
    "the value of a loss": lambda: model().loss_and_gradients(
        ONES,
        NUMBERS,
        # wrong on purpose: mypy knows that the value of a loss is a float
        lambda outputs, _: (np.ma.masked, outputs),  # type: ignore[arg-type, return-value]
    ),
    "the gradient of a loss": lambda: model().loss_and_gradients(
        ONES, masked(NUMBERS), lambda o, t: (0.0, o - t)
    ),
    "gradients of a step": lambda: SGD({"w": np.ones(2)}, 0.1).step({"w": masked([1.0, 1.0])}),
    "a stream": lambda: TruncatedBPTT(model(), 4, 4).loss_and_gradients(
        masked(ONES), TARGETS, softmax_cross_entropy
    ),
    "targets of a stream": lambda: TruncatedBPTT(model(), 4, 4).loss_and_gradients(
        ONES, masked(TARGETS), softmax_cross_entropy
    ),
    "x of linearise": lambda: linearise(wide().layer, masked(ONES)),
    "x of lyapunov_spectrum": lambda: lyapunov_spectrum(wide().layer, masked(ONES)),
    "x of gate_map": lambda: gate_map(wide().layer, masked(ONES)),
    "x of gradient_decay": lambda: gradient_decay(
        wide(), masked(ONES), TARGETS, softmax_cross_entropy
    ),
    "targets of gradient_decay": lambda: gradient_decay(
        wide(), ONES, masked(TARGETS), softmax_cross_entropy
    ),
    "x of a recorder": lambda: GradientRecorder(masked(ONES), TARGETS, every=1),
    "targets of a recorder": lambda: GradientRecorder(ONES, masked(TARGETS), every=1),
}


@pytest.mark.parametrize("name", INPUTS)
def test_no_input_drops_a_mask(name):
    with pytest.raises(ValueError, match="must have no masked entries"):
        INPUTS[name]()


class TestTargets:
    """`astype` would read them all."""

    @pytest.mark.parametrize(
        "targets",
        [
            np.zeros((4, 2, 2), complex),
            np.full((4, 2, 2), "0.5"),
            np.full((4, 2, 2), None),
            np.zeros((4, 2, 2), "M8[D]"),
            np.zeros((4, 2, 2), "m8[D]"),
        ],
    )
    @pytest.mark.parametrize("loss", [mean_squared_error, binary_cross_entropy])
    def test_that_are_no_numbers(self, targets, loss):
        with pytest.raises(ValueError, match="targets must be of numbers, got dtype"):
            loss(NUMBERS, targets)

    @pytest.mark.parametrize("targets", [np.inf, -np.inf, 1e39])
    def test_beyond_the_outputs(self, targets):
        with pytest.raises(
            ValueError, match=r"targets must be finite in float32, got -?(inf|1e\+39)"
        ):
            mean_squared_error(NUMBERS, np.full((4, 2, 2), targets))

    def test_bools_are_labels(self):
        labels = np.random.default_rng(0).random((4, 2, 2)) < 0.5
        for loss in (binary_cross_entropy, mean_squared_error):
            value, gradient = loss(NUMBERS, labels)
            expected, slope = loss(NUMBERS, labels.astype(float))
            assert value == expected
            np.testing.assert_array_equal(gradient, slope)


def test_read_only_and_unaligned_arrays_do_not_compile_anything():
    """Once, they were another type to the compiler: 10 to 20 seconds, and another kernel."""
    from rnnlab.engine.kernels import _loops

    layer = GRU(3, 4)
    tape = layer.forward(ONES)
    gradients = layer.backward(tape, np.ones_like(tape.output))
    before = [len(loop.signatures) for loop in _loops("float32")]  # type: ignore[attr-defined]
    frozen = ONES.copy()
    frozen.flags.writeable = False
    odd = np.zeros(ONES.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(ONES.shape)
    odd[:] = ONES
    for x in (frozen, odd, ONES.astype(">f4"), np.asfortranarray(ONES)):
        np.testing.assert_array_equal(layer(x)[0], tape.output)
        again = layer.backward(layer.forward(x), np.broadcast_to(np.float32(1), (4, 2, 4)))
        np.testing.assert_array_equal(again.input, gradients.input)
    assert [len(loop.signatures) for loop in _loops("float32")] == before  # type: ignore[attr-defined]
