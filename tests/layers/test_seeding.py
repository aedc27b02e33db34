"""Seeds: fresh numbers without one, the same ones with one, independent ones for each role."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import rnnlab
from rnnlab import GRU, LSTM, RNN, Recurrent
from rnnlab.analysis import check_gradients, lyapunov_spectrum, random_inputs, walk
from rnnlab.analysis.gradient_flow import random_ends
from rnnlab.layers import seeding
from rnnlab.layers.initialisers import glorot_uniform
from rnnlab.training import SGD, Batch, SequenceModel, mean_squared_error, train


@pytest.fixture
def drawn(monkeypatch):
    """Return the numbers that the operating system gave."""
    numbers: list[int] = []

    def draw():
        numbers.append(2**100 + len(numbers))
        return numbers[-1]

    monkeypatch.setattr(seeding, "fresh_entropy", draw)
    return numbers


def test_layers_without_a_seed_are_not_equal_and_can_be_repeated():
    one, other = LSTM(4, 4), LSTM(4, 4)
    assert one.seed != other.seed
    assert (one.parameters["weight_hh_l0"] != other.parameters["weight_hh_l0"]).all()
    again = LSTM(4, 4, seed=one.seed)
    for name, array in one.parameters.items():
        np.testing.assert_array_equal(again.parameters[name], array)


def test_fresh_entropy_is_fresh(monkeypatch):
    monkeypatch.undo()  # that of the operating system
    numbers = {seeding.fresh_entropy() for _ in range(20)}
    assert len(numbers) == 20
    assert max(numbers) >= 2**64


def test_the_seed_is_shown_a_long_one_by_its_first_digits(drawn):
    assert repr(LSTM(3, 4)).endswith(" seed=126765...>")  # of 2**100
    assert repr(GRU(3, 4, seed=7)).endswith(" parameters=100 seed=7>")
    model = SequenceModel(GRU(3, 4, seed=7), 2)
    facts = f"read=every parameters={model.parameter_count} seed=126765..."
    assert repr(model) == f"<rnnlab.SequenceModel {model.layer!r} output_size=2 {facts}>"
    given = LSTM(3, 4, seed=np.random.default_rng(1))
    assert given.seed is None
    assert "seed" not in repr(given)


def test_an_int_is_the_initialisation_it_always_was():
    """Published results and others' scripts rely on it."""
    weight = LSTM(3, 4, seed=6, dtype="float64").parameters["weight_ih_l0"]
    rng = np.random.default_rng(6)
    expected = np.concatenate([glorot_uniform(rng, 4, 3) for _ in range(4)])
    np.testing.assert_array_equal(weight, expected)


@pytest.mark.parametrize("seed", [None, 0, 5])
def test_the_readout_is_no_copy_of_the_input_weights(seed):
    """Once: readout_weight == weight_ih_l0 where both sizes are 16, with the default seeds."""
    model = SequenceModel(RNN(16, 16, seed=seed), 16, seed=seed)
    one, other = model.parameters["weight_ih_l0"].ravel(), model.readout_weight.ravel()
    assert (one != other).all()
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.25  # a standard deviation is .06


def streams_of(seed: Any) -> dict[str, np.random.Generator]:
    roles = ("initialisation", "readout", "noise", "inputs", "frame", "final gradient")
    return {role: seeding.random_numbers(seed, role)[0] for role in roles}


def test_no_role_has_the_numbers_of_another():
    """Nor those of the children that studies and fits spawn from the same seed."""
    drawn = {role: rng.integers(2**63, size=1000) for role, rng in streams_of(3).items()}
    for number, child in enumerate(np.random.SeedSequence(3).spawn(3)):
        drawn[f"child {number}"] = np.random.default_rng(child).integers(2**63, size=1000)
    together = np.concatenate(list(drawn.values()))
    assert len(np.unique(together)) == together.size


def test_masks_are_not_drawn_from_the_numbers_of_the_parameters(rng):
    noise = rnnlab.Regularisers(input_dropout=0.5)
    layer = LSTM(3, 4, seed=5, regularisers=noise)
    x = np.ones((4, 4, 3), np.float32)
    same = layer.forward(x, noise=5).output
    np.testing.assert_array_equal(same, layer.forward(x, noise=5).output)
    assert (same != layer.forward(x, noise=np.random.default_rng(5)).output).any()


def test_training_with_an_int_draws_new_masks_at_every_update(monkeypatch):
    """An int that was handed on would have frozen the masks."""
    model = SequenceModel(
        GRU(2, 3, seed=1, regularisers=rnnlab.Regularisers(zoneout=0.5)), 1, seed=1
    )
    masks = []
    forward = Recurrent.forward

    def watched(layer, *arguments, **options):
        tape = forward(layer, *arguments, **options)
        masks.append(tape._records[0].given[0].copy())
        return tape

    monkeypatch.setattr(Recurrent, "forward", watched)
    x, targets = np.ones((5, 4, 2), np.float32), np.zeros((5, 4, 1), np.float32)
    list(
        train(
            model,
            itertools.repeat(Batch(x, targets)),
            SGD(model.parameters, 0.1),
            updates=3,
            evaluate=lambda _: {},
            evaluate_every=3,
            loss=mean_squared_error,
            noise=1,
        )
    )
    assert len({mask.tobytes() for mask in masks}) == 3


def test_analysis_is_drawn_anew_without_a_seed_and_again_with_one():
    def values(seed):
        layer = RNN(1, 2, dtype="float64", seed=1)
        yield random_inputs(3, 2, seed).vectors
        yield walk("gru", random_inputs(1, 2, 0), 3, seed).steps[0]["h"]
        yield lyapunov_spectrum(layer, np.ones((5, 1, 1)), seed=seed)["exponent"].to_numpy()
        yield random_ends(SequenceModel(layer, 1), np.ones((5, 3, 1)), seed)
        yield check_gradients("rnn", steps=2, batch=2, seed=seed)["analytic"].to_numpy()

    for first, second, third, fourth in zip(*map(values, (1, 1, None, None)), strict=True):
        np.testing.assert_array_equal(first, second)
        assert (third != fourth).any()
    table = check_gradients("rnn", steps=2, batch=2)
    again = check_gradients("rnn", steps=2, batch=2, seed=table.attrs["seed"])
    assert table["analytic"].tolist() == again["analytic"].tolist()


def test_a_file_keeps_the_seeds(tmp_path):
    model = SequenceModel(GRU(3, 4), 2)
    again = rnnlab.load(model.save(tmp_path / "model"))
    assert (again.seed, again.layer.seed) == (model.seed, model.layer.seed)
    assert model.astype("float64").layer.seed == model.layer.seed
    assert repr(again) == repr(model)
