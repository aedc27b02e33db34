"""The copy-memory task against its definition step by step and the literature's baselines."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from rnnlab.registry import tasks
from rnnlab.tasks import CopyMemory


def naive_sequence(
    payload: list[int], delay: int, blank: int, marker: int
) -> tuple[list[int], list[int]]:
    """The definition, a step at a time."""
    inputs, targets = [], []
    for symbol in payload:
        inputs.append(symbol)
        targets.append(blank)
    for _ in range(delay - 1):
        inputs.append(blank)
        targets.append(blank)
    inputs.append(marker)
    targets.append(blank)
    for symbol in payload:
        inputs.append(blank)
        targets.append(symbol)
    return inputs, targets


def naive_score(
    logits: np.ndarray[Any, Any], targets: np.ndarray[Any, Any], payload: int
) -> dict[str, float]:
    """Probabilities written out, without a logarithm's tricks; for small logits only."""
    steps, batch, _ = logits.shape
    nats = np.empty((steps, batch))
    right = np.empty((steps, batch), dtype=bool)
    for t in range(steps):
        for b in range(batch):
            weights = [math.exp(value) for value in logits[t, b]]
            nats[t, b] = -math.log(weights[targets[t, b]] / sum(weights))
            right[t, b] = weights.index(max(weights)) == targets[t, b]
    whole = [all(right[-payload:, b]) for b in range(batch)]
    return {
        "loss": nats.mean(),
        "recall_loss": nats[-payload:].mean(),
        "recall_accuracy": right[-payload:].mean(),
        "sequence_accuracy": sum(whole) / batch,
    }


def test_a_sample_worked_by_hand() -> None:
    # delay 4, payload 3, alphabet 5: blank 5, marker 6, T = 10
    inputs, targets = CopyMemory(4, 3, 5).sample(1, np.random.default_rng(11))
    a, b, c = inputs[:3, 0].tolist()

    assert inputs[:, 0].tolist() == [a, b, c, 5, 5, 5, 6, 5, 5, 5]
    assert targets[:, 0].tolist() == [5, 5, 5, 5, 5, 5, 5, a, b, c]
    assert all(0 <= symbol < 5 for symbol in (a, b, c))


@pytest.mark.parametrize(
    ("delay", "payload", "alphabet", "batch"),
    [(1, 1, 2, 1), (1, 4, 3, 7), (2, 1, 8, 3), (13, 5, 9, 17), (100, 10, 8, 2)],
)
def test_every_sequence_is_laid_out_as_defined(
    delay: int, payload: int, alphabet: int, batch: int
) -> None:
    rng = np.random.default_rng(delay)
    inputs, targets = CopyMemory(delay, payload, alphabet).sample(batch, rng)

    assert inputs.shape == targets.shape == (delay + 2 * payload, batch)
    assert inputs.dtype == targets.dtype == np.int64
    for b in range(batch):
        expected = naive_sequence(inputs[:payload, b].tolist(), delay, alphabet, alphabet + 1)
        assert (inputs[:, b].tolist(), targets[:, b].tolist()) == expected


def test_symbols_are_uniform_and_independent() -> None:
    inputs, _ = CopyMemory(1, 2, 4).sample(40_000, np.random.default_rng(5))
    pairs = np.bincount(4 * inputs[0] + inputs[1], minlength=16)

    # 16 equally likely pairs: expected 2500, standard deviation 48; five of them are allowed
    assert np.abs(pairs - 2500).max() < 5 * 48.4


