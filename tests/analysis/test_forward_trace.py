"""One sequence through a cell, against equations written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from rnnlab.analysis import random_inputs, walk, words_as_inputs
from rnnlab.cells import cell
from rnnlab.equations import linear, sigmoid, tanh
from rnnlab.registry import cells


def test_words_are_one_hot_in_the_order_of_their_appearance():
    inputs = words_as_inputs("John likes black coffee likes", None, 0)
    assert inputs.labels == ("John", "likes", "black", "coffee", "likes")
    np.testing.assert_array_equal(inputs.vectors, np.eye(4)[[0, 1, 2, 3, 1]])
    assert inputs.origin == "one-hot over 4 distinct words"


def test_words_are_random_vectors_where_a_size_is_given():
    inputs = words_as_inputs("a b a", 3, seed=1)
    assert inputs.vectors.shape == (3, 3)
    np.testing.assert_array_equal(inputs.vectors[0], inputs.vectors[2])
    assert np.abs(inputs.vectors[0] - inputs.vectors[1]).min() > 0
    assert inputs.origin == "a random vector of 3 for each of 2 distinct words"
    np.testing.assert_array_equal(words_as_inputs("a b a", 3, seed=1).vectors, inputs.vectors)
    assert (words_as_inputs("a b a", 3, seed=2).vectors != inputs.vectors).any()


@pytest.mark.parametrize("text", ["", "  \n"])
def test_no_words(text):
    with pytest.raises(ValueError, match="the text must have at least one word, got"):
        words_as_inputs(text, None, 0)


def test_the_lstm_step_by_step():
    inputs = random_inputs(4, 3, seed=2)
    taken = walk("lstm", inputs, hidden=5, seed=2)
    p = {name.removesuffix("_l0"): array for name, array in taken.layer.parameters.items()}
    assert p["bias"].dtype == np.float64
    h, c = np.zeros(5), np.zeros(5)
    for x, values in zip(inputs.vectors, taken.steps, strict=True):
        assert list(values) == ["x", "h_{t-1}", "c_{t-1}", "i", "f", "g", "o", "c", "h"]
        a = p["weight_ih"] @ x + p["weight_hh"] @ h + p["bias"]
        i, f, o = (1 / (1 + np.exp(-a[k * 5 : (k + 1) * 5])) for k in (0, 1, 3))
        g = np.tanh(a[10:15])
        expected = {"x": x, "h_{t-1}": h, "c_{t-1}": c, "i": i, "f": f, "g": g, "o": o}
        c = f * c + i * g
        h = o * np.tanh(c)
        for name, value in {**expected, "c": c, "h": h}.items():
            np.testing.assert_allclose(values[name], value, rtol=1e-10, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("name", ["gru", "peephole-lstm", "slstm"])
def test_a_walk_is_what_the_layer_does(name):
    taken = walk(name, random_inputs(4, 3, seed=2), hidden=5, seed=2)
    tape = taken.layer.forward(taken.inputs.vectors[:, None])
    for values in (tape.gates(), {n: s[1:] for n, s in tape.states().items()}):
        for key, over_time in values.items():
            for t, step in enumerate(taken.steps):
                np.testing.assert_allclose(step[key], over_time[t, 0], rtol=1e-10, atol=1e-12)


def test_the_peephole_lstm_has_its_output_gate_after_its_new_state():
    values = walk("peephole-lstm", random_inputs(1, 2, 0), hidden=2).steps[0]
    assert list(values)[3:] == ["i", "f", "g", "c", "o", "h"]


@pytest.mark.parametrize("name", cells.names())
def test_every_cell_walks_from_state_to_state(name):
    inputs = random_inputs(3, 2, seed=0)
    taken = walk(name, inputs, hidden=4)
    before = {f"{state}_{{t-1}}": np.zeros(4) for state in cells[name].states}
    for values in taken.steps:
        assert {*cells[name].states, *cells[name].equations.gates} <= set(values)
        assert all(value.shape == (4,) for key, value in values.items() if key != "x")
        for key, value in before.items():
            np.testing.assert_array_equal(values[key], value)
        before = {f"{state}_{{t-1}}": values[state] for state in cells[name].states}


def test_states_that_are_copies_come_last():
    @cell
    def copies(x, h, m, before):
        z = sigmoid(linear("z", x, h))
        h_new = tanh(linear("g", x)) * z
        return h_new, h_new, h

    values = walk(copies, random_inputs(2, 2, 0), hidden=3).steps[1]
    assert list(values)[4:] == ["z", "h_new", "h", "m", "before"]
    np.testing.assert_array_equal(values["before"], values["h_{t-1}"])
    np.testing.assert_array_equal(values["h"], values["h_new"])


def test_the_seed_is_what_differs():
    def first(seed):
        return walk("gru", random_inputs(1, 2, 0), hidden=3, seed=seed).steps[0]["h"]

    np.testing.assert_array_equal(first(1), first(1))
    assert (first(1) != first(2)).any()
