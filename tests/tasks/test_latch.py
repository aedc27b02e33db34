"""The latch has two sequences, both written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnnlab.tasks import Latch


def test_both_sequences() -> None:
    task = Latch(distractors=3)
    inputs, targets = task.sample(100, np.random.default_rng(0))
    assert task.input_names == ("a1", "a2", "a3", "x", "y")
    assert {tuple(sequence) for sequence in inputs.T.tolist()} == {(3, 0, 1, 2), (4, 0, 1, 2)}
    np.testing.assert_array_equal(targets, np.vstack([inputs[1:], inputs[:1]]))
    assert 35 < (inputs[0] == 3).sum() < 65


def test_mistakes_before_the_last_step_change_only_the_loss() -> None:
    task = Latch(distractors=2)
    targets = np.array([[0, 1, 2], [0, 1, 3]]).T
    outputs = np.zeros((3, 2, 4))
    outputs[-1, 0, 2] = outputs[-1, 1, 2] = 20  # x both times
    wrong = 20 + math.log(1 + 3 * math.exp(-20))
    assert task.score(outputs, targets) == pytest.approx(
        {
            "loss": (4 * math.log(4) + wrong - 20 + wrong) / 6,
            "latch_loss": (2 * wrong - 20) / 2,
            "latch_accuracy": 0.5,
        },
        rel=1e-12,
    )
