"""A model of a table, saved with its encoding: predictions are those of the arrays."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from safetensors.numpy import save

import rnnlab
from rnnlab.data import Dataset, FittedModel, load_dataset, load_fitted
from rnnlab.training import SequenceModel
from tests.data.conftest import TABLE

Write = Callable[..., Path]


def untrained(data: Dataset) -> FittedModel:
    encoding = data.encoding
    layer = rnnlab.GRU(encoding.input_size, 5, seed=3)
    model = SequenceModel(layer, encoding.output_size, read=encoding.read, seed=4)
    return FittedModel(model, encoding)


def test_classes_and_their_probabilities(write: Write, tmp_path: Path) -> None:
    source = write()
    data = load_dataset(source)
    fitted = untrained(data)
    path = fitted.save(tmp_path / "model.safetensors")
    again = load_fitted(path)
    assert again.encoding == fitted.encoding
    found = again.predict(source)
    assert list(found) == ["id", "predicted_label", "probability_x", "probability_y"]
    assert found["id"].tolist() == list("abcdef")
    for part in data.parts.values():
        for name, inputs in zip(part.names, part.inputs, strict=True):
            row = found[found["id"] == name].iloc[0]
            logits = fitted.model.predict(inputs[:, None])[0].astype(float)
            shares = np.exp(logits) / np.exp(logits).sum()
            assert row["probability_x"] == pytest.approx(shares[0], rel=1e-5)
            assert row["predicted_label"] == "xy"[int(shares[1] > shares[0])]
    # targets need not be there, and rows may come in another order of sequences
    frame = pd.read_csv(source).drop(columns="label")
    pd.testing.assert_frame_equal(again.predict(frame), found, check_dtype=False)


def test_model_and_encoding_are_of_one_reading(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is replaced meanwhile gives no mixture of two."""
    from rnnlab.training import loading

    path = untrained(load_dataset(write())).save(tmp_path / "model.safetensors")
    real, paths = vars(loading)["read"], []

    def counted(file: Path) -> Any:
        paths.append(file)
        return real(file)

    monkeypatch.setattr(loading, "read", counted)
    load_fitted(path)
    assert paths == [path]


def test_a_number_at_every_step(write: Write) -> None:
    source = write()
    data = load_dataset(source, target=["temp"], features=["wind"], task="regression")
    fitted = untrained(data)
    found = fitted.predict(source)
    assert list(found) == ["id", "time", "predicted_temp"]
    assert found["id"].tolist() == list("aabbbcddef")
    inputs = np.eye(len(data.encoding.features[0].values or ()), dtype=np.float32)
    words = list(data.encoding.features[0].values or ())
    outputs = fitted.model.predict(inputs[[words.index("low")]][:, None])
    expected = outputs[0, 0, 0] * data.encoding.scales[0] + data.encoding.means[0]
    assert found["predicted_temp"].iloc[2] == pytest.approx(expected, rel=1e-5)


def test_labels_have_a_probability_each() -> None:
    frame = pd.DataFrame({"id": range(8), "odd": [0, 1] * 4, "high": [0] * 4 + [1] * 4})
    frame["a"] = range(8)
    data = load_dataset(frame, target=["odd", "high"])
    found = untrained(data).predict(frame)
    assert list(found)[1:] == [
        "predicted_odd", "predicted_high", "probability_odd", "probability_high",
    ]  # fmt: skip
    assert ((found["probability_odd"] > 0.5) == found["predicted_odd"].astype(bool)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("temp", "tmp"), "feature column must be one of .*, got 'temp': did you mean 'tmp'"),
        (("b,2,16", "b,2,hot"), 'line 5, column "temp": must be a number, got .hot.'),
        (("b,2,16", "b,1,16"), 'line 5, column "time": a time must occur once'),
        (("b,2,16", "b,2,"), 'line 5, column "temp": a feature must have a value'),
    ],
)
def test_tables_that_do_not_fit(change: tuple[str, str], message: str, write: Write) -> None:
    fitted = untrained(load_dataset(write()))
    with pytest.raises(ValueError, match=message):
        fitted.predict(write(TABLE, change, name="other.csv"))


