"""No prediction sees its target: white noise stays noise, and copies of targets are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rnnlab
from rnnlab.data import Dataset, FittedModel, load_dataset
from rnnlab.training import SequenceModel

SEQUENCES, STEPS = 60, 40


def noise() -> pd.DataFrame:
    """Return sequences of white noise v, its sign and some more noise."""
    rng = np.random.default_rng(0)
    rows = SEQUENCES * STEPS
    frame = pd.DataFrame({"id": np.repeat(range(SEQUENCES), STEPS)})
    frame["time"] = np.tile(range(STEPS), SEQUENCES)
    frame["v"], frame["a"] = rng.standard_normal((2, rows))
    frame["sign"] = np.where(frame["v"] > 0, "up", "down")
    frame["w"] = 0.5 + frame["id"] % 3
    frame["part"] = np.array(["train", "test", "train", "test", "validation"])[frame["id"] % 5]
    return frame


def holes(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame without a fifth of its values, but for the first rows."""
    missing = np.random.default_rng(1).random((2, len(frame))) < 0.2
    later = frame["time"] > 0
    for column, gone in zip(("v", "a"), missing, strict=True):
        frame[column] = frame[column].where(~(gone & later))
    return frame


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("v", {"horizon": 1, "num_layers": 2}),
    ("v", {"horizon": 3, "features": ["a"], "split": [0.4, 0.2, 0.4]}),
    ("v", {"horizon": 1, "missing": "drop"}),
    ("v", {"horizon": 2, "missing": "ffill", "weight": "w"}),
    ("v,a", {"horizon": 1, "cells": ["lstm"]}),
    ("v", {"features": ["a"], "read": "every", "bidirectional": True}),
    ("sign", {"horizon": 1, "features": ["sign", "v"]}),
]


@pytest.mark.parametrize(("target", "options"), OPTIONS, ids=range(len(OPTIONS)))
def test_white_noise_cannot_be_forecast(
    target: str, options: dict[str, Any], tmp_path: Path
) -> None:
    """The best answer is the mean, whatever is combined: what is lower by more has seen it.

    About 900 answers with an error of 1: the difference to the mean's error has a standard
    deviation of .01 to .02 for a model that fits the noise of the training part.
    """
    frame = noise() if "missing" not in options else holes(noise())
    given: dict[str, Any] = {"split": "part", "ignore": ["w"], **options}
    if "weight" in options:
        del given["ignore"]
    result = rnnlab.fit(frame, target, out=tmp_path, sequence="id", time="time", seeds=1, jobs=1,
                        hidden=12, epochs=12, lr=0.01, **given)  # fmt: skip
    row = result.summary.iloc[0]
    if target == "sign":
        assert abs(row["accuracy"] - 0.5) < 4 * np.sqrt(0.25 / 900)
    else:
        score = "rmse" if target == "v" else "relative_rmse"
        assert row["baseline_constant"] == pytest.approx(1, abs=0.08)
        assert row[score] > row["baseline_constant"] - 0.05
        assert row["baseline_last"] == pytest.approx(np.sqrt(2), abs=0.12)
        assert row["baseline_name"] == "mean"


def test_a_forecast_is_of_one_direction(tmp_path: Path) -> None:
    message = "must be made by layers of one direction, got a horizon of 2 steps and bidirectional"
    with pytest.raises(ValueError, match=message):
        rnnlab.fit(noise(), "v", horizon=2, bidirectional=True, out=tmp_path / "fit")
    assert not (tmp_path / "fit").exists()
    data = load_dataset(noise(), target=["v"], horizon=2, split="part", features=["v"])
    both = SequenceModel(rnnlab.GRU(1, 3, bidirectional=True), 1)
    with pytest.raises(ValueError, match=message):
        FittedModel(both, data.encoding)


