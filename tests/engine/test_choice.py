"""Choice of the engine: by name, by a function, by registration; kept by copies, not by files."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import rnnlab
from rnnlab.engine import ReferenceEngine, engine_for
from rnnlab.engine.compiled_engine import CompiledEngine
from rnnlab.engine.protocol import Record
from rnnlab.registry import cells, engines

X = np.random.default_rng(0).standard_normal((6, 4, 3))


class Counting(ReferenceEngine):
    """An engine of a user: the reference engine, which counts its calls."""

    calls: list[str] = []  # noqa: RUF012

    def forward(self, inputs: Any) -> Any:
        self.calls.append("forward")
        return super().forward(inputs)

    def backward(self, *arguments: Any, **options: Any) -> Any:
        self.calls.append("backward")
        return super().backward(*arguments, **options)


@pytest.fixture
def registered(monkeypatch):
    """Register the engine under a name, for one test."""
    Counting.calls.clear()
    for kept in ("_loaders", "_loaded"):
        monkeypatch.setattr(engines, kept, dict(getattr(engines, kept)))
    engines.register("counting", Counting)


def engine_of(layer: rnnlab.Recurrent) -> Any:
    return layer.forward(X.astype(layer.dtype))._records[0].engine


def test_names():
    assert engines.names() == ["compiled", "reference"]
    assert type(engine_of(rnnlab.LSTM(3, 5))) is CompiledEngine
    assert type(engine_of(rnnlab.LSTM(3, 5, engine="reference"))) is ReferenceEngine
    engine = engine_for(cells["lstm"], "float32", "compiled")
    assert engine is engine_for(cells["lstm"], "float32", "compiled")


def test_an_engine_is_one_registration(registered):
    layer = rnnlab.GRU(3, 5, engine="counting", dtype="float64", seed=1)
    tape = layer.forward(X)
    gradients = layer.backward(tape, np.ones_like(tape.output))
    assert Counting.calls == ["forward", "backward"]
    expected = rnnlab.GRU(3, 5, dtype="float64", seed=1)
    tape = expected.forward(X)
    found = expected.backward(tape, np.ones_like(tape.output))
    for name, array in found.parameters.items():
        np.testing.assert_allclose(gradients.parameters[name], array, rtol=0, atol=1e-10)


def test_an_engine_may_be_passed_itself():
    Counting.calls.clear()
    layer = rnnlab.RNN(3, 5, num_layers=2, bidirectional=True, engine=Counting, dtype="float64")
    layer.forward(X)
    assert Counting.calls == ["forward"] * 4


@pytest.mark.parametrize("engine", ["reference", Counting])
def test_copies_keep_the_engine(engine):
    layer = rnnlab.LSTM(3, 5, engine=engine, seed=1)
    kind = type(engine_of(layer))
    copies = [copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), layer.astype("float64")]
    for other in copies:
        assert type(engine_of(other)) is kind


def test_a_file_does_not_name_the_engine(tmp_path):
    layer = rnnlab.LSTM(3, 5, engine="reference", seed=1)
    path = layer.save(tmp_path / "layer")
    assert path.read_bytes() == rnnlab.LSTM(3, 5, seed=1).save(tmp_path / "other").read_bytes()
    assert type(engine_of(rnnlab.load(path))) is CompiledEngine


def test_a_tape_goes_back_with_the_engine_that_made_it(tmp_path):
    layer = rnnlab.LSTM(3, 5, engine="reference", seed=1)
    tape = pickle.loads(pickle.dumps(layer.forward(X.astype("float32"))))
    d_output = np.ones_like(tape.output)
    loaded = rnnlab.load(layer.save(tmp_path / "layer"))
    expected = layer.backward(tape, d_output).parameters
    for name, array in loaded.backward(tape, d_output).parameters.items():
        np.testing.assert_array_equal(array, expected[name])
    assert isinstance(tape._records[0], Record)


def test_wrong_engines():
    with pytest.raises(ValueError, match="engine must be one of compiled, reference, got 'compi"):
        rnnlab.LSTM(3, 5, engine="compilled")
    with pytest.raises(TypeError, match=r"engine must be a name or a function .* got NoneType"):
        rnnlab.LSTM(3, 5, engine=None)  # type: ignore[arg-type]
