"""Readouts at every step, at the last one and at chosen ones, for sequences of any lengths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save

import rnnlab
from rnnlab.layers import Recurrent
from rnnlab.training import LOSSES, SequenceModel, softmax_cross_entropy
from rnnlab.training.loading import load_notes

LENGTHS = np.array([6, 1, 4])


def make(rng: np.random.Generator, **options: Any) -> SequenceModel:
    read = options.pop("read", "every")
    layer = Recurrent(options.pop("cell", "gru"), 3, 4, dtype="float64", seed=1, **options)
    model = SequenceModel(layer, 5, read=read, seed=2)
    for array in model.parameters.values():
        array += 0.2 * rng.standard_normal(array.shape)
    return model


def draw_targets(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    if name == "cross-entropy":
        return rng.integers(shape[-1], size=shape[:-1])
    numbers = rng.standard_normal(shape)
    return (numbers > 0).astype(float) if name == "binary-cross-entropy" else numbers


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("read", ["every", "last"])
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_by_finite_differences(name, read, bidirectional, rng):
    """Every parameter, with lengths, weights and, at every step, targets that are not asked."""
    model = make(rng, read=read, bidirectional=bidirectional)
    x = rng.standard_normal((6, 3, 3))
    targets = draw_targets(name, (3, 5) if read == "last" else (6, 3, 5), rng)
    if read == "every":
        targets[2] = -1 if name == "cross-entropy" else np.nan
    given: Any = {"lengths": LENGTHS, "weights": np.array([1.0, 0.5, 2.0])}
    _, gradients = model.loss_and_gradients(x, targets, LOSSES[name], **given)
    assert gradients.keys() == model.parameters.keys()
    for key, array in model.parameters.items():
        expected = np.empty_like(array)
        for index in np.ndindex(array.shape):
            middle, sides = array[index], []
            for shift in (1e-5, -1e-5):
                array[index] = middle + shift
                sides.append(model.loss_and_gradients(x, targets, LOSSES[name], **given)[0])
            array[index] = middle
            expected[index] = (sides[0] - sides[1]) / 2e-5
        scale = np.abs(expected).max()
        assert scale > 1e-6, key
        assert np.abs(gradients[key] - expected).max() < 1e-6 * scale + 1e-10, key


def test_the_last_step_against_pytorch(rng):
    """Packed sequences: the readout of h_n, both directions, and all gradients."""
    model = make(rng, cell="lstm", read="last", bidirectional=True)
    x, labels = rng.standard_normal((6, 3, 3)), np.array([0, 4, 2])
    network: Any = torch.nn.LSTM(3, 4, bidirectional=True).double()
    readout: Any = torch.nn.Linear(8, 5).double()
    with torch.no_grad():
        for suffix in ("", "_reverse"):
            for kind in ("ih", "hh"):
                weight = torch.tensor(model.parameters[f"weight_{kind}_l0{suffix}"])
                getattr(network, f"weight_{kind}_l0{suffix}").copy_(weight)
            bias = torch.tensor(model.parameters[f"bias_l0{suffix}"])
            getattr(network, f"bias_ih_l0{suffix}").copy_(bias)
            getattr(network, f"bias_hh_l0{suffix}").zero_()
        readout.weight.copy_(torch.tensor(model.readout_weight))
        readout.bias.copy_(torch.tensor(model.readout_bias))
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        torch.tensor(x), torch.tensor(LENGTHS), enforce_sorted=False
    )
    _, (final, _) = network(packed)
    logits = readout(torch.cat([final[0], final[1]], dim=1))
    torch.nn.functional.cross_entropy(logits, torch.tensor(labels)).backward()

    found = model.predict(x, lengths=LENGTHS)
    np.testing.assert_allclose(found, logits.detach().numpy(), atol=1e-12)
    _, gradients = model.loss_and_gradients(x, labels, softmax_cross_entropy, lengths=LENGTHS)
    for key, expected in (
        ("readout_weight", readout.weight.grad),
        ("readout_bias", readout.bias.grad),
        ("weight_ih_l0", network.weight_ih_l0.grad),
        ("weight_hh_l0_reverse", network.weight_hh_l0_reverse.grad),
        ("bias_l0_reverse", network.bias_ih_l0_reverse.grad),
    ):
        np.testing.assert_allclose(gradients[key], expected.numpy(), atol=1e-12, err_msg=key)


@pytest.mark.parametrize("read", ["every", "last"])
def test_a_batch_is_its_sequences_one_by_one(read, rng):
    """Padding counts for nothing, be it NaN: outputs, loss and gradients."""
    model = make(rng, read=read)
    x = rng.standard_normal((6, 3, 3))
    targets = rng.integers(5, size=(6, 3))
    value: Any = 0.0
    gradients = {name: np.zeros_like(p) for name, p in model.parameters.items()}
    answers: Any = LENGTHS if read == "every" else np.ones(3)
    for b, length in enumerate(LENGTHS):
        alone = x[:length, b : b + 1]
        asked = targets[:length, b : b + 1] if read == "every" else targets[0, b : b + 1]
        alone_value, slopes = model.loss_and_gradients(alone, asked, softmax_cross_entropy)
        value += alone_value * answers[b] / answers.sum()
        for name, slope in slopes.items():
            gradients[name] += slope * answers[b] / answers.sum()
        found = model.predict(x, lengths=LENGTHS)
        expected = model.predict(alone)
        np.testing.assert_allclose(
            found[:length, b] if read == "every" else found[b],
            expected[:, 0] if read == "every" else expected[0],
            atol=1e-13,
        )
    padding = np.arange(6)[:, None] >= LENGTHS
    if read == "every":
        assert not model.predict(x, lengths=LENGTHS)[padding].any()
    x[padding] = np.nan
    whole = targets if read == "every" else targets[0]
    total, slopes = model.loss_and_gradients(x, whole, softmax_cross_entropy, lengths=LENGTHS)
    assert total == pytest.approx(value, rel=1e-13)
    for name, expected in gradients.items():
        np.testing.assert_allclose(slopes[name], expected, atol=1e-13, err_msg=name)


def test_the_last_step_is_the_last_of_every_step(rng):
    last = make(rng, read="last")
    every = SequenceModel(last.layer, 5)
    every.readout_weight[:], every.readout_bias[:] = last.readout_weight, last.readout_bias
    x, labels = rng.standard_normal((6, 3, 3)), np.array([1, 0, 3])
    np.testing.assert_array_equal(last.predict(x), every.predict(x)[-1])
    asked = np.full((6, 3), -1)
    asked[-1] = labels
    one = last.loss_and_gradients(x, labels, softmax_cross_entropy)
    other = every.loss_and_gradients(x, asked, softmax_cross_entropy)
    assert one[0] == other[0]
    for name, gradient in one[1].items():
        np.testing.assert_allclose(gradient, other[1][name], atol=1e-15)


def test_saved_with_its_readout_and_notes(rng, tmp_path: Path):
    model = make(rng, read="last", bidirectional=True)
    path = model.save(tmp_path / "model.safetensors", notes={"classes": ["a", "b"], "mean": 0.1})
    again = rnnlab.load(path)
    x = rng.standard_normal((6, 3, 3))
    assert again.read == "last"
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert load_notes(path) == {"classes": ["a", "b"], "mean": 0.1}
    assert model.astype("float32").read == "last"


def test_older_files_read_at_every_step(rng, tmp_path: Path):
    """What was written before there was a choice has no word about it."""
    model = make(rng)
    path = model.save(tmp_path / "model.safetensors")
    with safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        description = json.loads(file.metadata()["rnnlab"])
    del description["read"], description["notes"]
    path.write_bytes(save(arrays, {"rnnlab": json.dumps(description)}))
    again = rnnlab.load(path)
    assert again.read == "every"
    assert load_notes(path) is None
    x = rng.standard_normal((6, 3, 3))
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_readouts_that_cannot_be():
    with pytest.raises(ValueError, match="read must be one of every, last, got 'lats': did you"):
        SequenceModel(rnnlab.GRU(2, 3), 2, read="lats")
    model = SequenceModel(rnnlab.GRU(2, 3), 2, read="last")
    x = np.zeros((4, 3, 2), np.float32)
    with pytest.raises(ValueError, match="lengths must be from 1 to T=4, got 5 at index 1"):
        model.predict(x, lengths=[1, 5, 2])
    with pytest.raises(ValueError, match=r"targets must have shape \(3,\), got \(4, 3\)"):
        model.loss_and_gradients(x, np.zeros((4, 3), int), softmax_cross_entropy)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3,), r"targets must have shape \(T, B=3\) or \(T, B=3, O\), got \(3,\): with lengths"),
        ((), r"targets must have shape \(T, B=3\) or \(T, B=3, O\), got \(\)"),
        ((4, 2), r"targets must have shape \(T, B=3\) or \(T, B=3, O\), got \(4, 2\)"),
        ((5, 3), r"targets must have shape \(4, 3\), got \(5, 3\)"),
        ((4, 3, 2), r"targets must have shape \(4, 3\), got \(4, 3, 2\)"),
    ],
)
def test_targets_of_another_shape_beside_lengths(shape: tuple[int, ...], message: str):
    model = SequenceModel(rnnlab.GRU(2, 3), 2)
    x, targets = np.zeros((4, 3, 2), np.float32), np.zeros(shape, int)
    with pytest.raises(ValueError, match=message):
        model.loss_and_gradients(x, targets, softmax_cross_entropy, lengths=[4, 1, 2])
