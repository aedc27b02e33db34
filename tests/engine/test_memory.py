"""Memory of a pass: what it keeps, and the estimate of it."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import rnnlab
from rnnlab.engine.records import Tape
from rnnlab.engine.sizes import check_pass, tape_numbers
from rnnlab.registry import cells


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


@pytest.mark.parametrize("shape", [(9, 3, 2, 5), (40, 21, 3, 18), (300, 1, 7, 33)], ids=str)
@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "gru-reset-before", "slstm"])
def test_the_estimate_is_the_size_of_the_tape(name, shape):
    steps, batch, inputs, units = shape
    layer = rnnlab.Recurrent(name, inputs, units, seed=1)
    tape = layer.forward(np.zeros((steps, batch, inputs), np.float32))._records[0]
    assert isinstance(tape, Tape)
    held = (tape.x, tape.state_buffer, tape.lanes, tape.values)
    sizes = {"steps": steps, "batch": batch, "inputs": inputs, "units": units}
    assert tape_numbers(cells[name], **sizes, itemsize=4) == sum(array.size for array in held)


def test_a_study_and_a_call_are_refused_from_the_same_size_on(monkeypatch):
    """A stack of layers is refused before a study as soon as its tapes together are too large."""
    numbers = tape_numbers(cells["lstm"], steps=50, batch=8, inputs=16, units=16, itemsize=4)
    monkeypatch.setattr("rnnlab.capacity.memory", lambda: 2 * 4 * numbers)
    sizes = {"steps": 50, "batch": 8, "inputs": 16, "hidden": 16}
    check_pass(cells["lstm"], **sizes, num_layers=2)
    with pytest.raises(ValueError, match=r"the tape of lstm \(T = 50, B = 8, H = 16, I = 16, 3 la"):
        check_pass(cells["lstm"], **sizes, num_layers=3)
    monkeypatch.setattr("rnnlab.engine.sizes.LARGE", 0)
    layer, x = rnnlab.LSTM(16, 16), np.zeros((50, 8, 16), np.float32)
    buffers = 4 * (numbers - x.size)
    monkeypatch.setattr("rnnlab.capacity.memory", lambda: buffers)
    layer.forward(x)
    monkeypatch.setattr("rnnlab.capacity.memory", lambda: buffers - 1)
    with pytest.raises(ValueError, match=r"buffers of lstm \(T = 50, B = 8, H = 16\) must fit"):
        layer.forward(x)


def test_sizes_are_known_without_numba(run_python):
    script = (
        "import sys\n"
        "from rnnlab.cells import lstm\n"
        "from rnnlab.engine.sizes import check_pass\n"
        "check_pass(lstm, steps=5, batch=2, inputs=3, hidden=4)\n"
        "print('numba' in sys.modules)\n"
    )
    assert run_python(script).stdout == "False\n"
