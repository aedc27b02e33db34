"""Truncated back-propagation through time, against full BPTT and against PyTorch's detach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import rnnlab
from rnnlab.training import (
    SGD,
    Adam,
    Batch,
    SequenceModel,
    TruncatedBPTT,
    mean_squared_error,
    softmax_cross_entropy,
    train,
)


def make(cell="lstm", steps=23, batch=3, **options):
    rng = np.random.default_rng(4)
    layer = rnnlab.Recurrent(cell, 2, 5, dtype="float64", seed=1, **options)
    for array in layer.parameters.values():
        array += 0.2 * rng.standard_normal(array.shape)
    model = SequenceModel(layer, 3, seed=2)
    x = rng.standard_normal((steps, batch, 2))
    targets = rng.integers(3, size=(steps, batch))
    return model, x, targets


@pytest.mark.parametrize("k1", [1, 4, 5, 23, 30])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "learn_initial_state": True}], ids=str)
@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "peephole-lstm", "slstm"])
def test_with_all_of_the_past_it_is_full_bptt(name, options, k1):
    model, x, targets = make(name, **options)
    value, expected = model.loss_and_gradients(x, targets, softmax_cross_entropy)
    stream = TruncatedBPTT(model, k1, k2=max(k1, len(x)))
    total = 0.0
    found = {key: np.zeros_like(array) for key, array in expected.items()}
    for x_w, targets_w in stream.windows(x, targets):
        loss, gradients = stream.loss_and_gradients(x_w, targets_w, softmax_cross_entropy)
        share = len(x_w) / len(x)
        total += share * loss
        for key, array in gradients.items():
            found[key] += share * array
    assert total == pytest.approx(value, abs=1e-12)
    for key, array in expected.items():
        np.testing.assert_allclose(found[key], array, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("k1", "k2"), [(1, 1), (1, 4), (3, 3), (3, 7), (4, 8), (5, 6), (7, 20)])
def test_each_window_goes_back_k2_steps_in_pytorch(k1, k2):
    """The state k2 steps before the window's end is detached; the loss is the window's alone."""
    model, x, targets = make("lstm", steps=21)
    cell: Any = torch.nn.LSTM(2, 5).double()
    readout: Any = torch.nn.Linear(5, 3).double()
    parameters = model.parameters
    with torch.no_grad():
        for name in ("weight_ih_l0", "weight_hh_l0"):
            getattr(cell, name)[:] = torch.tensor(parameters[name])
        cell.bias_ih_l0[:] = torch.tensor(parameters["bias_l0"])
        cell.bias_hh_l0[:] = 0
        readout.weight[:] = torch.tensor(parameters["readout_weight"])
        readout.bias[:] = torch.tensor(parameters["readout_bias"])
    stream = TruncatedBPTT(model, k1, k2)
    inputs = torch.tensor(x)
    for number, (x_w, targets_w) in enumerate(stream.windows(x, targets)):
        end = min(len(x), (number + 1) * k1)
        if len(x_w) < k1:
            break  # the end of the stream: see the documentation
        value, found = stream.loss_and_gradients(x_w, targets_w, softmax_cross_entropy)
        cell.zero_grad()
        readout.zero_grad()
        first = max(0, end - k2)
        state = None
        if first:
            with torch.no_grad():
                _, state = cell(inputs[:first])
        y, _ = cell(inputs[first:end], state)
        logits = readout(y[end - k1 - first :])
        loss = torch.nn.functional.cross_entropy(
            logits.reshape(-1, 3), torch.tensor(targets_w).reshape(-1)
        )
        loss.backward()
        assert value == pytest.approx(loss.item(), abs=1e-12)
        for name, grad in (
            ("weight_ih_l0", cell.weight_ih_l0.grad),
            ("weight_hh_l0", cell.weight_hh_l0.grad),
            ("bias_l0", cell.bias_ih_l0.grad),
            ("readout_weight", readout.weight.grad),
        ):
            np.testing.assert_allclose(found[name], np.asarray(grad), rtol=0, atol=1e-12)


def test_the_past_is_not_computed_again_with_newer_parameters():
    model, x, targets = make("gru", steps=8)
    stream = TruncatedBPTT(model, 4, 8)
    stream.loss_and_gradients(x[:4], targets[:4], softmax_cross_entropy)
    layer = model.layer
    old = layer.forward(x[:4])
    for array in model.parameters.values():
        array += 0.1
    new = layer.forward(x[4:], old.state)
    _, d_y, _ = model.readout_loss(new.output, targets[4:], softmax_cross_entropy)
    assert d_y is not None
    last = layer.backward(new, d_y)
    first = layer.backward(old, np.zeros_like(d_y), last.state)
    _, found = stream.loss_and_gradients(x[4:], targets[4:], softmax_cross_entropy)
    for name in layer.parameters:
        expected = last.parameters[name] + first.parameters[name]
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", ["rnn", "lstm", "slstm"])
def test_any_cell_carries_its_state(name):
    model, x, targets = make(name)
    stream = TruncatedBPTT(model, 7, 10)
    for x_w, targets_w in stream.windows(x, targets):
        stream.loss_and_gradients(x_w, targets_w, softmax_cross_entropy)
    _, expected = model.layer(x)
    for got, state in zip(stream.state, expected, strict=True):
        np.testing.assert_allclose(got, state, rtol=0, atol=1e-12)


def zeros(state):
    return type(state)(*(np.zeros_like(array) for array in state))


def zeros_of_the_second(state):
    state = type(state)(*(array.copy() for array in state))
    for array in state:
        array[:, 1] = 0
    return state


def other_numbers(state):
    return type(state)(*(array + 0.3 for array in state))


def write_into(state):
    for array in state:
        array[:, 0] = 0.25
    # nothing is assigned


def nothing(state):
    return state  # assigned, with the same numbers


CHANGES = {
    zeros: [0, 1, 2],
    zeros_of_the_second: [1],
    other_numbers: [0, 1, 2],
    write_into: [0],
    nothing: [],
}


@pytest.mark.parametrize("k2", [4, 6, 12])
@pytest.mark.parametrize("change", CHANGES)
def test_a_state_that_was_changed_stops_gradients_as_in_pytorch(change, k2):
    """Once, the error of later windows went back through a state that the user had replaced."""
    model, x, targets = make("lstm", steps=12)
    cell: Any = torch.nn.LSTM(2, 5).double()
    parameters = {n: torch.tensor(a, requires_grad=True) for n, a in model.parameters.items()}
    names = ("weight_ih_l0", "weight_hh_l0", "bias_l0")
    held = dict(zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"), names, strict=True))
    constant = {"bias_hh_l0": torch.zeros(20, dtype=torch.float64)}
    stream = TruncatedBPTT(model, 4, k2)
    state: Any = None
    outputs: list[Any] = []
    for t in range(12):
        if t == 8:
            changed = change(stream.state)
            if changed is not None:
                stream.state = changed
            kept = torch.ones(3, 1).double()
            kept[CHANGES[change]] = 0  # where the sequence begins anew, a constant takes its place
            new = [torch.tensor(array) for array in stream.state]
            state = tuple(kept * old + (1 - kept) * a for old, a in zip(state, new, strict=True))
        if t == 12 - k2 and state is not None:
            state = tuple(array.detach() for array in state)
        y, state = torch.func.functional_call(
            cell,
            {k: parameters[n] for k, n in held.items()} | constant,
            (torch.tensor(x[t : t + 1]), state),
        )
        outputs.append(y)
        if t % 4 == 3:
            window = slice(t - 3, t + 1)
            _, found = stream.loss_and_gradients(x[window], targets[window], softmax_cross_entropy)
    outputs = [torch.cat(outputs[8:])]
    logits = outputs[-1] @ parameters["readout_weight"].T + parameters["readout_bias"]
    loss = torch.nn.functional.cross_entropy(
        logits.reshape(-1, 3), torch.tensor(targets[8:]).reshape(-1)
    )
    loss.backward()
    for name in (*names, "readout_weight"):
        expected = np.asarray(parameters[name].grad)
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("begin", [zeros, lambda _: None])
def test_a_stream_that_begins_anew_has_the_gradients_of_a_new_one(begin):
    """The state is 0 before and after, and yet the steps before have no part in the gradient."""
    layer = rnnlab.RNN(2, 3, dtype="float64", seed=1, learn_initial_state=True)
    stream = TruncatedBPTT(SequenceModel(layer, 2, seed=2), 4, 8)
    silence, targets = np.zeros((4, 2, 2)), np.zeros((4, 2), int)
    stream.loss_and_gradients(silence, targets, softmax_cross_entropy)
    assert not stream.state.h.any()
    stream.state = begin(stream.state)
    alone = TruncatedBPTT(stream.model, 4, 8)
    alone.state = stream.state
    _, expected = alone.loss_and_gradients(silence, targets, softmax_cross_entropy)
    _, found = stream.loss_and_gradients(silence, targets, softmax_cross_entropy)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def test_a_window_that_diverges_or_fails_does_not_tear_the_stream():
    """Once, the next gradient jumped over a window whose loss was not finite."""
    model, x, targets = make("gru", steps=12)
    streams = [TruncatedBPTT(model, 4, 12) for _ in range(2)]

    def diverges(outputs, targets):
        return np.nan, outputs

    def fails(outputs, targets):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        streams[0].loss_and_gradients(x[:4], targets[:4], fails)
    assert streams[0].state is None
    for first in (0, 4, 8):
        window = slice(first, first + 4)
        loss = diverges if first == 4 else softmax_cross_entropy
        streams[0].loss_and_gradients(x[window], targets[window], loss)
        streams[1].loss_and_gradients(x[window], targets[window], softmax_cross_entropy)
    for stream in streams:
        stream.state = stream.state
    found, expected = (
        s.loss_and_gradients(x[:4], targets[:4], softmax_cross_entropy)[1] for s in streams
    )
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def test_memory_is_that_of_k2_steps():
    model, x, targets = make("rnn", steps=200)
    stream = TruncatedBPTT(model, 3, 10)
    for x_w, targets_w in stream.windows(x, targets):
        stream.loss_and_gradients(x_w, targets_w, softmax_cross_entropy)
        assert sum(len(piece.tape.output) for piece in stream._past) < 10 + 3


def test_a_new_stream_begins_at_the_beginning():
    model, x, targets = make()
    stream = TruncatedBPTT(model, 5, 9)
    runs = []
    for _ in range(2):
        windows = stream.windows(x, targets)
        runs.append([stream.loss_and_gradients(*w, softmax_cross_entropy) for w in windows])
    for (one, first), (other, second) in zip(*runs, strict=True):
        assert one == other
        for name, array in first.items():
            np.testing.assert_array_equal(second[name], array)


def test_noise_is_drawn_anew_in_each_window():
    noise = rnnlab.Regularisers(zoneout=0.5)
    model, x, targets = make("gru", regularisers=noise)
    stream, rng = TruncatedBPTT(model, 23, 23), np.random.default_rng(1)

    def value(noise):
        stream.reset()
        return stream.loss_and_gradients(x, targets, softmax_cross_entropy, noise=noise)[0]

    assert value(rng) != value(rng)
    assert value(1) == value(1)  # an int draws the same masks
    first = value(np.random.default_rng(1))
    assert first == value(np.random.default_rng(1))


def test_training_on_a_stream_learns_what_the_state_carries():
    """Repeat the bit of three steps before, in windows of two steps: the state must carry it."""
    rng = np.random.default_rng(0)
    bits = rng.integers(2, size=(3003, 8))
    x = np.eye(2, dtype="float32")[bits]
    targets = np.concatenate([np.full((3, 8), -1), bits[:-3]])  # nothing to say at first

    def final_loss(k2):
        model = SequenceModel(rnnlab.GRU(2, 16, seed=1), 2, seed=2)
        stream = TruncatedBPTT(model, 2, k2)
        losses: list[float] = []
        evaluations = train(
            stream,
            stream.cut([Batch(x, targets)]),
            Adam(model.parameters, 0.01),
            updates=1500,
            evaluate=lambda s: {
                "loss": softmax_cross_entropy(s.model.predict(x[:50]), targets[:50])[0]
            },
            evaluate_every=1500,
            clip_norm=1.0,
        )
        losses += [e.metrics["loss"] for e in evaluations]
        return losses[-1]

    assert final_loss(k2=6) < 0.2 < 0.5 < final_loss(k2=2)


class TestBadInput:
    def test_lengths_of_windows(self):
        model, x, targets = make()
        with pytest.raises(ValueError, match="k2 must be at least k1=5, got 4: the errors of k1"):
            TruncatedBPTT(model, 5, 4)
        with pytest.raises(ValueError, match="at most k1=5 steps, got 23: cut the stream with"):
            TruncatedBPTT(model, 5, 5).loss_and_gradients(x, targets, softmax_cross_entropy)
        with pytest.raises(ValueError, match="k1 must be at least 1"):
            TruncatedBPTT(model, 0, 4)

    def test_layers_that_cannot(self):
        layer = rnnlab.GRU(2, 3, bidirectional=True)
        with pytest.raises(ValueError, match="layer of one direction, got bidirectional=True"):
            TruncatedBPTT(SequenceModel(layer, 2), 1, 1)
        with pytest.raises(ValueError, match='readout at every step, got read="last"'):
            TruncatedBPTT(SequenceModel(rnnlab.GRU(2, 3), 2, read="last"), 1, 1)

    def test_masks_of_a_window_that_would_be_cut(self):
        noise = rnnlab.Regularisers(hidden_dropout=0.5, variational=True)
        model, x, targets = make("gru", regularisers=noise)
        with pytest.raises(ValueError, match=r"multiple of k1=10 .* got 25: .*use 20"):
            TruncatedBPTT(model, 10, 25)
        stream = TruncatedBPTT(model, 10, 20)
        stream.loss_and_gradients(x[:10], targets[:10], softmax_cross_entropy, noise=1)
        (piece,) = stream._past
        (mask,) = piece.tape._records[0].given
        assert (mask == mask[0]).all()

    def test_a_loss_that_is_not_finite_says_so(self):
        model, x, _ = make()
        model.readout_bias[:] = np.inf
        stream = TruncatedBPTT(model, 5, 5)
        with np.errstate(invalid="ignore"):
            value, gradients = stream.loss_and_gradients(
                x[:5], np.zeros((5, 3, 3)), mean_squared_error
            )
        assert not np.isfinite(value)
        assert gradients == {}


def test_parameters_are_the_models():
    model, _, _ = make()
    stream = TruncatedBPTT(model, 1, 1)
    assert list(stream.parameters) == list(model.parameters)
    SGD(stream.parameters, 0.1)
