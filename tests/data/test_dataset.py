"""Tables to arrays, worked by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnlab.data import load_dataset, score, score_targets
from rnnlab.data.scoring import outputs_of
from rnnlab.data.table import read_table
from rnnlab.training import SequenceModel
from tests.data.conftest import TABLE

Write = Callable[..., Path]
# a and b are learned from, c validates, d tests
PARTS = {"a": "train", "b": "train", "c": "validation", "d": "test", "e": "test", "f": "test"}


def split_table() -> str:
    header, *rows = TABLE.splitlines()
    return "\n".join([f"{header},split", *(f"{row},{PARTS[row[0]]}" for row in rows)]) + "\n"


def test_one_answer_a_sequence(write: Write) -> None:
    data = load_dataset(write(split_table()))
    encoding = data.encoding
    assert (encoding.task, encoding.read, encoding.classes) == (
        "classification",
        "last",
        ("x", "y"),
    )
    assert (encoding.input_size, encoding.output_size, encoding.loss) == (3, 2, "cross-entropy")
    train = data.parts["train"]
    assert train.names == ["a", "b"]
    # temperatures of the training part: 10 12 14 16 18, mean 14, standard deviation sqrt(8);
    # "none" and the 30 of d are not of the training part
    wind = {"high": [1, 0], "low": [0, 1]}
    expected = [[(t - 14) / np.sqrt(8), *wind[w]] for t, w in ((10, "low"), (12, "high"))]
    np.testing.assert_allclose(train.inputs[0], expected, rtol=1e-6)
    np.testing.assert_allclose(
        data.parts["validation"].inputs[0], [[6 / np.sqrt(8), 0, 0]], rtol=1e-6
    )
    assert [targets.tolist() for targets in train.targets] == [[0], [1]]
    assert data.length == 3
    assert any("one answer a sequence" in line for line in data.found)


def test_batches_are_padded_and_their_order_follows_from_the_seed(write: Write) -> None:
    data = load_dataset(write(split_table()))
    part = data.parts["train"]
    batch = part.batch(np.array([1, 0]), "last")
    assert batch.x.shape == (3, 2, 3)
    assert batch.lengths is not None
    assert batch.lengths.tolist() == [3, 2]
    assert batch.targets.tolist() == [1, 0]
    assert not batch.x[2, 1].any()
    orders = [
        [batch.targets.tolist() for batch in part.shuffled(1, "last", [0, epoch])]
        for epoch in (*range(8), *range(8))
    ]
    assert orders[:8] == orders[8:]
    assert [[0], [1]] in orders
    assert [[1], [0]] in orders


def test_an_answer_at_every_step_that_has_one(write: Write) -> None:
    text = (
        split_table().replace("b,2,16,low,y", "b,2,16,low,").replace("b,3,18,low,y", "b,3,18,low,x")
    )
    data = load_dataset(write(text))
    assert data.encoding.read == "every"
    assert [targets.tolist() for targets in data.parts["train"].targets] == [[0, 0], [1, -1, 0]]
    batch = data.parts["train"].batch(np.array([0, 1]), "every")
    assert batch.targets.T.tolist() == [[0, 0, -1], [1, -1, 0]]


def test_regression_is_scaled_by_the_training_part(write: Write) -> None:
    data = load_dataset(write(split_table()), target=["temp"], features=["wind"])
    assert (data.encoding.task, data.encoding.read) == ("regression", "every")
    assert data.encoding.means == (14.0,)
    assert data.encoding.scales == pytest.approx((np.sqrt(8),))
    np.testing.assert_allclose(
        data.parts["test"].targets[0][:, 0], (np.array([30, 34]) - 14) / np.sqrt(8), rtol=1e-6
    )
    mean, _ = data.baselines()
    # the test part has 30 34 11 13, the training part a mean of 14
    errors = np.array([16, 20, -3, -1])
    name, scores = mean.name, mean.scores
    assert name == "mean"
    assert scores["rmse"] == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-6)
    assert scores["mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-6)
    assert scores["loss"] == pytest.approx((errors**2).mean() / 8, rel=1e-6)


def test_a_forecast_is_of_the_target_steps_ahead() -> None:
    rows = [(s, t, 10 * s + t * t) for s in range(4) for t in range(4)]
    frame = pd.DataFrame(rows, columns=["id", "time", "v"])
    data = load_dataset(frame, target=["v"], horizon=2)
    encoding = data.encoding
    assert (encoding.task, encoding.read, encoding.horizon) == ("regression", "every", 2)
    assert [feature.name for feature in encoding.features] == ["v"]
    part = data.parts["test"]
    s = int(part.names[0])
    answers = part.targets[0][:, 0] * encoding.scales[0] + encoding.means[0]
    np.testing.assert_allclose(answers[:2], [10 * s + 4, 10 * s + 9], rtol=1e-5)
    assert np.isnan(answers[2:]).all()
    mean, last = data.baselines()
    assert (mean.name, last.name) == ("mean", "last value")
    assert last.scores["rmse"] == pytest.approx(np.sqrt((4**2 + 8**2) / 2), rel=1e-5)


def test_labels(write: Write) -> None:
    rows = [(s, s % 2, s // 2 % 2, s) for s in range(8)]
    frame = pd.DataFrame(rows, columns=["id", "odd", "high", "a"])
    frame["split"] = ["train"] * 4 + ["validation"] * 2 + ["test"] * 2
    data = load_dataset(frame, target=["odd", "high"])
    assert (data.encoding.task, data.encoding.loss) == ("multi-label", "binary-cross-entropy")
    assert data.parts["test"].targets[1].tolist() == [[1, 1]]
    outputs = np.array([[3.0, -2.0], [1.0, 5.0]])
    targets = np.array([[1.0, 1.0], [np.nan, 1.0]])
    scores = score(data.encoding, outputs, targets)
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["exact_accuracy"] == 0.5
    (naive,) = data.baselines()
    assert naive.name == "majority of each label"
    assert naive.scores["loss"] == pytest.approx(np.log(2))


def test_the_majority_class(write: Write) -> None:
    text = split_table().replace("f,1,13,high,y,test", "f,1,13,high,y,train")
    data = load_dataset(write(text))
    (naive,) = data.baselines()  # x once and y twice in training; d is y, e is x
    assert (naive.name, naive.scores["accuracy"]) == ("majority class", 0.5)
    assert naive.scores["loss"] == pytest.approx(-(np.log(2 / 3) + np.log(1 / 3)) / 2)


@pytest.mark.parametrize(("rule", "expected"), [("drop", [14, 18]), ("ffill", [14, 14, 18])])
def test_missing_features(rule: str, expected: list[float], write: Write) -> None:
    text = split_table().replace("b,2,16,", "b,2,,")
    data = load_dataset(write(text), missing=rule)
    temp = data.encoding.features[0]
    values = data.parts["train"].inputs[1][:, 0] * temp.scale + temp.mean
    np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_rows_of_different_sequences_may_alternate(write: Write) -> None:
    header, *rows = split_table().splitlines()
    mixed = [rows[i] for i in (2, 0, 3, 5, 1, 4, 6, 8, 7, 9)]
    one = load_dataset(write(split_table()))
    other = load_dataset(write("\n".join([header, *mixed]) + "\n", name="mixed.csv"))
    assert other.parts["train"].names == ["b", "a"]
    for mine, theirs in ((0, 1), (1, 0)):
        np.testing.assert_array_equal(
            one.parts["train"].inputs[mine], other.parts["train"].inputs[theirs]
        )


def test_dates_are_times(write: Write) -> None:
    text = split_table().replace(",1,1", ",2024-02-28T23:00,1").replace(",2,1", ",2024-02-29,1")
    for number in (1, 2, 3):
        text = text.replace(f",{number},", f",2024-03-0{number},")
    data = load_dataset(write(text))
    assert data.parts["train"].names == ["a", "b"]


@pytest.mark.parametrize(
    "start", ["1700000000000000000", "9007199254740993", "123456789012345678901234567890"]
)
def test_times_are_compared_exactly(start: str) -> None:
    """Whole numbers above 2^53 that float64 takes for equal, such as nanoseconds of a clock."""
    frame = pd.DataFrame({"id": np.repeat(range(4), 3), "a": range(12), "label": [0.5, 1, 2] * 4})
    stamps = [int(start) + step for step in (0, 1, 5)]
    frame["t"] = [str(stamp) for stamp in stamps] * 4
    assert load_dataset(frame).length == 3
    frame["t"] = frame["t"] + ".25"
    assert load_dataset(frame).length == 3
    frame.loc[4, "t"] = str(int(start) - 1)
    with pytest.raises(ValueError, match="line 6, column .t.: times must increase within a"):
        load_dataset(frame)
    frame.loc[4, "t"] = start + ".25"
    with pytest.raises(ValueError, match="line 6, column .t.: a time must occur once"):
        load_dataset(frame)


def test_dates_are_compared_to_the_nanosecond() -> None:
    frame = pd.DataFrame({"id": np.repeat(range(4), 2), "a": range(8), "label": [0.5, 1] * 4})
    frame["t"] = pd.to_datetime([1700000000000000000, 1700000000000000001] * 4)
    assert load_dataset(frame).length == 2
    frame["t"] = frame["t"].astype(str) + "1"
    with pytest.raises(ValueError, match="line 2, .* must have 9 decimals of a second at most"):
        load_dataset(frame)


def test_an_extreme_is_named() -> None:
    rng = np.random.default_rng(9)
    frame = pd.DataFrame({"id": np.repeat(range(36), 10), "a": rng.standard_normal(360)})
    frame["rare"] = (rng.random(360) < 0.03).astype(int)
    frame["heavy"] = np.exp(1.5 * rng.standard_normal(360))
    frame["label"] = np.where(frame["id"] % 2, "x", "y")
    assert not load_dataset(frame).cautions
    frame.loc[[77, 200], "a"] = -99999, 99998
    (said,) = load_dataset(frame).cautions
    assert said.startswith('the table, line 79, column "a": -99999 is far outside the other values')
    frame.loc[[77, 200], "a"] = -99999
    (said,) = load_dataset(frame).cautions
    assert said.startswith('the table, line 79, column "a" and in 1 more rows: -99999 is far')


def test_small_numbers_are_scaled_too() -> None:
    """What differs by little differs: only a column of one value is 0."""
    frame = pd.DataFrame({"id": range(12), "a": np.arange(12) * 1e-140, "label": list("xy") * 6})
    frame["b"] = 1.7e18 + 1000 * np.arange(12)
    inputs = np.concatenate(load_dataset(frame).parts["train"].inputs)
    np.testing.assert_allclose(inputs.std(axis=0), [1, 1], rtol=0.01)
    frame["a"] *= 1e-170
    with pytest.raises(ValueError, match=r"must differ by more than 1e-150, got 0 to .*e-309"):
        load_dataset(frame)


def test_many_words_are_refused_before_they_are_inputs() -> None:
    import tracemalloc

    count = 20_000
    frame = pd.DataFrame({"id": np.repeat(range(count // 10), 10), "a": range(count)})
    frame["seen"] = pd.date_range("2024-01-01", periods=count, freq="min").astype(str)
    frame["label"] = np.where(frame["id"] % 2, "x", "y")
    tracemalloc.start()
    with pytest.raises(ValueError, match="must have at most 1000 words, .* got 14000 such as") as e:
        load_dataset(frame)
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.stop()
    assert str(e.value).endswith(
        "leave it out with ignore=['seen'] or name it as the time with time='seen'"
    )
    assert load_dataset(frame, time="seen").encoding.input_size == 1
    assert load_dataset(frame, ignore=["seen"]).encoding.input_size == 1
    (said,) = load_dataset(frame.head(500)).cautions
    assert said.startswith('feature "seen" has 340 different words in 340 training rows')


def test_each_of_several_targets_has_its_own_scores() -> None:
    """Metres and pascals: their errors have no unit in common."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"id": np.repeat(range(20), 4), "a": rng.random(80)})
    frame["m"], frame["pa"] = rng.standard_normal(80), 1e5 + 1e4 * rng.standard_normal(80)
    data = load_dataset(frame, target=["m", "pa"], read="every")
    encoding = data.encoding
    targets = np.array([[0.0, 1.0], [2.0, np.nan]], np.float32)
    outputs = np.array([[1.0, 1.5], [2.0, 9.0]])
    found = score(encoding, outputs, targets)
    assert list(found) == ["loss", "relative_rmse"]
    assert found["relative_rmse"] == pytest.approx(np.sqrt((1 + 0.25) / 3))
    m, pa = score_targets(encoding, outputs, targets)
    assert m["rmse"] == pytest.approx(encoding.scales[0] * np.sqrt(0.5))
    assert (pa["rmse"], pa["mae"]) == pytest.approx((encoding.scales[1] * 0.5,) * 2)
    assert (m["relative_rmse"], pa["relative_rmse"]) == pytest.approx((np.sqrt(0.5), 0.5))
    mean, _ = data.baselines()
    test = frame[frame["id"].isin([int(name) for name in data.parts["test"].names])]
    for name, scores, middle in zip(["m", "pa"], mean.by_target, encoding.means, strict=True):
        errors = test[name] - middle
        assert scores["rmse"] == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-5)


