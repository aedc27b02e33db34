"""Gradient checkpointing: the same bits from less memory."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import rnnlab
from rnnlab.engine.records import Checkpoints, Tape
from tests.layers.cases import FEW
from tests.layers.own_cells import EVERY

SHAPES = [(53, 3, 4, 9), (100, 20, 3, 17), (1, 1, 1, 1)]
EVERY_STEPS = [1, 7, 40, 1000]
#: Every cell at one size, and four cells at all.
RUNS = [(name, SHAPES[0], 7) for name in EVERY if name not in FEW]
RUNS += itertools.product(FEW, SHAPES, EVERY_STEPS)


@pytest.mark.parametrize(("name", "shape", "every"), RUNS, ids=str)
def test_gradients_are_the_same_bit_for_bit(name, shape, every, rng):
    steps, batch, inputs, units = shape
    layer = rnnlab.Recurrent(EVERY[name], inputs, units, seed=rng)
    x = rng.standard_normal((steps, batch, inputs)).astype(np.float32)
    state = [rng.standard_normal((1, batch, units)).astype(np.float32) for _ in layer.cell.states]
    d_output = rng.standard_normal((steps, batch, units)).astype(np.float32)
    d_state = [rng.standard_normal(s.shape).astype(np.float32) for s in state]
    whole = layer.forward(x, state)
    parts = layer.forward(x, state, checkpoint_every=every)
    np.testing.assert_array_equal(parts.output, whole.output)
    for got, expected in zip(parts.state, whole.state, strict=True):
        np.testing.assert_array_equal(got, expected)
    for key, expected in whole.states().items():
        np.testing.assert_array_equal(parts.states()[key], expected)
    for key, expected in whole.gates().items():
        np.testing.assert_array_equal(parts.gates()[key], expected)
    for through_time in (False, True):
        got = layer.backward(parts, d_output, d_state, through_time=through_time)
        expected = layer.backward(whole, d_output, d_state, through_time=through_time)
        for key in expected.parameters:
            np.testing.assert_array_equal(got.parameters[key], expected.parameters[key])
        assert got.input is not None
        assert expected.input is not None
        np.testing.assert_array_equal(got.input, expected.input)
        for one, other in zip(got.state, expected.state, strict=True):
            np.testing.assert_array_equal(one, other)
    for key, over_time in expected.states().items():
        np.testing.assert_array_equal(got.states()[key], over_time)


def test_the_tape_is_as_large_as_a_segment():
    layer = rnnlab.LSTM(3, 32)
    x = np.zeros((1024, 4, 3), np.float32)
    record = layer.forward(x, checkpoint_every=128)._records[0]
    assert isinstance(record, Checkpoints)
    kept = record.output.nbytes + sum(s.nbytes for start in record.starts for s in start)
    whole = layer.forward(x)._records[0]
    assert isinstance(whole, Tape)
    assert len(record.starts) == 8
    assert kept < (whole.lanes.nbytes + whole.state_buffer.nbytes + whole.values.nbytes) / 6


def test_bad_lengths():
    layer = rnnlab.GRU(3, 4)
    x = np.zeros((5, 1, 3), np.float32)
    with pytest.raises(ValueError, match="checkpoint_every must be at least 1, got 0"):
        layer.forward(x, checkpoint_every=0)
    with pytest.raises(TypeError, match="checkpoint_every must be an int, got float"):
        layer.forward(x, checkpoint_every=2.5)  # type: ignore[arg-type]