def test_words_that_training_did_not_have_are_zeros(write: Write) -> None:
    fitted = untrained(load_dataset(write()))
    found = fitted.predict(write(TABLE, ("none", "storm"), name="other.csv"))
    assert np.isfinite(found["probability_x"]).all()


def test_files_that_are_no_model_of_a_table(write: Write, tmp_path: Path) -> None:
    plain = SequenceModel(rnnlab.GRU(2, 3), 2).save(tmp_path / "plain.safetensors")
    with pytest.raises(ValueError, match="must be a model of a table, got one without"):
        load_fitted(plain)
    path = untrained(load_dataset(write())).save(tmp_path / "model.safetensors")
    assert rnnlab.load(path).output_size == 2  # the network alone
    with safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        description = json.loads(file.metadata()["rnnlab"])
    del description["notes"]["encoding"]["targets"]
    path.write_bytes(save(arrays, {"rnnlab": json.dumps(description)}))
    with pytest.raises(
        ValueError, match="must say how its table is encoded, got a damaged encoding at t"
    ):
        load_fitted(path)


def interleaved() -> pd.DataFrame:
    """Return two dozen sequences row by row in turn, with an index of their own."""
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"id": np.tile(np.arange(24) * 10, 5)})
    frame["time"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.repeat(range(5), 24), "h")
    frame["a"] = rng.standard_normal(len(frame))
    frame["b"] = 2 * frame["a"] + rng.standard_normal(len(frame))
    frame.index = pd.Index(rng.permutation(len(frame)) + 7, name="row")
    return frame


@pytest.mark.parametrize("missing", ["error", "drop"])
def test_predictions_have_the_order_index_and_types_of_the_table(missing: str) -> None:
    frame = interleaved()
    if missing == "drop":
        frame.iloc[5:20, 2] = np.nan
    fitted = untrained(
        load_dataset(frame, target=["b"], features=["a"], read="every", missing=missing)
    )
    before = frame.copy()
    found = fitted.predict(frame, missing=missing)
    pd.testing.assert_frame_equal(frame, before)
    frame["p"] = found["predicted_b"]
    for name, rows in frame.groupby("id"):
        kept = rows.dropna(subset="a")
        alone = fitted.predict(kept)
        assert alone["predicted_b"].tolist() == pytest.approx(kept["p"].tolist(), abs=1e-6), name
        assert rows.loc[rows["a"].isna(), "p"].isna().all()
    pd.testing.assert_frame_equal(found[["id", "time"]], before.dropna()[["id", "time"]])


def test_one_answer_a_sequence_is_in_its_last_row() -> None:
    frame = interleaved().assign(label=lambda rows: np.where(rows["id"] % 20, "x", "y"))
    fitted = untrained(load_dataset(frame, features=["a"]))
    found = fitted.predict(frame)
    assert found["id"].tolist() == frame["id"].iloc[:24].tolist()
    assert found["id"].dtype == frame["id"].dtype
    assert found.index.tolist() == frame.index[-24:].tolist()
    frame["p"] = found["probability_x"]
    assert frame["p"].notna().sum() == 24
    for name, rows in frame.groupby("id"):
        alone = fitted.predict(rows)["probability_x"].item()
        assert rows["p"].iloc[-1] == pytest.approx(alone, abs=1e-6), name


def test_a_file_keeps_its_order_and_its_names(write: Write) -> None:
    header, *rows = TABLE.splitlines()
    mixed = [rows[i] for i in (2, 0, 3, 5, 1, 4, 6, 8, 7, 9)]
    text = "\n".join([header, *mixed]).replace("b,", "007,") + "\n"
    options: dict[str, Any] = {"target": ["temp"], "features": ["wind"], "read": "every"}
    fitted = untrained(load_dataset(write(text), **options))
    found = fitted.predict(write(text))
    assert found["id"].tolist() == ["007" if row[0] == "b" else row[0] for row in mixed]
    assert found["time"].tolist() == [row.split(",")[1] for row in mixed]
    assert found.index.tolist() == list(range(10))
    grouped = fitted.predict(write())
    assert found["predicted_temp"].tolist() == pytest.approx(
        [grouped["predicted_temp"][rows.index(row)] for row in mixed], abs=1e-6
    )


