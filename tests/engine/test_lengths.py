"""Sequences of different lengths in one batch, against each of them alone."""

from __future__ import annotations

import numpy as np
import pytest

from rnnlab import cell, linear, sigmoid, tanh
from rnnlab.engine import PassInputs, engine_for
from rnnlab.registry import cells


@cell(keep="z")
def two_products(x, h, late):
    """A product on a computed value, and a state that is returned as it came."""
    r = sigmoid(linear("r", x, h))
    n = tanh(linear("n", x, r * h) + linear("late", late))
    z = sigmoid(linear("z", x, h))
    return (1 - z) * n + z * h, h


#: Of one state and of four, with a product on a computed value; `tests/layers` runs every cell.
CELLS = {**{name: cells[name] for name in ("rnn", "gru", "slstm")}, "two-products": two_products}
# T, B, I, H: sizes of 1; parts of unequal height; chunks that do not divide T
SHAPES = [(1, 1, 1, 1), (9, 3, 2, 5), (23, 21, 3, 18)]


def make(definition, shape, rng):
    """Return parameters, inputs with NaN after the ends, states, cotangents and lengths."""
    steps, batch, inputs, units = shape
    parameters = {
        name: rng.standard_normal(array.shape(inputs=inputs, units=units)) * 0.2
        for name, array in definition.arrays.items()
    }
    lengths = rng.integers(1, steps + 1, batch)
    lengths[0] = steps
    lengths[-1] = 1
    x = rng.standard_normal((steps, batch, inputs))
    d_output = rng.standard_normal((steps, batch, units))
    padding = np.arange(steps)[:, None] >= lengths
    x[padding], d_output[padding] = np.nan, np.nan
    states = [rng.uniform(0.1, 0.9, (batch, units)) for _ in definition.states]
    d_states = [rng.standard_normal((batch, units)) for _ in definition.states]
    return parameters, x, states, d_output, d_states, lengths


def assert_close(got, expected, limit):
    """Compare relative to the largest number: a rectified cell's grow over 23 steps."""
    scale = max(1.0, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(got, expected, rtol=0, atol=limit * scale)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("kind", ["compiled", "reference"])
def test_each_sequence_is_as_it_is_alone(kind, name, shape, rng):
    definition = CELLS[name]
    engine = engine_for(definition, "float64", kind)
    parameters, x, states, d_output, d_states, lengths = make(definition, shape, rng)
    tape = engine.forward(PassInputs(parameters, x, states, lengths))
    found = engine.backward(tape, d_output, d_states, through_time=True)
    total = {key: np.zeros_like(array) for key, array in parameters.items()}
    assert found.input is not None
    assert found.through_time is not None
    for row, end in enumerate(lengths):
        own = slice(row, row + 1)
        single = engine.forward(
            PassInputs(parameters, x[:end, own].copy(), [state[own].copy() for state in states])
        )
        gradients = engine.backward(
            single, d_output[:end, own].copy(), [d[own].copy() for d in d_states], through_time=True
        )
        assert gradients.input is not None
        assert gradients.through_time is not None
        pairs = [
            (tape.output[:end, own], single.output),
            (tape.output[end:, own], 0),
            (found.input[:end, own], gradients.input),
            (found.input[end:, own], 0),
        ]
        pairs += zip((final[own] for final in tape.final), single.final, strict=True)
        pairs += zip((d[own] for d in found.initial), gradients.initial, strict=True)
        for whole, alone in zip(tape.states, single.states, strict=True):
            pairs += [(whole[: end + 1, own], alone)]
            pairs += [(later, alone[-1]) for later in whole[end + 1 :, own]]
        for whole, alone in zip(found.through_time, gradients.through_time, strict=True):
            pairs.append((whole[: end + 1, own], alone))
        for whole, last in zip(found.through_time, d_states, strict=True):
            pairs += [(later, last[own]) for later in whole[end + 1 :, own]]
        for got, expected in pairs:
            assert_close(got, expected, 1e-12)
        for key, share in gradients.parameters.items():
            total[key] += share
    for key, expected in total.items():
        assert_close(found.parameters[key], expected, 1e-11)


@pytest.mark.parametrize("name", CELLS)
def test_inference_and_checkpoints_give_the_same_bits(name, rng):
    definition = CELLS[name]
    engine = engine_for(definition, "float64")
    parameters, x, states, d_output, d_states, lengths = make(definition, SHAPES[-1], rng)
    tape = engine.forward(PassInputs(parameters, x, states, lengths))
    output, final = engine.infer(PassInputs(parameters, x, states, lengths))
    pieces = engine.checkpoint(PassInputs(parameters, x, states, lengths), 5)
    for got, expected in zip((output, *final), (tape.output, *tape.final), strict=True):
        np.testing.assert_array_equal(got, expected)
    whole = engine.backward(tape, d_output, d_states, through_time=True)
    parts = engine.backward(pieces, d_output, d_states, through_time=True)
    assert whole.through_time is not None
    assert parts.through_time is not None
    for key, expected in whole.parameters.items():
        np.testing.assert_array_equal(parts.parameters[key], expected)
    for part, one in zip(
        (parts.input, *parts.initial, *parts.through_time),
        (whole.input, *whole.initial, *whole.through_time),
        strict=True,
    ):
        np.testing.assert_array_equal(part, one)


def test_full_lengths_change_nothing(rng):
    engine = engine_for(cells["lstm"], "float64")
    parameters, x, states, d_output, d_states, lengths = make(cells["lstm"], SHAPES[-1], rng)
    x, d_output = np.nan_to_num(x), np.nan_to_num(d_output)
    full = np.full_like(lengths, len(x))
    one, other = (engine.forward(PassInputs(parameters, x, states, ends)) for ends in (None, full))
    np.testing.assert_array_equal(one.output, other.output)
    first, second = (engine.backward(tape, d_output, d_states) for tape in (one, other))
    for key, expected in first.parameters.items():
        np.testing.assert_array_equal(second.parameters[key], expected)
