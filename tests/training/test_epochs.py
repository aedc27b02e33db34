"""Training in epochs: early stopping, the best weights, checkpoints; decay against PyTorch."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnnlab import GRU
from rnnlab.training import (
    Batch,
    Schedule,
    SequenceModel,
    make_optimizer,
    softmax_cross_entropy,
    train_epochs,
)


def draw(epoch: int) -> list[Batch]:
    """Return two batches: is the sum of a sequence above 0?"""
    rng = np.random.default_rng([epoch, 7])
    batches = []
    for _ in range(2):
        x = rng.standard_normal((5, 8, 2)).astype(np.float32)
        lengths = rng.integers(1, 6, size=8)
        inside = np.arange(5)[:, None] < lengths
        targets = ((x[..., 0] * inside).sum(axis=0) > 0).astype(np.int64)
        batches.append(Batch(x, targets, lengths))
    return batches


def build(optimizer: str = "adam", rate: float = 0.02) -> tuple[SequenceModel, Any]:
    model = SequenceModel(GRU(2, 8, seed=1), 2, read="last", seed=np.random.default_rng(2))
    return model, make_optimizer(optimizer, model.parameters, rate)


def validation_loss(model: SequenceModel) -> dict[str, float]:
    (batch, _) = draw(0)
    outputs = model.predict(batch.x, lengths=batch.lengths)
    return {"loss": softmax_cross_entropy(outputs, batch.targets)[0]}


def train(model: SequenceModel, optimizer: Any, epochs: int = 6, **options: Any) -> Any:
    schedule = options.pop("schedule", Schedule("cosine", epochs=epochs, warmup=1))
    evaluate = options.pop("evaluate", validation_loss)
    return train_epochs(
        model, draw, optimizer, loss=softmax_cross_entropy, evaluate=evaluate,
        schedule=schedule, **options,
    )  # fmt: skip


def test_it_learns_and_tells_each_epoch():
    model, optimizer = build()
    epochs = list(train(model, optimizer, 40, schedule=Schedule(epochs=40), clip_norm=1.0))
    assert [e.epoch for e in epochs] == list(range(1, 41))
    assert [e.update for e in epochs] == list(range(2, 82, 2))
    assert epochs[-1].metrics["loss"] < 0.3 < 0.6 < epochs[0].metrics["loss"]
    assert {e.learning_rate for e in epochs} == {0.02}
    assert all(e.status == "ok" and e.grad_norm > 0 for e in epochs)


def test_patience_ends_it_and_the_best_weights_stay():
    script = iter([3.0, 2.0, 2.5, 1.5, 1.5, 1.6, 1.7, 0.1])
    seen = []

    def evaluate(model: SequenceModel) -> dict[str, float]:
        seen.append({name: array.copy() for name, array in model.parameters.items()})
        return {"loss": next(script)}

    model, optimizer = build()
    epochs = list(train(model, optimizer, 9, evaluate=evaluate, patience=2))
    assert [e.metrics["loss"] for e in epochs] == [3.0, 2.0, 2.5, 1.5, 1.5, 1.6, 1.7]
    for name, array in model.parameters.items():
        np.testing.assert_array_equal(array, seen[3][name])
        assert (array != seen[-1][name]).any()


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
@pytest.mark.parametrize("stop", [1, 4])
def test_a_resumed_training_has_the_numbers_of_an_undisturbed_one(stop, optimizer, tmp_path: Path):
    file = tmp_path / "course.checkpoint"
    keep: Any = {"checkpoint": file, "checkpoint_seconds": 0.0, "patience": 50}
    whole, whole_optimizer = build(optimizer)
    whole_optimizer.weight_decay = 0.01
    expected = list(train(whole, whole_optimizer, patience=50))
    first, first_optimizer = build(optimizer)
    first_optimizer.weight_decay = 0.01
    course = train(first, first_optimizer, **keep)
    for _ in range(stop):
        next(course)  # and then the power goes
    second, second_optimizer = build(optimizer)
    second_optimizer.weight_decay = 0.01
    for array in second.parameters.values():
        array += 1  # a start of its own would be seen
    found = list(train(second, second_optimizer, **keep))
    for one, other in zip(found, expected, strict=True):
        assert one.metrics == other.metrics
        assert one.train_loss == other.train_loss
        assert (one.learning_rate, one.grad_norm) == (other.learning_rate, other.grad_norm)
    assert [e.seconds for e in found] == sorted(e.seconds for e in found)
    for name, array in second.parameters.items():
        np.testing.assert_array_equal(array, whole.parameters[name])
    # of a finished training, too
    third, third_optimizer = build(optimizer)
    assert [e.metrics for e in train(third, third_optimizer, **keep)] == [
        e.metrics for e in expected
    ]
    np.testing.assert_array_equal(third.readout_weight, whole.readout_weight)


def test_a_damaged_checkpoint_is_named(tmp_path: Path):
    file = tmp_path / "course.checkpoint"
    file.write_bytes(b"no checkpoint")
    with pytest.raises(ValueError, match="must be a checkpoint as rnnlab wrote it, .* delete it"):
        list(train(*build(), checkpoint=file))


def test_divergence_ends_it_with_the_best_weights_before_it():
    model, optimizer = build("sgd")
    values = iter([1.0, math.nan])
    epochs = list(train(model, optimizer, evaluate=lambda _: {"loss": next(values)}))
    assert [e.status for e in epochs] == ["ok", "diverged"]
    assert all(np.isfinite(array).all() for array in model.parameters.values())
    model, optimizer = build("sgd", 1e300)
    epochs = list(train(model, optimizer))
    assert (epochs[-1].status, epochs[-1].metrics) == ("diverged", {})


def test_weight_decay_is_that_of_adamw(rng):
    start = rng.standard_normal((4, 3))
    weight, bias = start.copy(), start[0].copy()
    ours = make_optimizer("adam", {"w": weight, "b": bias}, 0.05)
    ours.weight_decay = 0.3
    leaves = [torch.nn.Parameter(torch.tensor(a)) for a in (start, start[0])]
    theirs = torch.optim.AdamW(
        [{"params": leaves[:1], "weight_decay": 0.3}, {"params": leaves[1:], "weight_decay": 0.0}],
        lr=0.05,
    )
    for _ in range(5):
        gradient = rng.standard_normal((4, 3))
        ours.step({"w": gradient, "b": gradient[0]})
        leaves[0].grad, leaves[1].grad = torch.tensor(gradient), torch.tensor(gradient[0])
        theirs.step()
    np.testing.assert_allclose(weight, leaves[0].detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(bias, leaves[1].detach().numpy(), atol=1e-12)


@pytest.mark.parametrize("patience", [-1, 1.5])
def test_patience_that_cannot_be(patience):
    with pytest.raises(ValueError, match="patience must be a whole number of epochs, got"):
        train(*build(), patience=patience)


def test_the_best_weights_are_kept_over_an_interruption(tmp_path: Path):
    """The best epoch is before the checkpoint; none after it is better."""
    keep: Any = {"checkpoint": tmp_path / "course.checkpoint", "checkpoint_seconds": 0.0}
    model, optimizer = build()
    values = iter([1.0, 2.0])
    course = train(model, optimizer, 4, evaluate=lambda _: {"loss": next(values)}, **keep)
    next(course)
    best = {name: array.copy() for name, array in model.parameters.items()}
    next(course)
    again, optimizer = build()
    list(train(again, optimizer, 4, evaluate=lambda _: {"loss": 3.0}, **keep))
    for name, array in again.parameters.items():
        np.testing.assert_array_equal(array, best[name])
