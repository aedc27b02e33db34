"""The contract that every registered task keeps; a new one is tested by being registered."""

from __future__ import annotations

import dataclasses
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnnlab import training
from rnnlab.registry import tasks
from rnnlab.tasks import IGNORED, Task
from rnnlab.tasks.task import LOSSES

Array = np.ndarray[Any, Any]

# The smallest and some odd settings of each task; one that is not here is tested at its defaults.
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "copy-memory": [
        {"delay": 7, "payload": 3, "alphabet": 5},
        {"delay": 1, "payload": 1, "alphabet": 2},
    ],
    "variable-copy": [
        {"delay": 7, "payload": 3, "alphabet": 5},
        {"delay": 1, "payload": 1, "alphabet": 2},
    ],
    "adding": [{"length": 13}, {"length": 2}],
    "temporal-order": [{"length": 40}, {"length": 110}],
    "latch": [{"distractors": 5}, {"distractors": 1}],
    "parity": [{"length": 7}, {"length": 2}, {"length": 7, "asked": "every"}],
    "embedded-reber": [{"length": 19}, {"length": 8}],
    "spike-delays": [{"interval": 5, "spikes": 3}, {"interval": 2, "spikes": 2}],
    "timed-spikes": [{"interval": 5, "spikes": 3}, {"interval": 2, "spikes": 1}],
    "text": [{"length": 9}, {"length": 1}, {"length": 9, "part": "test"}],
}


def cases() -> list[Any]:
    return [
        pytest.param((name, settings), id=f"{name}-{','.join(map(str, settings.values()))}")
        for name in tasks.names()
        for settings in SETTINGS.get(name, [{}])
    ]


@pytest.fixture(params=cases())
def name_and_task(request: pytest.FixtureRequest, text_file: Path) -> tuple[str, Any]:
    name, settings = request.param
    more = {"file": str(text_file)} if name == "text" else {}
    return name, tasks[name](**more, **settings)


@pytest.fixture
def task(name_and_task: tuple[str, Any]) -> Any:
    return name_and_task[1]


def asked(targets: Array) -> Array:
    """Say where an answer is asked: bool (T, B)."""
    if targets.dtype.kind == "i":
        return np.asarray(targets != -1)
    return ~np.asarray(np.isnan(targets).any(axis=-1))


def test_it_states_all_that_the_convention_asks_for(name_and_task: tuple[str, Any]) -> None:
    name, task = name_and_task
    kind = type(task)
    assert issubclass(kind, Task)
    assert kind.setting_names() == tuple(field.name for field in dataclasses.fields(task))
    assert kind.loss in LOSSES
    assert kind.metrics[0] == "loss"
    assert kind.headline in kind.metrics
    assert set(task.worst) == set(kind.metrics)
    assert isinstance(kind.higher_is_better, bool)
    assert kind.span in kind.setting_names()
    assert kind.paper
    assert kind.__doc__
    assert min(task.length, task.input_size, task.output_size) >= 1
    assert len(task.input_names) == task.input_size
    assert len(task.output_names) == task.output_size
    assert isinstance(task.held_out(), kind), name


def test_tasks_and_losses_have_the_same_words() -> None:
    assert set(LOSSES) == set(training.LOSSES)
    assert training.IGNORED == IGNORED


def test_settings_are_numbers_and_words_that_files_can_hold(task: Any) -> None:
    for value in dataclasses.asdict(task).values():
        assert type(value) in (int, float, str, bool)


@pytest.mark.parametrize("batch", [1, 13])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_batches_have_the_sizes_that_the_task_declares(task: Any, batch: int, dtype: str) -> None:
    inputs, targets = task.draw(batch, np.random.default_rng(0), dtype)
    assert inputs.shape == (task.length, batch, task.input_size)
    assert inputs.dtype == dtype
    assert inputs.flags.c_contiguous
    assert np.isfinite(inputs).all()
    if task.loss == "cross-entropy":
        assert targets.shape == (task.length, batch)
        assert targets.dtype == np.int64
        assert targets.min() >= -1
        assert targets.max() < task.output_size
    else:
        assert targets.shape == (task.length, batch, task.output_size)
        assert targets.dtype == dtype
    assert asked(targets).any(axis=0).all(), "a sequence that asks nothing teaches nothing"


def test_sequences_end_with_padding_of_zeros_that_asks_nothing(task: Any) -> None:
    """What comes after the last answer is zeros, or else the sequence is as long as T."""
    inputs, targets = task.draw(50, np.random.default_rng(1))
    for inside, answers in zip(inputs.any(axis=-1).T, asked(targets).T, strict=True):
        last_asked = np.flatnonzero(answers).max()
        if last_asked < task.length - 1:
            assert not inside[last_asked + 1 :].any()


def test_the_same_seed_gives_the_same_bytes(task: Any) -> None:
    one, other = (task.draw(5, np.random.default_rng(9)) for _ in range(2))
    assert [array.tobytes() for array in one] == [array.tobytes() for array in other]


