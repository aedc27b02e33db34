"""The adding task against its definition, and what its score means."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnnlab.tasks import Adding


@pytest.mark.parametrize("length", [2, 3, 10, 51])
def test_the_target_is_the_sum_of_the_marked_numbers_one_in_each_half(length: int) -> None:
    inputs, targets = Adding(length).draw(50, np.random.default_rng(length), "float64")
    for b in range(50):
        numbers, marks = inputs[:, b, 0].tolist(), inputs[:, b, 1].tolist()
        marked = [t for t in range(length) if marks[t] == 1]
        assert len(marked) == 2
        assert set(marks) <= {0.0, 1.0}
        assert marked[0] < length // 2 <= marked[1]
        assert targets[-1, b, 0] == numbers[marked[0]] + numbers[marked[1]]
        assert all(0 <= number < 1 for number in numbers)
        assert all(math.isnan(target) for target in targets[:-1, b, 0])


def test_every_step_of_a_half_is_marked_alike() -> None:
    inputs, _ = Adding(7).draw(21_000, np.random.default_rng(3))
    counts = inputs[..., 1].sum(axis=1)
    # 3 steps of 7000 each, 4 of 5250; five standard deviations
    assert np.abs(counts[:3] - 7000).max() < 342
    assert np.abs(counts[3:] - 5250).max() < 314


def test_the_score_of_a_batch_worked_by_hand() -> None:
    targets = np.full((3, 4, 1), np.nan)
    targets[-1, :, 0] = [1.0, 0.5, 1.5, 0.25]
    outputs = np.full((3, 4, 1), 99.0)
    outputs[-1, :, 0] = [1.0, 0.57, 1.41, 1.25]  # off by 0, .07, .09 and 1
    scores = Adding(3).score(outputs, targets)
    mse = (0.0049 + 0.0081 + 1) / 4
    assert scores == pytest.approx({"loss": mse, "mse": mse, "accuracy": 0.5}, rel=1e-12)


def test_solved_is_the_tolerance_of_the_paper_as_a_root_mean_square() -> None:
    # .04 of targets that are scaled to 0..1; sums reach 2
    task = Adding(3)
    assert task.solved((2 * 0.04) ** 2)
    assert not task.solved(0.00641)
    assert not task.solved(1 / 6)
    assert not task.solved(math.nan)