def test_splits_are_of_sequences_seeded_and_never_empty() -> None:
    frame = pd.DataFrame({"id": np.repeat(range(20), 3), "a": range(60)})
    frame["label"] = np.where(frame["id"] % 2, "x", "y")
    parts = [load_dataset(frame, split_seed=seed).parts for seed in (0, 0, 1)]
    names = [{part: held.names for part, held in one.items()} for one in parts]
    assert names[0] == names[1] != names[2]
    assert [len(held) for held in names[0].values()] == [14, 3, 3]
    found = [name for held in names[0].values() for name in held]
    assert sorted(found) == sorted(map(str, range(20)))
    frame["label"] = 0.5 * frame["a"]
    few = load_dataset(frame[frame["id"] < 4], split=(0.98, 0.01, 0.01))
    assert [len(part) for part in few.parts.values()] == [2, 1, 1]


def test_weights_go_with_their_sequence() -> None:
    frame = pd.DataFrame({"id": np.repeat(range(6), 2), "a": range(12)})
    frame["label"] = np.where(frame["id"] % 2, "x", "y")
    frame["w"] = frame["id"] + 1.5
    data = load_dataset(frame, weight="w", split=(0.5, 0.25, 0.25))
    part = data.parts["train"]
    assert part.weights is not None
    own = np.array([int(name) + 1.5 for name in part.names])
    np.testing.assert_allclose(part.weights, own / own.mean(), rtol=1e-15)
    test = data.parts["test"]
    assert test.weights is not None
    assert test.weights[0] * own.mean() == pytest.approx(int(test.names[0]) + 1.5)
    weights = part.batch(np.array([1, 0]), "last").weights
    assert weights is not None
    assert weights.tolist() == part.weights[[1, 0]].tolist()


