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


def trends() -> pd.DataFrame:
    """Return sequences of 12 steps in which v is the step and a is anything."""
    frame = walks(8, 12)
    return frame.assign(v=frame["time"] + 0.0)


def test_what_ffill_repeats_is_not_scored_on() -> None:
    """In a forecast the target is a feature too: its gaps are filled there, and asked nowhere."""
    frame = trends()
    frame.loc[frame["time"].isin([4, 5]), "v"] = np.nan
    data = load_dataset(frame, features=["v"], target=["v"], horizon=1, missing="ffill")
    ahead = [1.0, 2.0, 3.0, None, None, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, None]
    assert answers_of(data) == {str(n): ahead for n in range(8)}
    v = data.encoding.features[0]
    seen = data.parts["train"].inputs[0][:, 0] * v.scale + v.mean
    np.testing.assert_allclose(seen, [0, 1, 2, 3, 3, 3, 6, 7, 8, 9, 10, 11], atol=1e-5)


def test_across_rows_that_are_dropped_a_forecast_is_as_far_ahead() -> None:
    frame = trends()
    frame.loc[frame["time"].between(5, 8), "a"] = np.nan
    frame.loc[frame["id"] == 3, "a"] = 0.5  # one without a gap
    data = load_dataset(frame, features=["a", "v"], target=["v"], horizon=1, missing="drop")
    found = answers_of(data)
    assert found["3"] == [*map(float, range(1, 12)), None]
    v = data.encoding.features[1]
    for part in data.parts.values():
        for name, inputs in zip(part.names, part.inputs, strict=True):
            steps = np.round(inputs[:, 1] * v.scale + v.mean).tolist()
            assert steps == (list(range(12)) if name == "3" else [0, 1, 2, 3, 4, 9, 10, 11])
            assert found[name] == [step + 1 if step < 11 else None for step in steps]


def test_the_one_answer_of_a_sequence_stays_where_its_row_is_dropped() -> None:
    frame = walks()
    frame["label"] = np.where(frame["time"] == 5, (frame["id"] % 2).astype(str), "")
    frame.loc[frame["time"] == 5, "a"] = np.nan
    frame.loc[frame["id"] == 4, "a"] = np.nan  # of this one nothing is left
    data = load_dataset(frame, missing="drop")
    assert answers_of(data) == {str(n): [str(n % 2)] for n in range(20) if n != 4}
    assert {len(inputs) for part in data.parts.values() for inputs in part.inputs} == {5}
    with pytest.raises(ValueError, match="line 2: sequence 0 must have a target in a row without"):
        load_dataset(frame, missing="drop", read="every")


def test_few_sequences_with_a_whole_number_each_are_a_regression() -> None:
    """Ten ages in thirty rows are ten answers, not thirty."""
    frame = walks(10, 3)
    frame["age"] = 20 + frame["id"] % 9
    data = load_dataset(frame, target=["age"])
    assert (data.encoding.task, data.encoding.read) == ("regression", "last")
    # with ten sequences of each they are classes, as they are if they change from row to row
    more = walks(90, 1).assign(age=lambda rows: 20 + rows["id"] % 9)
    assert load_dataset(more, target=["age"]).encoding.task == "classification"
    frame["age"] = 20 + frame["time"]
    data = load_dataset(frame, target=["age"])
    assert (data.encoding.task, data.encoding.read) == ("classification", "every")


def test_a_class_that_training_lacks_is_named_beside_a_few() -> None:
    frame = walks(30, 1).assign(label=lambda rows: rows["id"] + 100)
    with pytest.raises(ValueError, match="must be in the training part too, got ") as caught:
        load_dataset(frame, task="classification")
    said = str(caught.value)
    there = said.partition("got ")[2].partition(" there: ")[0]
    assert there.endswith(" and 17 more")
    assert len(there.split(", ")) == 5
    assert said.endswith(
        "split in another way with split_seed=, or collect more sequences of it, or predict it as "
        'a number with task="regression"'
    )