def test_the_generator_decides_the_batch_and_is_advanced() -> None:
    rng = np.random.default_rng(3)
    first, second = (CopyMemory(5, 3, 8).sample(4, rng)[0] for _ in range(2))
    again = CopyMemory(5, 3, 8).sample(4, np.random.default_rng(3))[0]

    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != second.tobytes()


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("delay", 0, "delay must be at least 1, got 0: the marker is the last step"),
        ("delay", -3, "delay must be at least 1, got -3"),
        ("payload", 0, "payload must be at least 1, got 0: there must be a symbol to recall"),
        ("alphabet", 1, "alphabet must be at least 2, got 1: one symbol alone"),
    ],
)
def test_sizes_too_small_are_refused(setting: str, value: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CopyMemory(**{setting: value})


@pytest.mark.parametrize("setting", ["delay", "payload", "alphabet"])
@pytest.mark.parametrize("value", [True, 3.0, "3", None, np.float64(3), np.bool_(True)])
def test_only_integers_are_sizes(setting: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"{setting} must be an integer, got .*pass a whole"):
        CopyMemory(**{setting: value})


def test_numpy_integers_are_taken_and_become_python_integers() -> None:
    task = CopyMemory(np.int64(10), np.uint8(3), np.int32(8))  # type: ignore[arg-type]
    assert task == CopyMemory(10, 3, 8)
    assert {type(size) for size in dataclasses.astuple(task)} == {int}


@pytest.mark.parametrize("rng", [0, None, np.random.RandomState(0)])
def test_a_seed_is_not_a_generator(rng: Any) -> None:
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator, got .*default_rng"):
        CopyMemory(10, 3, 8).draw(2, rng)


def test_the_task_is_registered_and_frozen() -> None:
    assert tasks["copy-memory"] is CopyMemory
    with pytest.raises(dataclasses.FrozenInstanceError):
        CopyMemory(1, 1, 2).delay = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    ("delay", "loss"),
    [(100, 0.1733), (200, 0.0945), (500, 0.0400), (1000, 0.0204), (2000, 0.0103)],
)
def test_baselines_of_the_literature(delay: int, loss: float) -> None:
    # payload 10, alphabet 8 (Arjovsky et al. 2016); .0204 at 1000 is Bai et al. 2018, table 1
    task = CopyMemory(delay, 10, 8)
    assert task.baseline_loss == pytest.approx(loss, abs=5e-5)
    assert task.chance == 1 / 8
    assert (task.length, task.input_size, task.output_size) == (delay + 20, 10, 9)


def test_the_memoryless_model_scores_exactly_the_baseline() -> None:
    task = CopyMemory(delay=30, payload=5, alphabet=8)
    _, targets = task.draw(400, np.random.default_rng(2))
    logits = np.zeros((task.length, 400, task.output_size), dtype=np.float32)
    logits[:-5, :, 8] = 100.0  # certain of the blank until the marker
    logits[-5:, :, 8] = -100.0  # then any symbol alike

    scores = task.score(logits, targets)
    assert scores["loss"] == pytest.approx(task.baseline_loss, rel=1e-12)
    assert scores["recall_loss"] == pytest.approx(math.log(8), rel=1e-12)


def test_guessing_reaches_chance() -> None:
    task = CopyMemory(delay=3, payload=2, alphabet=4)
    rng = np.random.default_rng(8)
    _, targets = task.draw(20_000, rng)
    logits = rng.normal(size=(task.length, 20_000, task.output_size))
    logits[..., 4] = -50.0  # never the blank

    scores = task.score(logits, targets)
    # standard deviations .0022 and .0017
    assert scores["recall_accuracy"] == pytest.approx(task.chance, abs=0.011)
    assert scores["sequence_accuracy"] == pytest.approx(task.chance**2, abs=0.0085)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inputs_are_the_symbols_one_hot(dtype: str) -> None:
    task = CopyMemory(delay=6, payload=3, alphabet=5)
    inputs, targets = task.draw(7, np.random.default_rng(4), dtype)
    symbols, expected = task.sample(7, np.random.default_rng(4))

    assert inputs.dtype == dtype
    assert inputs.shape == (12, 7, 7)
    assert inputs.flags.c_contiguous
    for t in range(12):
        for b in range(7):
            assert inputs[t, b].tolist() == [float(k == symbols[t, b]) for k in range(7)]
    assert targets.tobytes() == expected.tobytes()


def test_inputs_of_another_dtype_are_refused() -> None:
    with pytest.raises(ValueError, match="dtype must be float32 or float64, got float16"):
        CopyMemory(6, 3, 5).draw(7, np.random.default_rng(4), "float16")


@pytest.mark.parametrize(("payload", "batch"), [(1, 1), (3, 5), (4, 9)])
def test_scores_equal_the_naive_ones(payload: int, batch: int) -> None:
    task = CopyMemory(delay=7, payload=payload, alphabet=3)
    rng = np.random.default_rng(batch)
    _, targets = task.draw(batch, rng)
    logits = rng.normal(size=(task.length, batch, task.output_size))
    logits += 1.5 * np.eye(task.output_size)[targets]  # right about every second time

    expected = naive_score(logits, targets, payload)
    assert task.score(logits, targets) == pytest.approx(expected, rel=1e-12)
    # float32 logits: only their own rounding is left, the sums are those of float64
    assert task.score(logits.astype("float32"), targets) == pytest.approx(expected, rel=1e-6)