def test_no_two_batches_of_a_generator_are_the_same(task: Any) -> None:
    rng = np.random.default_rng(9)
    drawn = {task.draw(64, rng)[0].tobytes() for _ in range(5)}
    assert len(drawn) == 5


def test_the_dtype_does_not_change_what_is_drawn(task: Any) -> None:
    single, double = (task.draw(5, np.random.default_rng(9), d) for d in ("float32", "float64"))
    for one, other in zip(single, double, strict=True):
        np.testing.assert_array_equal(one, other.astype(one.dtype))


def test_batches_are_fresh_arrays(task: Any) -> None:
    inputs, targets = task.draw(5, np.random.default_rng(9))
    expected = [inputs.tobytes(), targets.tobytes()]
    inputs[:], targets[:] = 0, 0
    assert [array.tobytes() for array in task.draw(5, np.random.default_rng(9))] == expected


def test_scores_are_python_floats_in_the_order_of_metrics(task: Any) -> None:
    _, targets = task.draw(5, np.random.default_rng(9))
    scores = task.score(np.zeros((task.length, 5, task.output_size)), targets)
    assert tuple(scores) == task.metrics
    assert all(type(value) is float for value in scores.values())


def test_perfect_answers_are_solved_and_chance_is_not(
    task: Any, perfect: Callable[..., Array]
) -> None:
    _, targets = task.draw(7, np.random.default_rng(9))
    scores = task.score(perfect(task, targets), targets)
    assert scores["loss"] < 1e-12
    assert all(value == 1 for metric, value in scores.items() if metric.endswith("accuracy"))
    assert task.solved(scores[task.headline])
    assert not task.solved(task.chance)
    assert not task.solved(math.nan)
    assert task.baseline_loss > 0
    low, high = sorted([task.chance, scores[task.headline]])
    assert (high == task.chance) != task.higher_is_better
    assert low <= task.solved_at <= high


def test_the_loss_is_that_of_pytorch(task: Any, rng: np.random.Generator) -> None:
    _, targets = task.draw(6, rng)
    outputs = rng.normal(size=(task.length, 6, task.output_size))
    answers, expected = (torch.from_numpy(array[asked(targets)]) for array in (outputs, targets))
    function: Any = {
        "cross-entropy": torch.nn.functional.cross_entropy,
        "binary-cross-entropy": torch.nn.functional.binary_cross_entropy_with_logits,
        "mean-squared-error": torch.nn.functional.mse_loss,
    }[task.loss]
    if task.loss != "cross-entropy":
        expected = expected.double()
    loss = float(function(answers, expected))
    assert task.score(outputs, targets)["loss"] == pytest.approx(loss, rel=1e-12)


def test_the_loss_is_the_one_that_is_trained_on(task: Any, rng: np.random.Generator) -> None:
    _, targets = task.draw(6, rng)
    outputs = rng.normal(size=(task.length, 6, task.output_size))
    trained, gradient = training.LOSSES[task.loss](outputs, targets)
    assert trained == pytest.approx(task.score(outputs, targets)["loss"], rel=1e-12)
    assert not gradient[~asked(targets)].any()


def test_the_guess_without_memory_reaches_chance_and_baseline(
    name_and_task: tuple[str, Any],
) -> None:
    name, task = name_and_task
    assert name in GUESSES, "write its guess without memory below"
    inputs, targets = task.draw(4000, np.random.default_rng(11), "float64")
    scores = task.score(GUESSES[name](task, inputs, targets), targets)
    # 4000 sequences: a share of 1/2 has a standard deviation of .008
    assert scores[task.headline] == pytest.approx(task.chance, abs=0.035)
    assert scores["loss"] == pytest.approx(task.baseline_loss, rel=0.03)


def test_score_leaves_its_arguments_alone(task: Any, rng: np.random.Generator) -> None:
    _, targets = task.draw(6, rng)
    outputs = rng.normal(size=(task.length, 6, task.output_size))
    before = outputs.tobytes(), targets.tobytes()
    task.score(outputs, targets)
    assert (outputs.tobytes(), targets.tobytes()) == before


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_outputs_that_are_not_finite_are_wrong(
    task: Any, perfect: Callable[..., Array], value: float
) -> None:
    _, targets = task.draw(6, np.random.default_rng(0))
    outputs = perfect(task, targets)
    step = np.flatnonzero(asked(targets)[:, 2]).max()
    outputs[step, 2, 0] = value
    scores = task.score(outputs, targets)
    assert math.isnan(scores["loss"])
    assert not scores[task.headline] >= 1  # less, or NaN
    assert not math.isfinite(scores[task.headline]) or task.headline.endswith("accuracy")

    everything = task.score(np.full_like(outputs, value), targets)
    assert set(everything) == set(task.worst)
    for metric, worst in task.worst.items():
        np.testing.assert_equal(everything[metric], worst)
    assert not task.solved(everything[task.headline])


