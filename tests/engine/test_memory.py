"""What a pass keeps."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import rnnlab


def peak(run) -> int:
    """Most bytes that lived at a time during a call, beyond what lived before."""
    run()
    tracemalloc.start()
    run()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("name", ["rnn", "lstm", "peephole-lstm", "gru"])
def test_inference_keeps_its_output_alone(name, rng):
    """From 200 to 2,000 time steps, the memory grows by the output and nothing else."""
    layer = rnnlab.Recurrent(name, 5, 48)
    x = rng.standard_normal((2000, 8, 5)).astype(np.float32)
    short, long = peak(lambda: layer(x[:200])), peak(lambda: layer(x))
    output = 1800 * 8 * 48 * 4
    assert 0.99 * output < long - short < 1.02 * output


@pytest.mark.parametrize(("name", "numbers"), [("rnn", 1), ("lstm", 7), ("gru", 5)])
def test_a_tape_is_linear_in_time(name, numbers, rng):
    """A tape holds `numbers` per unit, sequence and step: lanes, further values, states."""
    layer = rnnlab.Recurrent(name, 1, 48)
    x = rng.standard_normal((2000, 8, 1)).astype(np.float32)
    short, long = peak(lambda: layer.forward(x[:200])), peak(lambda: layer.forward(x))
    expected = 1800 * 8 * (numbers * 48 + 1) * 4  # and a copy of x
    assert (
        0.99 * expected < long - short < 1.1 * expected
    )  # rows of lanes are padded to cache lines
