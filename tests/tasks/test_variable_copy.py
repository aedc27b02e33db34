"""Copy memory with a delay for each sequence, against its definition step by step."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnnlab.tasks import VariableCopy


def test_every_sequence_is_laid_out_as_defined() -> None:
    task = VariableCopy(delay=6, payload=2, alphabet=3)
    inputs, targets = task.sample(40, np.random.default_rng(0))
    blank, marker, none = 3, 4, -1
    delays = []
    for sequence, answers in zip(inputs.T.tolist(), targets.T.tolist(), strict=True):
        a, b = sequence[:2]
        delay = sequence.index(marker) - 1
        delays.append(delay)
        rest = [none] * (6 - delay)
        assert sequence == [a, b, *[blank] * (delay - 1), marker, blank, blank, *rest]
        assert answers == [*[blank] * (2 + delay), a, b, *rest]
        assert {a, b} <= {0, 1, 2}
    assert set(delays) == {1, 2, 3, 4, 5, 6}


def test_delays_and_symbols_are_uniform() -> None:
    inputs, _ = VariableCopy(delay=4, payload=1, alphabet=5).sample(
        20_000, np.random.default_rng(1)
    )
    delays = np.bincount(inputs.argmax(axis=0), minlength=5)[1:]  # the marker is the largest
    # standard deviations 61 and 57; five of them are allowed
    assert np.abs(delays - 5000).max() < 306
    assert np.abs(np.bincount(inputs[0]) - 4000).max() < 283


def test_padding_is_an_input_of_zeros() -> None:
    task = VariableCopy(delay=5, payload=1, alphabet=2)
    inputs, targets = task.draw(30, np.random.default_rng(2))
    np.testing.assert_array_equal(inputs.sum(axis=-1), targets != -1)


def test_the_score_of_a_batch_worked_by_hand() -> None:
    # payload 1: the recall is one step; delays 2 and 1, T = 4, classes 0, 1, blank
    task = VariableCopy(delay=2, payload=1, alphabet=2)
    targets = np.array([[2, 2, 2, 0], [2, 2, 1, -1]]).T
    outputs = np.zeros((4, 2, 3))
    outputs[:, :, 2] = 10  # the blank everywhere ...
    outputs[2, 1] = [0, 30, 0]  # ... but in the second recall, which is right
    silent, sure = math.log(1 + 2 * math.exp(-10)), math.log(1 + 2 * math.exp(-30))
    wrong = 10 + silent
    assert task.score(outputs, targets) == pytest.approx(
        {
            "loss": (5 * silent + wrong + sure) / 7,
            "recall_loss": (wrong + sure) / 2,
            "recall_accuracy": 1 / 2,
            "sequence_accuracy": 1 / 2,
        },
        rel=1e-12,
    )
