"""The contract that every registered task keeps; a new one is tested by being registered."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import rnnlab.registry
import rnnlab.tasks  # registers them

# Odd and small values for the settings that tasks have; a new setting adds itself here.
SETTINGS = {"delay": 7, "payload": 3, "alphabet": 5}


@pytest.fixture(params=rnnlab.registry.tasks.names())
def task(request: pytest.FixtureRequest) -> Any:
    kind = rnnlab.registry.tasks[request.param]
    return kind(**{field.name: SETTINGS[field.name] for field in dataclasses.fields(kind)})


@pytest.mark.parametrize("batch", [1, 13])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_batches_have_the_sizes_that_the_task_declares(task: Any, batch: int, dtype: str) -> None:
    inputs, targets = task.draw(batch, np.random.default_rng(0), dtype)
    assert inputs.shape == (task.length, batch, task.input_size)
    assert inputs.dtype == dtype
    assert np.isfinite(inputs).all()
    assert targets.shape[:2] == (task.length, batch)


def test_the_same_seed_gives_the_same_bytes(task: Any) -> None:
    one, other = (task.draw(5, np.random.default_rng(9)) for _ in range(2))
    assert [array.tobytes() for array in one] == [array.tobytes() for array in other]


def test_the_dtype_does_not_change_what_is_drawn(task: Any) -> None:
    single, _ = task.draw(5, np.random.default_rng(9), "float32")
    double, _ = task.draw(5, np.random.default_rng(9), "float64")
    np.testing.assert_array_equal(single, double.astype("float32"))


def test_batches_are_fresh_arrays(task: Any) -> None:
    inputs, targets = task.draw(5, np.random.default_rng(9))
    expected = [inputs.tobytes(), targets.tobytes()]
    inputs[:], targets[:] = 0, 0
    assert [array.tobytes() for array in task.draw(5, np.random.default_rng(9))] == expected


def test_scores_are_python_floats_and_chance_is_not_solved(task: Any) -> None:
    _, targets = task.draw(5, np.random.default_rng(9))
    scores = task.score(np.zeros((task.length, 5, task.output_size)), targets)
    assert set(scores) == {"loss", "recall_loss", "recall_accuracy", "sequence_accuracy"}
    assert all(type(value) is float for value in scores.values())
    assert 0 < task.chance < 1
    assert task.baseline_loss > 0
    assert not task.solved(task.chance)
    assert task.solved(1.0)


def test_tasks_of_equal_settings_are_equal_and_hashable(task: Any) -> None:
    assert {task, dataclasses.replace(task)} == {task}
