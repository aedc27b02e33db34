"""What is asked: the kind of answer, where, and what counts as none, on tables made for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnlab.data import Dataset, load_dataset


def walks(sequences: int = 20, steps: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"id": np.repeat(range(sequences), steps)})
    frame["time"] = np.tile(range(steps), sequences)
    return frame.assign(a=rng.random(len(frame)))


def answers_of(data: Dataset) -> dict[str, list[Any]]:
    """Return the answers of every sequence, decoded; None where none is asked."""
    encoding, found = data.encoding, {}
    for part in data.parts.values():
        for name, targets in zip(part.names, part.targets, strict=True):
            if encoding.task == "classification":
                found[name] = [encoding.classes[n] if n >= 0 else None for n in targets]
            else:
                values = targets[:, 0] * encoding.scales[0] + encoding.means[0]
                found[name] = [None if np.isnan(v) else round(float(v), 3) for v in values]
    return found


@pytest.mark.parametrize("mark", ["NA", "nan", "null", ""])
def test_a_missing_class_is_no_class(mark: str) -> None:
    """Of numbers for classes, a third is missing: two classes, one answer a sequence."""
    frame = walks()
    frame["label"] = (frame["id"] % 2).astype(str)
    frame.loc[(frame["time"] + frame["id"]) % 3 == 1, "label"] = mark
    data = load_dataset(frame)
    assert data.encoding.classes == ("0", "1")
    assert (data.encoding.task, data.encoding.read) == ("classification", "last")
    assert answers_of(data) == {str(n): [str(n % 2)] for n in range(20)}


@pytest.mark.parametrize("task", [None, "classification"])
def test_a_class_in_the_last_row_alone_is_one_answer(task: str | None) -> None:
    frame = walks()
    frame["label"] = np.where(frame["time"] == 5, (frame["id"] % 2).astype(str), "NA")
    data = load_dataset(frame, task=task)
    assert (data.encoding.classes, data.encoding.read) == (("0", "1"), "last")
    every = load_dataset(frame, task=task, read="every")
    assert answers_of(every)["3"] == [None] * 5 + ["1"]


def test_a_number_in_the_last_row_alone_is_one_answer() -> None:
    frame = walks()
    frame["label"] = np.where(frame["time"] == 5, (frame["id"] + 0.5).astype(str), "NA")
    data = load_dataset(frame)
    assert (data.encoding.task, data.encoding.read) == ("regression", "last")
    assert answers_of(data) == {str(n): [n + 0.5] for n in range(20)}


def test_one_number_written_in_two_ways_is_one_answer() -> None:
    frame = walks()
    frame["label"] = frame["id"].astype(str) + np.where(frame["time"] % 2, ".50", ".5")
    assert load_dataset(frame).encoding.read == "last"


def test_na_among_words_is_a_word() -> None:
    frame = walks()
    frame["label"] = np.where(frame["id"] % 2, "EU", "NA")
    assert load_dataset(frame).encoding.classes == ("EU", "NA")


def test_words_and_numbers_are_classes_where_the_user_says_so() -> None:
    frame = walks()
    frame["label"] = np.where(frame["id"] % 4 == 0, "many", (frame["id"] % 4).astype(str))
    with pytest.raises(ValueError, match='line 2, column "label": must be a number, got .many.'):
        load_dataset(frame)
    data = load_dataset(frame, task="classification")
    assert data.encoding.classes == ("1", "2", "3", "many")
