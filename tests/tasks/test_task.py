"""What the base class finds in a task that is wrong, and the helpers of scoring."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from rnnlab.tasks import CopyMemory, Task, class_answers, label_answers, squared_errors


@dataclasses.dataclass(frozen=True)
class Echo(Task):
    """Repeat the input; what `sample` returns is given."""

    loss = "mean-squared-error"
    metrics = ("loss",)
    headline = "loss"
    higher_is_better = False
    solved_at = 0.1
    span = "length"
    paper = "nobody 1900"
    input_size = output_size = 2
    chance = baseline_loss = 1.0

    length: int  # no default: a field takes the place of what the base class declares
    drawn: Any = None

    def sample(self, batch: int, rng: np.random.Generator) -> Any:
        return self.drawn

    def measure(self, outputs: Any, targets: Any) -> dict[str, float]:
        return {"loss": float(squared_errors(outputs, targets).mean())}


FLOATS = np.zeros((3, 3, 2))  # of the size that a first sample has


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        ((FLOATS[1:], FLOATS), r"inputs of Echo.sample must be ints \(T, B\) = \(3, 3\) or .* got"),
        (([[1]], FLOATS), r"inputs of Echo.sample must be ints .*, got list: make sample agree"),
        ((FLOATS.astype(int), FLOATS), "got int64 .*: classes have two axes, numbers three"),
        ((FLOATS[..., 0], FLOATS), "got float64 .*: classes have two axes, numbers three"),
        ((np.full((3, 3), 2), FLOATS), "must be classes 0 to 1, or -1 for zeros, got 2 to 2: enl"),
        ((np.full((3, 3), -2), FLOATS), "must be classes 0 to 1, or -1 for zeros, got -2 to -2"),
        ((FLOATS, FLOATS[..., 0]), r"targets of Echo.sample must be floats of shape \(T, B, O\)"),
        ((FLOATS, FLOATS.astype(int)), r"must be floats of shape .*, got int64 \(3, 3, 2\)"),
        (
            (FLOATS, FLOATS * math.nan),
            "must contain an answer, but every target is NaN: set a class",
        ),
    ],
)
def test_what_sample_gets_wrong_is_found_at_the_first_batch(drawn: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Echo(3, drawn).draw(3, np.random.default_rng(0))


def test_a_label_alone_cannot_be_left_out() -> None:
    @dataclasses.dataclass(frozen=True)
    class Labels(Echo):
        loss = "binary-cross-entropy"

    targets = FLOATS.copy()
    targets[1, 2] = math.nan
    _, drawn = Labels(3, (FLOATS, targets)).draw(3, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn, targets)
    targets[0, 1, 1] = math.nan
    with pytest.raises(ValueError, match="NaN for all 2 labels of a position or for none, got NaN"):
        Labels(3, (FLOATS, targets)).draw(3, np.random.default_rng(0))
    Echo(3, (FLOATS, targets)).draw(3, np.random.default_rng(0))  # numbers can


def test_settings_and_the_scores_of_a_diverged_run_follow_from_the_class() -> None:
    assert Echo.setting_names() == ("length", "drawn")
    assert list(Echo(3).worst) == ["loss"]
    assert CopyMemory().worst["recall_accuracy"] == 0.0
    assert math.isnan(CopyMemory().worst["recall_loss"])


def test_solved_of_a_headline_that_falls() -> None:
    assert Echo(3).solved(0.1)
    assert not Echo(3).solved(0.11)


def test_answers_worked_by_hand() -> None:
    # two steps of three sequences; the last asks nothing
    targets = np.array([[0, 1, -1], [-1, 1, -1]])
    logits = np.zeros((2, 3, 2))
    logits[0, 0, 0] = logits[0, 1, 0] = 3  # right, wrong
    logits[1, 1, 1] = 3  # right
    answers = class_answers(logits, targets)
    right, wrong = math.log(1 + math.exp(-3)), 3 + math.log(1 + math.exp(-3))
    assert answers.loss() == pytest.approx((2 * right + wrong) / 3, rel=1e-12)
    assert answers.accuracy() == 2 / 3
    assert answers.sequence_accuracy() == 1 / 2
    assert answers.at(slice(1, None)).accuracy() == 1.0
    assert answers.at(targets == 0).loss() == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize("size", [1e30, 1e300])
def test_large_outputs_do_not_overflow(size: float) -> None:
    logits = np.array([[[size, -size]]])
    assert class_answers(logits, np.array([[0]])).loss() == 0.0
    assert label_answers(logits, np.array([[[1.0, 0.0]]])).loss() == 0.0
    assert label_answers(logits, np.array([[[1.0, 1.0]]])).loss() == pytest.approx(size / 2)