def test_whole_sequences_are_not_symbols() -> None:
    task = CopyMemory(delay=2, payload=2, alphabet=4)
    _, targets = task.draw(4, np.random.default_rng(0))
    logits = 50.0 * np.eye(task.output_size)[targets]
    # one wrong symbol in sequence 0, both wrong in sequence 3
    for step, sequence in [(-1, 0), (-1, 3), (-2, 3)]:
        wrong = (targets[step, sequence] + 1) % 4
        logits[step, sequence] = 50.0 * np.eye(task.output_size)[wrong]

    scores = task.score(logits, targets)
    assert scores["recall_accuracy"] == 5 / 8
    assert scores["sequence_accuracy"] == 2 / 4
    assert not task.solved(scores["recall_accuracy"])


def test_mistakes_before_the_recall_change_only_the_loss() -> None:
    task = CopyMemory(delay=4, payload=2, alphabet=4)
    _, targets = task.draw(3, np.random.default_rng(0))
    logits = 50.0 * np.eye(task.output_size)[targets]
    logits[:-2] = 50.0 * np.eye(task.output_size)[0]

    scores = task.score(logits, targets)
    assert scores["recall_accuracy"] == scores["sequence_accuracy"] == 1.0
    assert scores["recall_loss"] < 1e-12
    assert scores["loss"] == pytest.approx(50.0 * 6 / 8)


def test_the_blank_is_a_wrong_answer_in_the_recall() -> None:
    task = CopyMemory(delay=4, payload=2, alphabet=4)
    _, targets = task.draw(3, np.random.default_rng(0))
    logits = np.zeros((task.length, 3, task.output_size))
    logits[..., 4] = 1.0
    assert task.score(logits, targets)["recall_accuracy"] == 0.0


def test_large_logits_do_not_overflow() -> None:
    task = CopyMemory(delay=1, payload=1, alphabet=2)
    _, targets = task.draw(1, np.random.default_rng(0))
    logits = np.full((3, 1, 3), -1e30, dtype=np.float32)
    logits[..., 0] = 1e30
    scores = task.score(logits, np.zeros_like(targets))
    assert scores["loss"] == scores["recall_loss"] == 0.0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_logit_that_is_not_finite_is_a_wrong_answer(value: float) -> None:
    # argmax over NaN names a class: a diverged model must not score by that accident
    task = CopyMemory(delay=3, payload=2, alphabet=4)
    _, targets = task.draw(6, np.random.default_rng(0))
    logits = 50.0 * np.eye(task.output_size)[targets]
    logits[-1, 2] = value

    scores = task.score(logits, targets)
    assert scores["recall_accuracy"] == 11 / 12
    assert scores["sequence_accuracy"] == 5 / 6
    assert math.isnan(scores["loss"])
    assert math.isnan(scores["recall_loss"])

    everything = task.score(np.full_like(logits, value), targets)
    assert everything["recall_accuracy"] == everything["sequence_accuracy"] == 0.0


def test_score_leaves_its_arguments_alone() -> None:
    task = CopyMemory(delay=3, payload=2, alphabet=4)
    rng = np.random.default_rng(0)
    _, targets = task.draw(6, rng)
    logits = rng.normal(size=(task.length, 6, task.output_size))
    before = logits.tobytes(), targets.tobytes()
    task.score(logits, targets)
    assert (logits.tobytes(), targets.tobytes()) == before


@pytest.mark.parametrize("shape", [(7, 6), (6, 7, 5), (7, 6, 6), (7, 0, 5)])
def test_logits_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    task = CopyMemory(delay=3, payload=2, alphabet=4)
    targets = np.zeros(shape[:2], dtype=np.int64)
    with pytest.raises(
        ValueError, match=r"outputs must (have shape \(T=7, B, O=5\)|hold at least)"
    ):
        task.score(np.zeros(shape), targets)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (np.zeros((6, 7), dtype=np.int64), r"targets must be integers of shape \(T, B\) = \(7, 6"),
        (np.zeros((7, 6)), "targets must be integers .*, got float64 .*pass them as drawn"),
        (
            np.full((7, 6), 5),
            "targets must be classes 0 to 4, or -1 to ignore .*, got 5 to 5: pass the targets",
        ),
        (np.full((7, 6), -2), "targets must be classes 0 to 4, or -1 .*, got -2 to -2"),
        (
            np.full((7, 6), -1),
            "targets must contain an answer, but every target is -1: set a class",
        ),
    ],
)
def test_targets_of_another_kind_are_refused(targets: Any, message: str) -> None:
    task = CopyMemory(delay=3, payload=2, alphabet=4)
    with pytest.raises(ValueError, match=message):
        task.score(np.zeros((7, 6, 5)), targets)


def test_solved_means_ninety_nine_in_a_hundred() -> None:
    task = CopyMemory(delay=3, payload=2, alphabet=4)
    assert task.solved(0.99)
    assert task.solved(99 / 100)
    assert not task.solved(0.9899999)
    assert not task.solved(math.nan)
