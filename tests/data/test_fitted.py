"""A model of a table, saved with its encoding: predictions are those of the arrays."""

from __future__ import annotations

import json
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
    from rnnlab.training import saving

    path = untrained(load_dataset(write())).save(tmp_path / "model.safetensors")
    real, paths = vars(saving)["read"], []

    def counted(file: Path) -> Any:
        paths.append(file)
        return real(file)

    monkeypatch.setattr(saving, "read", counted)
    load_fitted(path)
    assert paths == [path]


def test_a_number_at_every_step(write: Write) -> None:
    source = write()
    data = load_dataset(source, targets=["temp"], features=["wind"], task="regression")
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
    data = load_dataset(frame, targets=["odd", "high"])
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
        (("b,2,16", "b,1,16"), 'line 5, column "time": a time must come once'),
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
    with pytest.raises(ValueError, match="must say how its table is encoded, got a damaged t"):
        load_fitted(path)
