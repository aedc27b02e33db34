"""Files of models that somebody damaged or forged: an error in one line, or a sound model."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save

import rnnlab
from rnnlab import GRU, LSTM, Regularisers
from rnnlab.data import load_fitted
from rnnlab.data.encoding import Encoding, Feature
from rnnlab.data.model import FittedModel
from rnnlab.layers.saving import KEY
from rnnlab.training import SequenceModel
from rnnlab.training.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from rnnlab.training.loading import load_notes

HOSTILE: list[Any] = [
    *(None, True, False, 0, -1, 1, 2, 3, 2**31, 2**63, 10**30, 10**4000, "HUGE", 0.5, -0.0, 1e308),
    *("", "lstm", "1", "every", "\x1b[31mred", "x" * 5000, "../../etc", "F8_E4M3", "BF16", "I64"),
    *([], {}, [[]], [1, 2], ["a", "a"], {"a": 1}, [None], [-1], [2**62, 2**62], [1e308, 1e308]),
]


def layer(path: Path) -> Path:
    noise = Regularisers(dropout=0.1, zoneout={"h": 0.2})
    return LSTM(2, 3, num_layers=2, learn_initial_state=True, regularisers=noise, seed=1).save(path)


def model(path: Path) -> Path:
    return SequenceModel(GRU(2, 3, seed=1), 2, read="last", seed=1).save(path, notes={"a": [1]})


def classifier(path: Path) -> Path:
    features = (Feature(name="u", mean=1, scale=2), Feature(name="w", values=("a", "b")))
    encoding = Encoding(
        sequence="id", time="t", features=features, targets=("y",), task="classification",
        read="last", classes=("no", "yes"),
    )  # fmt: skip
    return FittedModel(SequenceModel(GRU(3, 3, seed=1), 2, read="last", seed=1), encoding).save(
        path
    )


def forecast(path: Path) -> Path:
    encoding = Encoding(
        sequence="id", time=None, features=(Feature(name="u"),), targets=("u",), task="regression",
        read="every", horizon=1, means=(0.5,), scales=(2.0,),
    )  # fmt: skip
    return FittedModel(SequenceModel(GRU(1, 3, seed=1), 1, seed=1), encoding).save(path)


MOST = 200  # of each kind; all of some 4,000 take half a minute

KINDS = {"layer": layer, "model": model, "classifier": classifier, "forecast": forecast}
TABLE = pd.DataFrame({"id": ["1", "1"], "t": ["1", "2"], "u": ["1", "2"], "w": ["a", "c"]})


def assert_sound_or_refused(path: Path) -> bool:
    """Load the file in every way, and use what came; return whether one way refused it."""
    refusals: list[Exception] = []
    for load in (rnnlab.load, load_fitted, load_notes):
        try:
            found: Any = load(path)
            if isinstance(found, FittedModel):
                with np.errstate(all="ignore"):  # scales that are extreme, but sound
                    found.predict(TABLE)
                found = found.model
            if isinstance(found, SequenceModel):
                found.predict(np.zeros((2, 1, found.layer.input_size), np.float32))
                found = found.layer
            if load is rnnlab.load:
                shapes = {name: array.shape for name, array in found.parameters.items()}
                assert shapes == found.parameter_shapes
        except (ValueError, OSError) as error:
            refusals.append(error)
    for refusal in refusals:
        assert str(refusal).isprintable()
        assert len(str(refusal)) < 6000  # the longest name in a file has 5,000
    return bool(refusals)


def opened(path: Path) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Return the header without the description, the description, and the bytes of the arrays."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    return header, json.loads(header["__metadata__"][KEY]), data[8 + length :]


def written(header: Any, data: bytes, description: str | None = None) -> bytes:
    if description is not None:
        header = header | {"__metadata__": {KEY: description}}
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    text = text.replace(b'"HUGE"', b"9" * 5000).replace(b'\\"HUGE\\"', b"9" * 5000)
    return len(text).to_bytes(8, "little") + text + data


def variants(value: Any) -> Iterator[Any]:
    """Yield copies of a JSON value with one place replaced, or taken out."""
    if isinstance(value, (dict, list)):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            without = copy.copy(value)
            del without[key]
            yield without
            for other in variants(value[key]):
                changed = copy.copy(value)
                changed[key] = other
                yield changed
    yield from HOSTILE


@pytest.mark.parametrize("kind", KINDS)
def test_forged_descriptions_and_headers(kind, tmp_path, rng):
    path = KINDS[kind](tmp_path / "file")
    header, description, data = opened(path)
    forged = [written(header, data, json.dumps(other)) for other in variants(description)]
    forged += [written(other, data) for other in variants(header) if isinstance(other, dict)]
    refused = 0
    for number in rng.permutation(len(forged))[:MOST]:
        path.write_bytes(forged[number])
        refused += assert_sound_or_refused(path)
    assert refused > MOST / 2


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_that_changed(kind, tmp_path, rng):
    path = KINDS[kind](tmp_path / "file")
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    for _ in range(150):
        data = bytearray(whole)
        for place in rng.integers(8 + length, size=rng.integers(1, 4)):
            data[place] = rng.integers(256)
        if rng.random() < 0.2:
            del data[rng.integers(len(data)) :]
        path.write_bytes(bytes(data))
        assert_sound_or_refused(path)


def test_what_the_parsers_of_others_accept(tmp_path):
    """Each of these was accepted, or ended in a traceback of another kind."""
    path = classifier(tmp_path / "file")
    header, description, data = opened(path)
    text, plain = json.dumps(header), json.dumps(description)
    name, entry = next((n, e) for n, e in header.items() if n != "__metadata__")
    deep = "[" * 5000 + "]" * 5000
    cases = {
        "got 'bias_hn_l0' twice": written(
            text[:-1] + f', "bias_hn_l0": {json.dumps(header["bias_hn_l0"])}}}', data
        ),
        "got 'kind' twice": written(header, data, plain[:-1] + ', "kind": "layer"}'),
        "at most 64 levels": written(header, data, plain[:-1] + f', "deep": {deep}}}'),
        f"{name} must have a dtype that NumPy has, got 'F8_E4M3'": written(
            header | {name: entry | {"dtype": "F8_E4M3"}}, data
        ),
        "invalid offset": written(header | {"z": entry}, data),
        "format_version: Input should be greater than or equal to 1": written(
            header, data, json.dumps(description | {"format_version": 0})
        ),
        "format_version: Input should be a valid integer": written(
            header, data, json.dumps(description | {"format_version": True})
        ),
        "numbers must be finite, got 1e400": written(
            header, data, plain.replace('"mean": 1.0', '"mean": 1e400')
        ),
        "numbers must be finite, got NaN": written(
            header, data, plain.replace('"mean": 1.0', '"mean": NaN')
        ),
    }
    for match, forged in cases.items():
        path.write_bytes(forged)
        with pytest.raises(ValueError, match="must") as caught:
            load_fitted(path)
        assert match in str(caught.value)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"classes": []}, "a classification must have two classes or more, got 0"),
        ({"classes": ["a", "a"]}, "the classes must differ from each other"),
        ({"classes": ["a", "b", "c"]}, "with output_size=3, got 2"),
        ({"targets": []}, "encoding at targets: Tuple should have at least 1 item"),
        ({"targets": ["y", "z"]}, "a classification must have one target, got 2"),
        ({"features": []}, "encoding at features: Tuple should have at least 1 item"),
        ({"features": [{"name": "u"}]}, "with input_size=1, got 3"),
        ({"features": [{"name": "u", "scale": 0.0}]}, "encoding at features.0.scale: Input should"),
        (
            {"features": [{"name": "u", "scale": True}]},
            "encoding at features.0.scale: Input should",
        ),
        ({"horizon": True}, "encoding at horizon: Input should be a valid integer"),
        ({"horizon": -1}, "encoding at horizon: Input should be greater"),
        ({"horizon": "1"}, "encoding at horizon: Input should be a valid integer"),
        ({"means": [0.0], "scales": [1.0]}, "must have 0 means and scales, got 1 and 1"),
        ({"task": "regression"}, "a regression must have no classes, got 2"),
        ({"task": "regression", "classes": []}, "must have 1 means and scales, got 0 and 0"),
        ({"read": "every"}, "with read=every, got last"),
    ],
)
def test_encodings_that_cannot_be(changes, match, tmp_path):
    path = classifier(tmp_path / "file")
    header, description, data = opened(path)
    description["notes"]["encoding"] |= changes
    path.write_bytes(written(header, data, json.dumps(description)))
    with pytest.raises(ValueError, match="must") as caught:
        load_fitted(path)
    assert match in str(caught.value)
    assert "\n" not in str(caught.value)


def test_checkpoints(tmp_path, rng):
    path = tmp_path / "half.checkpoint"
    write_checkpoint(path, Checkpoint({"w": np.ones(2)}, {}, {"m": np.ones(2)}, [{"loss": 1.0}]))
    whole = path.read_bytes()
    for _ in range(200):
        data = bytearray(whole)
        data[rng.integers(8, len(data))] = rng.integers(256)
        path.write_bytes(bytes(data))
        with contextlib.suppress(ValueError):
            read_checkpoint(path)
    path.write_bytes(save({"parameters/w": np.ones(2)}, {"training": "[" * 5000}))
    with pytest.raises(ValueError, match="must be a checkpoint as rnnlab wrote it"):
        read_checkpoint(path)


def test_what_is_no_file(tmp_path):
    for load in (rnnlab.load, load_fitted, load_notes):
        with pytest.raises(ValueError, match="got a folder: name a file in it"):
            load(tmp_path)
        with pytest.raises(ValueError, match="got something else: name a file"):
            load(Path("/dev/null"))