def test_classes_and_words_are_sorted_as_people_do() -> None:
    frame = pd.DataFrame({"id": range(12), "a": range(12), "label": [2, 10, 1] * 4})
    data = load_dataset(frame)
    assert data.encoding.classes == ("1", "2", "10")
    frame["label"] = np.linspace(0, 1, 12)
    assert load_dataset(frame).encoding.task == "regression"


_ORDER = """
import pandas as pd
from rnnlab.data import load_dataset
words = ["nan", "10", "2", "NaN", "inf", "b", "-nan", "a", "c"]
frame = pd.DataFrame({"id": range(45), "w": words * 5, "label": words * 5})
data = load_dataset(frame, text=["w"], task="classification")
print(data.encoding.classes, data.encoding.features[0].values)
"""


def test_the_order_of_classes_and_words_is_the_same_in_every_process() -> None:
    """Text that reads as NaN is a word: compared as a number, it has no place in an order."""
    found = []
    for seed in ("1", "2", "3"):
        done = subprocess.run(
            [sys.executable, "-c", _ORDER], env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found.append(done.stdout.strip())
    order = ("2", "10", "-nan", "NaN", "a", "b", "c", "inf", "nan")
    assert found == [f"{order} {order}"] * 3


def test_a_feature_that_never_changes_is_0() -> None:
    frame = pd.DataFrame({"id": range(6), "a": range(6), "k": 0.1, "label": list("xyxyxy")})
    data = load_dataset(frame)
    assert not data.parts["train"].inputs[0][:, 1].any()


def test_outputs_come_back_sequence_by_sequence(rng: Any) -> None:
    import rnnlab

    inputs = [rng.standard_normal((n, 2)).astype(np.float32) for n in (3, 1, 5)]
    for read in ("every", "last"):
        model = SequenceModel(rnnlab.GRU(2, 4, seed=1), 3, read=read, seed=2)
        for one, outputs in zip(inputs, outputs_of(model, inputs), strict=True):
            alone = model.predict(one[:, None])
            expected = alone if read == "last" else alone[:, 0]
            np.testing.assert_allclose(outputs, expected, atol=1e-6)


def test_a_byte_order_mark_and_spaces_are_no_part_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"\xef\xbb\xbfid, a\n1, 2.5\n")
    table = read_table(path)
    assert list(table.columns) == ["id", "a"]
    assert table.numbers("a").tolist() == [2.5]