@pytest.mark.parametrize("options", [{"horizon": 1}, {"read": "every", "features": ["a", "sign"]}])
def test_what_is_learned_from_does_not_depend_on_other_parts(options: dict[str, Any]) -> None:
    """Scaling, words and gaps: other values in the other parts change nothing."""
    frame = holes(noise())
    frame["sign"] = frame["sign"].where(frame["part"] == "train", "unknown")
    other = frame.copy()
    elsewhere = frame["part"] != "train"
    other.loc[elsewhere, ["v", "a"]] = 30 + 100 * frame.loc[elsewhere, ["v", "a"]]
    other.loc[elsewhere, "sign"] = "else"
    one, two = (
        load_dataset(table, target=["v"], split="part", missing="ffill", ignore=["w"],
                     **options)
        for table in (frame, other)
    )  # fmt: skip
    assert one.encoding == two.encoding
    for before, after in zip(one.parts["train"].inputs, two.parts["train"].inputs, strict=True):
        np.testing.assert_array_equal(before, after)


def test_gaps_are_filled_from_earlier_rows() -> None:
    """The rows after a gap may be anything."""
    frame = noise().drop(columns=["sign", "w"])
    frame.loc[frame["time"].between(5, 9), "a"] = np.nan
    other = frame.copy()
    other.loc[frame["time"] > 9, "a"] = np.random.default_rng(3).permutation(
        frame.loc[frame["time"] > 9, "a"]
    )

    def held(table: pd.DataFrame) -> Any:  # fmt: skip
        data = load_dataset(table, target=["v"], split="part", missing="ffill")
        a = next(one for one in data.encoding.features if one.name == "a")
        return data.parts["test"].inputs[0][:10, 0].astype(float) * a.scale + a.mean

    np.testing.assert_allclose(held(frame), held(other), atol=1e-6)
    first = frame.loc[(frame["id"] == 1), "a"].to_numpy()
    np.testing.assert_allclose(held(frame)[5:], np.full(5, first[4]), atol=1e-6)


def cautions(frame: pd.DataFrame, **options: Any) -> str:
    given: dict[str, Any] = {"split": "part", "ignore": ["w"], **options}
    return "\n".join(load_dataset(frame, **given).cautions)


def shifted(frame: pd.DataFrame, rows: int) -> Any:
    return frame.groupby("id")["v"].shift(rows).fillna(0.0)


def test_a_copy_of_the_target_is_named() -> None:
    frame = noise().drop(columns="sign")
    per_step: dict[str, Any] = {"target": ["v"], "read": "every"}
    assert not cautions(frame, **per_step)
    for copy in (32 + 1.8 * frame["v"], np.exp(-frame["v"])):
        said = cautions(frame.assign(other=copy), **per_step)
        assert said.startswith(
            'feature "other" alone determines the target "v" of every training row'
        )
        assert "ignore=['other']" in said
    forecast: dict[str, Any] = {"target": ["v"], "horizon": 2}
    assert not cautions(frame.assign(lag=shifted(frame, 1)), **forecast)
    assert 'feature "lead" alone' in cautions(frame.assign(lead=shifted(frame, -2)), **forecast)
    # one that was known two rows before is remembered by the network
    said = cautions(frame.assign(lead=shifted(frame, -4)), **forecast)
    assert "by its value 2 rows before" in said


def test_a_lag_is_a_copy_for_what_reads_backwards() -> None:
    frame = noise().drop(columns="sign")
    frame["lag"] = shifted(frame, 1)
    per_step: dict[str, Any] = {"target": ["v"], "read": "every"}
    assert not cautions(frame, **per_step)
    said = cautions(frame, bidirectional=True, **per_step)
    assert "by its value 1 row after, which a bidirectional layer sees" in said


def test_a_class_by_another_name_is_named() -> None:
    frame = noise().drop(columns=["v", "sign"])
    frame["label"] = np.where(frame["id"] % 2, "yes", "no")
    assert not cautions(frame)
    frame["code"] = np.where(frame["id"] % 2, 7, 3)
    assert 'feature "code" alone determines the target "label"' in cautions(frame)
    frame["code"] = frame["id"].map(lambda number: "abcd"[number % 4])  # of each class two
    assert 'feature "code" alone determines the target "label"' in cautions(frame)
    frame["code"] = frame["id"].map(lambda number: "abcde"[number % 5])
    assert not cautions(frame)


