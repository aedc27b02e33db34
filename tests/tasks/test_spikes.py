"""Timed spikes: trains written out, and what counts as right."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from rnnlab.tasks import SpikeDelays, TimedSpikes


def test_spikes_are_spaced_as_the_class_says() -> None:
    task = SpikeDelays(interval=5, spikes=3)
    inputs, targets = task.sample(200, np.random.default_rng(0))
    starts, classes = set(), []
    for train, answers in zip(inputs[..., 0].T.tolist(), targets.T.tolist(), strict=True):
        spikes = [t for t, value in enumerate(train) if value == 1]
        gaps = {later - earlier for earlier, later in pairwise(spikes)}
        assert set(train) == {0.0, 1.0}
        assert len(spikes) == 3
        assert gaps in ({5}, {4})
        sooner = int(gaps == {4})
        assert [t for t in range(15) if answers[t] != -1] == spikes[1:]
        assert {answers[t] for t in spikes[1:]} == {sooner}
        starts.add(spikes[0])
        classes.append(sooner)
    assert starts == {0, 1, 2, 3, 4}
    assert 70 < sum(classes) < 130
    assert task.output_names == ("every 5", "every 4")


def test_a_train_follows_the_spike_that_starts_it() -> None:
    task = TimedSpikes(interval=4, spikes=2)
    inputs, targets = task.sample(60, np.random.default_rng(0))
    starts = set()
    for cue, train in zip(inputs[..., 0].T.tolist(), targets[..., 0].T.tolist(), strict=True):
        start = cue.index(1)
        starts.add(start)
        assert cue == [float(t == start) for t in range(12)]
        assert train == [float(t in (start + 4, start + 8)) for t in range(12)]
    assert starts == {0, 1, 2, 3}


def test_the_score_of_trains_worked_by_hand() -> None:
    task = TimedSpikes(interval=2, spikes=1)  # T = 4
    targets = np.array([[0.0, 0, 1, 0], [0, 0, 0, 1]]).T[..., None]
    outputs = np.array([[-1.0, -1, 2, -1], [-1, -1, 3, -1]]).T[..., None]  # the second is early
    right = [math.log(1 + math.exp(-1))] * 5 + [math.log(1 + math.exp(-2))]
    wrong = [3 + math.log(1 + math.exp(-3)), 1 + math.log(1 + math.exp(-1))]
    assert task.score(outputs, targets) == pytest.approx(
        {
            "loss": sum(right + wrong) / 8,
            "spike_accuracy": 1 / 2,
            "sequence_accuracy": 1 / 2,
        },
        rel=1e-12,
    )


def test_one_spike_too_many_spoils_a_train() -> None:
    task = TimedSpikes(interval=3, spikes=2)
    _, targets = task.draw(4, np.random.default_rng(0))
    outputs = 20 * targets.astype("float64") - 10
    outputs[0, 1] = 10  # due never: a train begins at step 3 at the soonest
    scores = task.score(outputs, targets)
    assert (scores["spike_accuracy"], scores["sequence_accuracy"]) == (1.0, 3 / 4)