@pytest.mark.parametrize("value", [math.nan, 1e30, -1e30])
def test_positions_that_are_not_asked_cannot_change_a_score(
    task: Any, rng: np.random.Generator, value: float
) -> None:
    _, targets = task.draw(6, rng)
    outputs = rng.normal(size=(task.length, 6, task.output_size))
    expected = task.score(outputs, targets)
    outputs[~asked(targets)] = value
    assert task.score(outputs, targets) == expected


def test_answers_of_another_shape_are_refused(task: Any) -> None:
    _, targets = task.draw(2, np.random.default_rng(0))
    right = (task.length, 2, task.output_size)
    for shape in (right[:2], (2, *right[:1], right[2]), (right[0] + 1, *right[1:])):
        if shape != right:
            with pytest.raises(ValueError, match="outputs must have shape .*: time comes first"):
                task.score(np.zeros(shape), targets)
    with pytest.raises(ValueError, match="targets must be .*pass them as drawn"):
        task.score(np.zeros(right), targets[1:])


def test_what_draw_refuses(task: Any) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="batch must be at least 1, got 0"):
        task.draw(0, rng)
    with pytest.raises(TypeError, match="batch must be an integer"):
        task.draw(2.5, rng)
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator, got int"):
        task.draw(2, 0)
    with pytest.raises(ValueError, match="dtype must be float32 or float64, got float16"):
        task.draw(2, rng, "float16")


def test_tasks_of_equal_settings_are_equal_hashable_and_frozen(task: Any) -> None:
    assert {task, dataclasses.replace(task), pickle.loads(pickle.dumps(task))} == {task}
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(task, type(task).setting_names()[0], 1)


@pytest.mark.parametrize("name", tasks.names())
def test_whole_numbers_are_asked_for(name: str, text_file: Path) -> None:
    kind = tasks[name]
    more = {"file": str(text_file)} if name == "text" else {}
    for value in (True, 3.0, "3", None):
        with pytest.raises(TypeError, match=f"{kind.span} must be an integer, got"):
            kind(**more, **{kind.span: value})
    with pytest.raises(ValueError, match=f"{kind.span} must be at least"):
        kind(**more, **{kind.span: 0})
    numpy_one = kind(**more, **{kind.span: np.int64(getattr(kind(**more), kind.span))})
    assert type(getattr(numpy_one, kind.span)) is int


# What the best model without memory says, written from the definition of each task.


def copy_guess(task: Any, inputs: Array, targets: Array) -> Array:
    """Be silent until the recall, then any symbol alike."""
    outputs = np.zeros((*targets.shape, task.output_size))
    blank = task.alphabet
    outputs[..., blank] = np.where(targets == blank, 100, -100)
    return outputs


def zeros(task: Any, inputs: Array, targets: Array) -> Array:
    return np.zeros((*targets.shape[:2], task.output_size))


def mean_sum(task: Any, inputs: Array, targets: Array) -> Array:
    return np.ones_like(targets)


def latch_guess(task: Any, inputs: Array, targets: Array) -> Array:
    """After x, y and each distractor but the last comes the next one; then x or y."""
    outputs = np.full((*targets.shape, task.output_size), -100.0)
    for step in range(task.distractors):
        outputs[step, :, step] = 100
    outputs[-1, :, -2:] = 100
    return outputs


def parity_guess(task: Any, inputs: Array, targets: Array) -> Array:
    """Say the bit itself, as sure as one step in T, and one in two of the others, make it."""
    bits = inputs[..., 0].astype(int)
    sure = 0.5 if task.asked == "last" else 1 / task.length + (1 - 1 / task.length) / 2
    outputs: Array = np.log(np.array([[sure, 1 - sure], [1 - sure, sure]]))[bits]
    return outputs


def reber_guess(task: Any, inputs: Array, targets: Array) -> Array:
    """Know all but the last symbol but one, and choose T there, hardly."""
    outputs = np.where(targets == 1, 100.0, -100.0)
    for sequence in range(targets.shape[1]):
        last = np.flatnonzero(~np.isnan(targets[:, sequence, 0])).max()
        outputs[last - 1, sequence, [1, 2]] = 1e-9, -1e-9
    return outputs


def spike_guess(task: Any, inputs: Array, targets: Array) -> Array:
    """On silent steps, as sure as spikes are often."""
    share = task.spikes / (task.length - 1)
    return np.where(inputs == 1, -100, math.log(share / (1 - share)))


def text_guess(task: Any, inputs: Array, targets: Array) -> Array:
    text = Path(task.file).read_text(encoding="utf-8")
    counts = np.array([text.count(character) for character in sorted(set(text))])
    outputs: Array = np.broadcast_to(np.log(counts), (*targets.shape, len(counts))).copy()
    return outputs


GUESSES: dict[str, Callable[[Any, Array, Array], Array]] = {
    "copy-memory": copy_guess,
    "variable-copy": copy_guess,
    "adding": mean_sum,
    "temporal-order": zeros,
    "temporal-order-3": zeros,
    "latch": latch_guess,
    "parity": parity_guess,
    "embedded-reber": reber_guess,
    "spike-delays": zeros,
    "timed-spikes": spike_guess,
    "text": text_guess,
}