def test_a_column_called_by_a_number() -> None:
    frame = pd.DataFrame(np.random.default_rng(2).random((60, 3)))
    frame[3] = np.repeat(range(12), 5)
    data = load_dataset(frame, sequence=3, target=[0], features=[1, 2], read="every")  # type: ignore[arg-type,list-item]
    assert data.encoding.targets == ("0",)
    found = untrained(data).predict(frame)
    assert list(found) == [3, "predicted_0"]
    frame.columns = pd.MultiIndex.from_product([["x"], range(4)])
    with pytest.raises(ValueError, match="must have one level of columns, got 2: join them"):
        load_dataset(frame)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("temp", "pressure"), "got 'temp': the model needs it, add it or rename the column that"),
        (("b,2,16", "b,2,hot"), "or leave the field empty and choose a rule such as missing="),
        (("b,2,16", "b,2,1e300"), 'line 5, column "temp": a number must stay finite when it is'),
    ],
)
def test_what_is_advised_is_offered(change: tuple[str, str], said: str, write: Write) -> None:
    """Every parameter that a message names is one of `predict`, and an option of the command."""
    from rnnlab.cli.errors import with_options
    from rnnlab.cli.predict import predict

    fitted = untrained(load_dataset(write()))
    with pytest.raises(ValueError, match=said) as caught:
        fitted.predict(write(TABLE, change, name="other.csv"))
    named = re.findall(r"(\w+)=", str(caught.value))
    assert set(named) <= set(inspect.signature(FittedModel.predict).parameters)
    options = re.findall(r"--([a-z-]+)", with_options(str(caught.value), predict))
    assert options == [name.replace("_", "-") for name in named]


def test_a_word_written_in_another_way_is_the_same_word() -> None:
    """Where another row lacks a value, pandas makes 1.0 of 1."""
    frame = pd.DataFrame({"id": range(12), "code": [1, 2, 3] * 4, "label": list("xyxyyx") * 2})
    fitted = untrained(load_dataset(frame, text=["code"]))
    other = frame.assign(code=frame["code"].astype(float))
    found, expected = (fitted.predict(one)["probability_x"].tolist() for one in (other, frame))
    assert found == expected


def test_one_long_sequence_does_not_widen_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"id": np.repeat(range(256), [60_000] + [10] * 255)})
    rng = np.random.default_rng(8)
    frame["a"], frame["b"] = rng.standard_normal((2, len(frame)))
    data = load_dataset(frame, target=["b"], read="every", split_seed=1)
    fitted = untrained(data)
    shapes = []
    real = fitted.model.predict

    def watched(x: Any, **given: Any) -> Any:
        shapes.append(x.shape)
        return real(x, **given)

    monkeypatch.setattr(fitted.model, "predict", watched)
    found = fitted.predict(frame)["predicted_b"]
    assert shapes == [(60_000, 1, 1), (10, 255, 1)]
    alone = fitted.predict(frame.iloc[-10:])["predicted_b"]
    np.testing.assert_allclose(found.iloc[-10:], alone, atol=1e-6)
    # batches of training: each is one of similar lengths, and every sequence comes once
    part = data.parts["train"]
    batches = list(part.shuffled(32, "every", [0, 1]))
    assert sum(batch.x.shape[1] for batch in batches) == len(part)
    assert sum(batch.x.size for batch in batches) < 2 * sum(map(len, part.inputs))


def test_a_model_shows_what_it_predicts_and_its_size(write: Write) -> None:
    fitted = untrained(load_dataset(write()))
    assert repr(fitted).startswith(
        "<rnnlab.FittedModel: classification of label, one answer a sequence; <rnnlab.SequenceModel"
    )
    page = fitted._repr_html_()
    assert f"<td>{fitted.model.parameter_count}</td>" in page
    assert "<th>features</th><td>temp, wind</td>" in page
    frame = pd.DataFrame({"id": np.repeat(range(9), 4), "a<b": np.arange(36.0) % 7})
    ahead = untrained(load_dataset(frame, target="a<b", horizon=1))
    assert "regression of a&lt;b, 1 step ahead" in ahead._repr_html_()