def test_a_column_that_names_its_sequence_is_named() -> None:
    frame = noise().drop(columns=["v", "sign"])
    frame["label"] = np.where(frame["id"] % 2, "yes", "no")
    for names in (1000 + frame["id"], "m" + frame["id"].astype(str)):
        said = cautions(frame.assign(machine=names))
        assert said.startswith('feature "machine" has another value in each sequence, as a name')
    assert not cautions(frame.assign(age=frame["id"] // 2))
    assert not cautions(frame.assign(weight=np.sqrt(frame["id"])))


def test_windows_that_overlap_are_named() -> None:
    rng = np.random.default_rng(4)
    series = rng.standard_normal(600)
    rows = [(n, t, series[10 * n + t]) for n in range(50) for t in range(20)]
    frame = pd.DataFrame(rows, columns=["id", "time", "v"])
    said = load_dataset(frame, target=["v"], horizon=1).cautions
    assert len(said) == 2
    assert "of the 8 sequences of the test part have" in said[1]
    assert "consecutive rows or more that are in the training part too" in said[1]
    frame["v"] = rng.standard_normal(len(frame))
    assert not load_dataset(frame, target=["v"], horizon=1).cautions
    frame["v"] = rng.integers(0, 2, len(frame))  # single rows come again, long runs do not
    frame["label"] = np.where(frame["id"] % 2, "yes", "no")
    assert not load_dataset(frame).cautions


def test_the_last_target_is_known_whether_it_is_a_feature_or_not() -> None:
    frame = noise()
    naive = [
        {one.name: one.scores for one in data_of(frame, features=features).baselines()}
        for features in (["v", "a"], ["a"])
    ]
    assert list(naive[0]) == ["mean", "last value"]
    assert naive[0] == naive[1]
    test = frame[frame["part"] == "test"]
    errors = (test["v"] - test.groupby("id")["v"].shift(1)).dropna()
    assert naive[0]["last value"]["rmse"] == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-5)


def test_the_last_labels_are_those_of_the_row_before() -> None:
    frame = noise().assign(on=lambda rows: rows["time"] // 4 % 2, odd=lambda rows: rows["time"] % 2)
    data = load_dataset(frame, target=["on", "odd"], split="part", features=["a"])
    majority, last = data.baselines()
    assert (majority.name, last.name) == ("majority of each label", "last labels")
    on, odd = (one["accuracy"] for one in last.by_target)
    # the first row has the majority, which is 0 where both are equally frequent, and right here
    assert (on, odd) == (31 / 40, 1 / 40)
    assert last.scores["accuracy"] == pytest.approx((on + odd) / 2)


def data_of(frame: pd.DataFrame, **options: Any) -> Dataset:
    return load_dataset(frame, target=["v"], horizon=1, split="part", **options)


def test_the_last_class_is_that_of_the_row_the_forecast_is_made_from() -> None:
    """Two classes in blocks of four: the last one is right in three of four steps."""
    frame = noise()
    frame["state"] = np.where(frame["time"] // 4 % 2, "on", "off")
    for features in (["state"], ["a"]):
        data = load_dataset(frame, target=["state"], horizon=1, split="part", features=features)
        majority, last = data.baselines()
        assert (majority.name, last.name) == ("majority class", "last class")
        assert last.scores["accuracy"] == pytest.approx(30 / 39)
        assert majority.scores["accuracy"] == pytest.approx(20 / 39)  # the first is not asked
    # a missing target: the one before is the last that is known
    frame.loc[frame["time"] == 5, "state"] = ""
    data = load_dataset(frame, target=["state"], horizon=1, split="part", features=["a"])
    assert data.baselines()[1].scores["accuracy"] == pytest.approx(29 / 38)
    # at the step itself: the one of the row before; the first row has the majority
    frame["state"] = np.where(frame["time"] // 4 % 2, "on", "off")
    data = load_dataset(frame, target=["state"], split="part", features=["a"])
    first = data.encoding.classes[0] == "off"
    assert data.baselines()[1].scores["accuracy"] == pytest.approx((30 + first) / 40)
