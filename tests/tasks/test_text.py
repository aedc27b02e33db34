"""Prediction of a text: parts, windows, entropies by hand, and files that are no text."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnlab.tasks import TextPrediction


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write_file(content: bytes | str) -> str:
        path = tmp_path / "book.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write_file


ALPHABET = "".join(chr(code) for code in range(ord("a"), ord("a") + 20))


def characters(task: TextPrediction, codes: Any) -> str:
    return "".join(task.alphabet[code] for code in codes)


def test_windows_lie_in_their_part_and_targets_are_the_next_characters(write: Any) -> None:
    text = "".join(f"{number:03d}" for number in range(100))  # 300 characters
    file = write(text)
    parts = {"train": text[:240], "validation": text[240:270], "test": text[270:]}
    for part, content in parts.items():
        task = TextPrediction(file, length=6, part=part)  # type: ignore[arg-type]
        inputs, targets = task.sample(400, np.random.default_rng(0))
        seen = set()
        for window, answers in zip(inputs.T, targets.T, strict=True):
            whole = characters(task, [*window, answers[-1]])
            assert whole in content
            assert characters(task, answers) == whole[1:]
            seen.add(whole)
        possible = {content[start : start + 7] for start in range(len(content) - 6)}
        assert len(seen) > 0.7 * len(possible)
        if part != "train":  # 24 windows: each was drawn, the first and the last too
            assert seen == possible


def test_the_alphabet_is_that_of_the_whole_text(write: Any) -> None:
    task = TextPrediction(write("ab" * 40 + "ba" * 5 + "b\u00e9" * 5), length=3)
    assert task.alphabet == "ab\u00e9"
    assert (task.input_size, task.output_size) == (3, 3)
    assert task.input_names == ("'a'", "'b'", "'\u00e9'")


def test_lines_end_as_in_the_file(write: Any) -> None:
    assert TextPrediction(write("a\r\n" * 20), length=2).alphabet == "\n\ra"


def test_held_out_is_the_validation_part(text_file: Path) -> None:
    task = TextPrediction(str(text_file), length=5)
    assert task.held_out() == TextPrediction(str(text_file), 5, "validation")
    test = TextPrediction(str(text_file), 5, "test")
    assert test.held_out() is test


def test_chance_and_solved_of_a_text_worked_by_hand(write: Any) -> None:
    # aab aab ...: a two times in three; after b comes a, after a comes a or b, as often
    task = TextPrediction(write("aab" * 10_000), length=5)
    assert task.chance == pytest.approx(-(2 * math.log2(2 / 3) + math.log2(1 / 3)) / 3, rel=1e-3)
    assert task.baseline_loss == pytest.approx(task.chance * math.log(2), rel=1e-12)
    assert task.solved_at == pytest.approx(2 / 3, rel=1e-3)
    assert task.solved(0.6)
    assert not task.solved(0.7)
    assert not task.solved(math.nan)


def test_bits_are_nats_by_ln_2(write: Any) -> None:
    task = TextPrediction(write(ALPHABET * 20), length=4)
    _, targets = task.draw(3, np.random.default_rng(0))
    scores = task.score(np.zeros((4, 3, 20)), targets)
    assert scores == pytest.approx(
        {"loss": math.log(20), "bits_per_character": math.log2(20)}, rel=1e-12
    )


@pytest.mark.parametrize("part", ["train", "test"])
def test_chance_and_solved_are_what_models_of_the_training_part_get_on_what_is_scored(
    write: Any, part: Any
) -> None:
    rng = np.random.default_rng(5)
    kinds, weights = "etaoin shrdlu\0", np.arange(14, 0, -1.0) ** 2
    early = "".join(kinds[k] for k in rng.choice(len(kinds), 640, p=weights / weights.sum()))
    late = "".join(
        kinds[k] for k in rng.choice(len(kinds), 160)
    )  # other frequencies, pairs that were never seen
    task = TextPrediction(write(early + late), length=3, part=part)
    training = (early + late)[:640]
    scored = (early + late)[640:720] if part == "train" else (early + late)[720:]
    frequency = {a: (training.count(a) + 1) / (len(training) + len(kinds)) for a in kinds}
    bits = [-math.log2(frequency[after]) for after in scored[1:]]
    assert task.chance == pytest.approx(np.mean(bits), rel=1e-12)
    followers: dict[str, list[str]] = {a: [] for a in kinds}
    for before, after in itertools.pairwise(training):
        followers[before].append(after)
    bits = []
    for before, after in itertools.pairwise(scored):
        novel = max(len(set(followers[before])), 1)
        share = followers[before].count(after) + novel * frequency[after]
        bits.append(-math.log2(share / (len(followers[before]) + novel)))
    assert task.solved_at == pytest.approx(np.mean(bits), rel=1e-12)


def test_a_model_of_one_character_reaches_what_counts_as_solved(text_file: Path) -> None:
    task = TextPrediction(str(text_file), length=40)
    text = text_file.read_text(encoding="utf-8")
    training = text[: round(0.8 * len(text))]
    pairs = {a: [training.count(a + b) for b in task.alphabet] for a in task.alphabet}
    logits = np.log(np.array(list(pairs.values())) + 1e-12)
    inputs, targets = task.held_out().sample(1000, np.random.default_rng(0))
    score = task.score(logits[inputs], targets)["bits_per_character"]
    assert score == pytest.approx(task.solved_at, rel=0.01)


def test_any_character_is_one_of_the_alphabet(write: Any) -> None:
    text = "\0a\n\U0001f600\uffff" * 30
    task = TextPrediction(write(text), length=5)
    assert task.alphabet == "\0\n" + "a\uffff\U0001f600"
    inputs, _ = task.sample(1, np.random.default_rng(0))
    assert characters(task, inputs[:, 0]) in text
    assert task.chance == pytest.approx(math.log2(5), rel=1e-3)


def test_a_file_that_changes_is_read_anew(write: Any) -> None:
    assert TextPrediction(write("ab" * 50), length=2).alphabet == "ab"
    assert TextPrediction(write("xyz" * 50), length=2).alphabet == "xyz"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "book.txt must not be empty: name another text"),
        (
            b"caf\xe9 " * 100,
            "must be a text in UTF-8, but the byte at position 3 is not: convert it",
        ),
        (b"aaaa" * 100, "must contain at least two different characters, got only 'a'"),
        (b"ab" * 50, r"must be longer than length=50, got .* a text of at least 510 characters"),
    ],
)
def test_files_that_are_no_text(write: Any, content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        TextPrediction(write(content))
    assert "\n" not in str(raised.value)


def test_a_text_of_the_length_that_the_error_names_is_enough(write: Any) -> None:
    TextPrediction(write("abcde" * 102), length=50)  # 510
    with pytest.raises(ValueError, match="got 50 characters for validation"):
        TextPrediction(write("abcde" * 100), length=50)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"got '.*absent.txt': No such file .*; check the path"):
        TextPrediction(str(tmp_path / "absent.txt"))
    with pytest.raises(ValueError, match="readable text, got .*: Is a directory; check the path"):
        TextPrediction(str(tmp_path))
    with pytest.raises(TypeError, match="file must be the path of a text, got 3"):
        TextPrediction(3)  # type: ignore[arg-type]


def test_a_path_object_is_taken_and_kept_as_text(text_file: Path) -> None:
    assert TextPrediction(text_file).file == str(text_file)  # type: ignore[arg-type]


def test_another_part_is_refused(text_file: Path) -> None:
    with pytest.raises(ValueError, match="part must be one of test, train, validation, got 'val'"):
        TextPrediction(str(text_file), part="val")  # type: ignore[arg-type]
