"""Own readouts, optimisers and schedules: one class or function, and one registration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnnlab
from rnnlab.analysis import gradient_decay
from rnnlab.registry import optimizers, readouts, schedules
from rnnlab.training import (
    SGD,
    Batch,
    Schedule,
    SequenceModel,
    TruncatedBPTT,
    make_optimizer,
    mean_squared_error,
    softmax_cross_entropy,
    train,
)
from rnnlab.training.readout import Readout


class MLP(Readout):
    """V tanh(U y): one hidden layer, written in NumPy."""

    def __init__(self, features: int, outputs: int, hidden: int = 4) -> None:
        super().__init__(features, outputs)
        self.hidden = hidden

    @property
    def options(self) -> dict[str, Any]:
        return {"hidden": self.hidden}

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {
            "readout_hidden": (self.hidden, self.features),
            "readout_output": (self.outputs, self.hidden),
        }

    def initial(self, rng: np.random.Generator) -> dict[str, Any]:
        return {name: 0.5 * rng.standard_normal(shape) for name, shape in self.shapes.items()}

    def forward(self, parameters: Any, y: Any) -> Any:
        return np.tanh(y @ parameters["readout_hidden"].T) @ parameters["readout_output"].T

    def backward(self, parameters: Any, y: Any, d_outputs: Any) -> Any:
        hidden = np.tanh(y @ parameters["readout_hidden"].T)
        d_hidden = (d_outputs @ parameters["readout_output"]) * (1 - hidden**2)
        gradients = {"readout_hidden": d_hidden.T @ y, "readout_output": d_outputs.T @ hidden}
        return d_hidden @ parameters["readout_hidden"], gradients


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    for names in ("_loaders", "_loaded"):
        monkeypatch.setattr(readouts, names, dict(getattr(readouts, names)))
    readouts.register("mlp", MLP)


def make(dtype: Any = "float64", **options: Any) -> SequenceModel:
    layer = rnnlab.LSTM(2, 3, dtype=dtype, seed=1)
    return SequenceModel(layer, 4, readout="mlp", hidden=5, seed=2, **options)


@pytest.mark.parametrize("read", ["every", "last"])
def test_gradients_by_finite_differences(read: str, rng: np.random.Generator) -> None:
    model = make(read=read)
    x, lengths = rng.standard_normal((4, 3, 2)), [4, 2, 3]
    targets = rng.standard_normal((4, 3, 4) if read == "every" else (3, 4))
    _, gradients = model.loss_and_gradients(x, targets, mean_squared_error, lengths=lengths)
    assert list(gradients) == list(model.parameters)
    for name, array in model.parameters.items():
        for index in np.ndindex(array.shape):
            values = []
            for change in (1e-5, -2e-5, 1e-5):
                array[index] += change
                values.append(
                    model.loss_and_gradients(x, targets, mean_squared_error, lengths=lengths)[0]
                )
            expected = (values[0] - values[1]) / 2e-5
            assert gradients[name][index] == pytest.approx(expected, abs=1e-7)


def test_a_file_keeps_it(tmp_path: Path, rng: np.random.Generator) -> None:
    model = make(read="last")
    found = rnnlab.load(model.save(tmp_path / "model.safetensors"))
    x = rng.standard_normal((4, 3, 2))
    np.testing.assert_array_equal(found.predict(x), model.predict(x))
    assert found.readout.options == {"hidden": 5}
    assert repr(found) == repr(model)
    assert "readout=mlp parameters=107" in repr(model)  # 4 * 3 * (2 + 3 + 1), 3 * 5 and 5 * 4
    del readouts._loaders["mlp"], readouts._loaded["mlp"]
    with pytest.raises(ValueError, match="describe a registered readout, got a damaged .* 'mlp'"):
        rnnlab.load(tmp_path / "model.safetensors")


def test_streams_analysis_and_training_take_it(rng: np.random.Generator) -> None:
    model = make()
    x, targets = rng.standard_normal((6, 3, 2)), rng.integers(4, size=(6, 3))
    stream = TruncatedBPTT(model, 6, 6)
    _, windowed = stream.loss_and_gradients(x, targets, softmax_cross_entropy)
    _, whole = model.loss_and_gradients(x, targets, softmax_cross_entropy)
    for name, array in whole.items():
        np.testing.assert_allclose(windowed[name], array, atol=1e-14)
    only_last = np.where(np.arange(6)[:, None] == 5, targets, -1)
    tape = model.layer.forward(x)
    _, d_last, _ = model.readout_loss(tape.output, only_last, softmax_cross_entropy)
    assert d_last is not None
    norm = np.linalg.norm(3 * d_last[5], axis=1).mean()
    table = gradient_decay(model, x, targets)
    first = table[(table["state"] == "h") & (table["lag"] == 0)]
    assert first["norm"].item() == pytest.approx(norm)

    small = model.astype("float32")
    assert small.parameters["readout_hidden"].dtype == np.float32
    batches = iter([Batch(x.astype(np.float32), targets)] * 300)
    (one,) = train(
        small, batches, make_optimizer("adam", small.parameters, 0.03), updates=300,
        evaluate_every=300, evaluate=lambda _: {},
    )  # fmt: skip
    assert small.loss_and_gradients(x.astype(np.float32), targets, softmax_cross_entropy)[0] < 0.5
    assert one.status == "ok"


def test_what_it_does_not_have_is_said() -> None:
    with pytest.raises(AttributeError, match="the mlp readout has no readout_weight"):
        _ = make().readout_weight
    with pytest.raises(ValueError, match="readout must be one of linear, mlp, got 'mpl': did you"):
        SequenceModel(rnnlab.GRU(2, 3), 4, readout="mpl")


class _Offer:
    """An entry point."""

    dist = None
    value = "package:thing"

    def __init__(self, name: str, thing: Any) -> None:
        self.name, self._thing = name, thing

    def load(self) -> Any:
        return self._thing


def sign_descent(parameters: Any, learning_rate: float) -> Any:
    """Be no class of optimisers."""


@pytest.mark.parametrize(
    ("registry", "right", "wrong", "message"),
    [
        (readouts, MLP, int, "a readout must be a subclass of Readout, got <class 'int'>"),
        (optimizers, type("Own", (SGD,), {}), sign_descent, "must be a subclass of Optimizer"),
        (schedules, lambda _: 0.5, 0.5, "a schedule must be a function of Progress, got 0.5"),
    ],
)
def test_packages_may_offer_more(
    registry: Any, right: Any, wrong: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    offers = {"own": [_Offer("own", right)], "bad": [_Offer("bad", wrong)]}
    monkeypatch.setattr(registry, "_offers_by_name", offers)
    monkeypatch.setattr(registry, "_loaded", dict(registry._loaded))
    assert registry["own"] is right
    with pytest.raises(ValueError, match=message):
        registry["bad"]
    if registry is schedules:
        assert Schedule("own", steps=3).factor_at(1) == 0.5
