"""Tasks and tables as problems: one function trains and scores them all."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnlab import GRU
from rnnlab.data import load_dataset
from rnnlab.registry import tasks
from rnnlab.tasks import Adding, CopyMemory, Task, find_task
from rnnlab.training import (
    LOSSES,
    Batch,
    Problem,
    SequenceModel,
    loss_of,
    make_optimizer,
    train,
)


def table(*, last: bool = True) -> pd.DataFrame:
    """Return walks up and down; the label is the direction, the same at every step or at none."""
    rng = np.random.default_rng(5)
    rows = []
    for number in range(30):
        up = number % 2
        value = rng.normal()
        for step in range(rng.integers(3, 7)):
            value += rng.normal(1.0 if up else -1.0, 0.3)
            rows.append((number, step, value, up if last else step % 2))
    return pd.DataFrame(rows, columns=["id", "time", "height", "label"])


def problems() -> list[Problem]:
    return [
        CopyMemory(3, 1, 2),
        Adding(5),
        load_dataset(table()),
        load_dataset(table(last=False)),
        load_dataset(table(), target=["height"], ignore=["label"], horizon=1),
    ]


@pytest.mark.parametrize("number", range(5))
def test_one_function_trains_them_all(number: int) -> None:
    problem = problems()[number]
    layer = GRU(problem.input_size, 6, seed=1)
    model = SequenceModel(layer, problem.output_size, read=problem.read, seed=2)
    per_epoch = problem.updates_per_epoch(8)
    length: dict[str, Any] = {"updates": 9, "evaluate_every": 3}
    if per_epoch is not None:
        length = {"epochs": 3}
    fresh = np.random.default_rng(4)
    evaluations = list(
        train(
            model,
            problem.batches(8, 3),
            make_optimizer("adam", model.parameters, 0.01),
            evaluate=lambda model: problem.evaluation(model, 16, fresh),
            loss=loss_of(problem),
            **length,
        )
    )
    assert [one.update for one in evaluations] == [k * (per_epoch or 3) for k in (1, 2, 3)]
    for one in evaluations:
        assert tuple(one.metrics) == problem.metrics == tuple(problem.worst)
        assert one.status == "ok"
        assert problem.headline in one.metrics
        assert problem.metrics[0] == "loss"
    assert math.isfinite(problem.chance)
    assert problem.length >= 5


@pytest.mark.parametrize("name", tasks.names())
def test_every_task_is_a_problem(name: str, tmp_path: Path) -> None:
    kind: Any = find_task(name)
    if name == "text":
        text = tmp_path / "text.txt"
        text.write_text("abcab" * 100)
        task: Task = kind(file=str(text), length=6)
    else:
        task = kind()
    problem: Problem = task  # the type checker agrees
    assert isinstance(problem, Problem)
    assert task.updates_per_epoch(8) is None
    drawn, rng = task.batches(2, 7), np.random.default_rng(7)
    for _ in range(2):
        batch = next(drawn)
        for one, other in zip((batch.x, batch.targets), task.draw(2, rng), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_table_is_a_problem_with_its_baseline_as_chance() -> None:
    data = load_dataset(table())
    assert isinstance(data, Problem)
    assert (data.headline, data.higher_is_better, data.read) == ("accuracy", True, "last")
    (majority,) = data.baselines()
    assert data.chance == majority.scores["accuracy"]
    assert not data.solved(1.0)
    numbers = load_dataset(table(), target=["height"], ignore=["label"], horizon=1)
    assert (numbers.headline, numbers.higher_is_better) == ("rmse", False)
    assert numbers.chance == min(one.scores["rmse"] for one in numbers.baselines())
    assert math.isnan(numbers.worst["rmse"])
    alternating = load_dataset(table(last=False))  # the last class is never the next one
    majority, last = alternating.baselines()
    assert last.scores["accuracy"] < majority.scores["accuracy"] == alternating.chance
    assert data.worst["accuracy"] == 0.0


def test_batches_of_a_table_follow_from_seed_and_epoch() -> None:
    data = load_dataset(table())
    draw = data.batches(8, 3)
    one, again, other = (list(draw(epoch)) for epoch in (2, 2, 1))
    assert sum(batch.x.shape[1] for batch in one) == len(data.parts["train"])
    for first, second in zip(one, again, strict=True):
        np.testing.assert_array_equal(first.x, second.x)
    assert any(first.x.shape != second.x.shape or (first.x != second.x).any()
               for first, second in zip(one, other, strict=True))  # fmt: skip
    from_generator = data.batches(8, np.random.default_rng(0))
    for first, second in zip(from_generator(1), from_generator(1), strict=True):
        np.testing.assert_array_equal(first.x, second.x)


def test_the_loss_of_a_problem_without_weights_is_the_plain_one() -> None:
    task = CopyMemory(3, 1, 2)
    batch: Batch = next(task.batches(4, 0))
    outputs = np.random.default_rng(1).standard_normal((*batch.targets.shape, task.output_size))
    value, gradient = loss_of(task)(outputs, batch.targets)
    expected, expected_gradient = LOSSES[task.loss](outputs, batch.targets)
    assert value == expected
    np.testing.assert_array_equal(gradient, expected_gradient)
