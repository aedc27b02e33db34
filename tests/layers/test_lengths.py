"""Sequences of different lengths in one batch: as each alone, and as PyTorch's packed sequences."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import rnnlab
from rnnlab import GRU, LSTM, RNN
from tests.layers.cases import Combination
from tests.layers.own_cells import EVERY

LAYOUTS = [(1, False), (1, True), (2, False), (2, True)]


def padded_batches():
    """Return a batch of every cell in one of the layouts, and with the slow tests in the others."""
    for number, cell in enumerate(EVERY):
        for k, (layout, dtype) in enumerate(itertools.product(LAYOUTS, ("float64", "float32"))):
            batch = Combination(cell, (7, 4, 3, 5), *layout, dtype=dtype)
            fast = k == number % 8
            yield batch if fast else pytest.param(batch, marks=pytest.mark.slow)


def draw_lengths(case, seed=0):
    """Return lengths (B,) of which one is T and one 1, and put NaN behind them."""
    steps, batch = case.x.shape[:2]
    lengths = np.random.default_rng(seed).integers(1, steps + 1, batch)
    lengths[-1], lengths[0] = 1, steps
    padding = np.arange(steps)[:, None] >= lengths
    case.x[padding] = np.nan
    case.d_output[padding] = np.nan
    return lengths


@pytest.fixture(scope="module", params=[*padded_batches()], ids=str)
def combination(request):
    return request.param


def test_each_sequence_is_as_it_is_alone(case, combination):
    limits = {"float32": (1e-5, 1e-4), "float64": (1e-12, 1e-11)}[combination.dtype]
    lengths = draw_lengths(case)
    layer = case.layer
    tape = layer.forward(case.x, case.state, lengths)
    found = layer.backward(tape, case.d_output, case.d_state, through_time=True)
    y, final = layer(case.x, case.state, lengths)
    np.testing.assert_array_equal(y, tape.output)
    total: dict[str, Any] = dict.fromkeys(layer.parameters, 0.0)
    for row, end in enumerate(lengths):
        own = slice(row, row + 1)
        alone = layer.forward(case.x[:end, own], tuple(s[:, own] for s in case.state))
        back = layer.backward(
            alone,
            case.d_output[:end, own],
            tuple(d[:, own] for d in case.d_state),
            through_time=True,
        )
        values = [(y[:end, own], alone.output), (y[end:, own], 0 * y[end:, own])]
        gradients = [(found.input[:end, own], back.input)]
        assert not found.input[end:, own].any()
        for k, name in enumerate(layer.cell.states):
            values.append((final[k][:, own], alone.state[k]))
            gradients.append((found.state[k][:, own], back.state[k]))
            for at in case.rows:
                state, whole = alone.states(*at)[name], tape.states(*at)[name]
                values.append((whole[: end + 1, own], state))
                values.append(
                    (whole[end:, own], np.broadcast_to(state[-1], whole[end:, own].shape))
                )
                d_state = back.states(*at)[name]
                gradients.append((found.states(*at)[name][: end + 1, own], d_state))
        for at in case.rows:
            for name, gate in tape.gates(*at).items():
                values.append((gate[:end, own], alone.gates(*at)[name]))
                assert not gate[end:, own].any()
        for pairs, limit in ((values, limits[0]), (gradients, limits[1])):
            for got, expected in pairs:
                scale = max(1.0, np.abs(expected).max(initial=0))
                np.testing.assert_allclose(got, expected, rtol=0, atol=limit * scale)
        for name, share in back.parameters.items():
            total[name] = total[name] + share.astype("float64")
    for name, expected in total.items():
        scale = max(1.0, np.abs(expected).max(initial=0))
        np.testing.assert_allclose(found.parameters[name], expected, rtol=0, atol=limits[1] * scale)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("kind", [RNN, LSTM, GRU])
def test_equal_pytorch_on_packed_sequences(kind, layout, make_case):
    num_layers, bidirectional = layout
    name = {RNN: "rnn", LSTM: "lstm", GRU: "gru"}[kind]
    case = make_case(name, (9, 5, 3, 7), num_layers=num_layers, bidirectional=bidirectional)
    lengths = draw_lengths(case, seed=3)
    layer = case.layer
    theirs = getattr(torch.nn, kind.__name__)(
        3, 7, num_layers=num_layers, bidirectional=bidirectional, dropout=0.3 * (num_layers > 1)
    )
    theirs = theirs.double().eval()
    with torch.no_grad():
        for key, array in theirs.named_parameters():
            array[:] = torch.as_tensor(_as_pytorch_has_it(layer, kind, key))
    x = torch.tensor(np.nan_to_num(case.x), requires_grad=True)
    given = [torch.tensor(s, requires_grad=True) for s in case.state]
    packed = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
    out, last = theirs(packed, tuple(given) if kind is LSTM else given[0])
    output, _ = pad_packed_sequence(out, total_length=9)
    last = list(last) if kind is LSTM else [last]
    tape = layer.forward(case.x, case.state, lengths)
    np.testing.assert_allclose(tape.output, output.detach(), rtol=0, atol=1e-10)
    for got, expected in zip(tape.state, last, strict=True):
        np.testing.assert_allclose(got, expected.detach(), rtol=0, atol=1e-10)
    loss = (output * torch.tensor(np.nan_to_num(case.d_output))).sum()
    loss = loss + sum((s * torch.tensor(d)).sum() for s, d in zip(last, case.d_state, strict=True))
    loss.backward()
    found = layer.backward(tape, case.d_output, case.d_state)
    assert x.grad is not None
    np.testing.assert_allclose(found.input, x.grad, rtol=0, atol=1e-10)
    for got, expected in zip(found.state, given, strict=True):
        assert expected.grad is not None
        np.testing.assert_allclose(got, expected.grad, rtol=0, atol=1e-10)
    for key, array in theirs.named_parameters():
        if key.startswith("weight"):
            np.testing.assert_allclose(found.parameters[key], array.grad, rtol=0, atol=1e-10)


def _as_pytorch_has_it(layer, kind, key):
    """Return one of PyTorch's arrays: of its two biases, the second holds the GRU's bias_hn."""
    if key.startswith("weight"):
        return layer.parameters[key]
    which, suffix = key[:7], key[7:]
    bias = layer.parameters[f"bias{suffix}"]
    if which == "bias_ih":
        return bias
    second = np.zeros_like(bias)
    if kind is GRU:
        second[-layer.hidden_size :] = layer.parameters[f"bias_hn{suffix}"]
    return second


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_checkpoints_give_the_same_bits(layout, make_case):
    case = make_case("gru", (53, 5, 3, 9), "float32", num_layers=layout[0], bidirectional=layout[1])
    lengths = draw_lengths(case)
    whole = case.layer.forward(case.x, case.state, lengths)
    parts = case.layer.forward(case.x, case.state, lengths, checkpoint_every=7)
    np.testing.assert_array_equal(parts.output, whole.output)
    one, other = (case.layer.backward(t, case.d_output, case.d_state) for t in (whole, parts))
    np.testing.assert_array_equal(other.input, one.input)
    for name, array in one.parameters.items():
        np.testing.assert_array_equal(other.parameters[name], array)


def test_learned_initial_states_take_part():
    layer = LSTM(2, 3, bidirectional=True, learn_initial_state=True, dtype="float64", seed=1)
    layer.parameters["c0_l0_reverse"][:] = 0.5
    x = np.random.default_rng(0).standard_normal((6, 2, 2))
    tape = layer.forward(x, lengths=[6, 2])
    alone = layer.forward(x[:2, 1:])
    np.testing.assert_allclose(tape.output[:2, 1:], alone.output, rtol=0, atol=1e-14)
    d_output = np.ones_like(tape.output)
    found = layer.backward(tape, d_output)
    expected = found.state.c[1].sum(axis=0)
    np.testing.assert_allclose(found.parameters["c0_l0_reverse"], expected, rtol=0, atol=1e-14)


def test_arguments_are_not_modified(make_case):
    case = make_case("lstm", (5, 3, 2, 4), num_layers=2, bidirectional=True)
    lengths = draw_lengths(case)
    copies = [array.copy() for array in (case.x, case.d_output, lengths)]
    case.layer.backward(case.layer.forward(case.x, case.state, lengths), case.d_output)
    for array, copy in zip((case.x, case.d_output, lengths), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


class TestBadLengths:
    layer = rnnlab.GRU(2, 3)
    x = np.zeros((4, 2, 2), np.float32)

    @pytest.mark.parametrize(
        ("lengths", "message"),
        [
            ([4, 0], "from 1 to T=4, got 0 at index 1"),
            ([5, 1], "from 1 to T=4, got 5 at index 0"),
            ([4], r"shape \(B=2,\), got \(1,\): pass one for each"),
            ([[4, 1]], r"shape \(B=2,\), got \(1, 2\)"),
        ],
    )
    def test_values(self, lengths, message):
        for call in (self.layer, self.layer.forward):
            with pytest.raises(ValueError, match=message):
                call(self.x, lengths=lengths)

    def test_types(self):
        with pytest.raises(TypeError, match=r"lengths must be ints \(B=2,\), got dtype float64"):
            self.layer(self.x, lengths=np.array([4.0, 1.0]))

    def test_what_stands_before_the_end_must_be_finite(self):
        x = self.x.copy()
        x[1, 1] = np.nan
        assert self.layer(x, lengths=[4, 1])[0].shape == (4, 2, 3)
        with pytest.raises(ValueError, match=r"x must be finite, got nan at index \(1, 1, 0\)"):
            self.layer(x, lengths=[4, 2])
