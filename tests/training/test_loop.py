"""The training loop: streams and epochs, early stopping, best weights, checkpoints."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnlab import GRU, Recurrent, Regularisers
from rnnlab.tasks import CopyMemory
from rnnlab.training import (
    Batch,
    Schedule,
    SequenceModel,
    TruncatedBPTT,
    make_optimizer,
    mean_squared_error,
    softmax_cross_entropy,
    train,
)


def parity(rng, batch=16, steps=6):
    """Return the running parity of random bits: needs a state."""
    bits = rng.integers(2, size=(steps, batch))
    one_hot = np.eye(2, dtype=np.float32)[bits]
    return one_hot, np.cumsum(bits, axis=0) % 2


def stream(rng) -> Iterator[Batch]:
    while True:
        yield Batch(*parity(rng))


def run(kind=GRU, updates=10, learning_rate=0.01, optimizer="adam", every=4, model=None, **options):
    rng = np.random.default_rng(0)
    model = model or SequenceModel(kind(2, 8, seed=1), 2, seed=2)
    seen = []

    def evaluate(current):
        seen.append({name: array.copy() for name, array in current.parameters.items()})
        x, targets = parity(np.random.default_rng(99), 64)
        return {"loss": softmax_cross_entropy(current.predict(x), targets)[0]}

    chosen = make_optimizer(optimizer, model.parameters, learning_rate)
    evaluations = list(
        train(
            model,
            stream(rng),
            chosen,
            updates=updates,
            evaluate=evaluate,
            evaluate_every=every,
            **options,
        )
    )
    return evaluations, model, seen


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam"])
def test_training_reduces_the_loss(optimizer):
    rates = {"sgd": 1.0, "rmsprop": 0.01, "adam": 0.02}
    evaluations, _, _ = run(
        updates=400, every=100, optimizer=optimizer, learning_rate=rates[optimizer], clip_norm=1.0
    )
    assert [e.status for e in evaluations] == ["ok"] * 4
    assert evaluations[0].metrics["loss"] < 0.8
    assert evaluations[-1].metrics["loss"] < 0.5  # chance is ln 2 = .69


def test_a_gated_cell_learns_parity_to_the_end():
    evaluations, _, _ = run(updates=800, every=800, learning_rate=0.03, clip_norm=1.0)
    assert evaluations[-1].metrics["loss"] < 0.05


@pytest.mark.parametrize(
    ("updates", "every", "expected"),
    [(10, 4, [4, 8, 10]), (8, 4, [4, 8]), (3, 10, [3]), (1, 1, [1]), (3, 1, [1, 2, 3])],
)
def test_evaluates_as_often_as_told_and_at_the_last_update(updates, every, expected):
    evaluations, model, seen = run(updates=updates, every=every)
    assert [e.update for e in evaluations] == expected
    assert all(e.status == "ok" and list(e.metrics) == ["loss"] for e in evaluations)
    seconds = [e.seconds for e in evaluations]
    assert seconds == sorted(seconds)
    for name, array in model.parameters.items():  # nothing follows the last evaluation
        np.testing.assert_array_equal(seen[-1][name], array)


def test_the_same_seed_gives_the_same_bits():
    one, other = run(), run()
    assert [e.metrics for e in one[0]] == [e.metrics for e in other[0]]
    assert [e.grad_norm for e in one[0]] == [e.grad_norm for e in other[0]]
    for name, array in one[1].parameters.items():
        np.testing.assert_array_equal(array, other[1].parameters[name])


def test_the_gradient_norm_is_the_mean_before_clipping():
    """Recomputed by hand with a rate so small that nothing moves."""
    evaluations, model, _ = run(updates=4, every=4, learning_rate=1e-12, optimizer="sgd")
    clipped, _, _ = run(updates=4, every=4, learning_rate=1e-12, optimizer="sgd", clip_norm=1e-3)
    by_value, _, _ = run(updates=4, every=4, learning_rate=1e-12, optimizer="sgd", clip_value=1e-6)
    rng, norms = np.random.default_rng(0), []
    for _ in range(4):
        _, gradients = model.loss_and_gradients(*parity(rng), softmax_cross_entropy)
        norms.append(
            math.sqrt(sum(float((g.astype(float) ** 2).sum()) for g in gradients.values()))
        )
    for found in (evaluations, clipped, by_value):
        assert found[0].grad_norm == pytest.approx(np.mean(norms), rel=1e-6)


def test_the_gradient_norm_is_of_the_updates_since_the_last_evaluation():
    every, _, _ = run(updates=4, every=1, learning_rate=0.05)
    pairs, _, _ = run(updates=4, every=2, learning_rate=0.05)
    norms = [e.grad_norm for e in every]
    assert pairs[0].grad_norm == pytest.approx((norms[0] + norms[1]) / 2, rel=1e-12)
    assert pairs[1].grad_norm == pytest.approx((norms[2] + norms[3]) / 2, rel=1e-12)


@pytest.mark.parametrize(("option", "bound"), [("clip_norm", 1e-3), ("clip_value", 1e-4)])
def test_clipping_bounds_the_step(option, bound):
    start = SequenceModel(GRU(2, 8, seed=1), 2, seed=2)
    before = {name: array.copy() for name, array in start.parameters.items()}
    run(model=start, updates=1, optimizer="sgd", learning_rate=1.0, **{option: bound})
    steps = [start.parameters[n].astype(float) - a for n, a in before.items()]
    largest = max(np.abs(step).max() for step in steps)
    norm = math.sqrt(sum((step**2).sum() for step in steps))
    # parameters of size 1 hold a step to 6e-8
    if option == "clip_norm":
        assert norm == pytest.approx(bound, rel=1e-2)
    else:
        assert largest == pytest.approx(bound, rel=1e-2)
    assert any(step.any() for step in steps)


def unbounded(*sizes, **options):
    """A layer that a huge step blows up; tanh would saturate and stay finite."""
    return Recurrent("rnn-relu", *sizes, **options)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_divergence_is_recorded_and_ends_the_run(optimizer):
    """A rate beyond all bounds: one last evaluation without a loss, no warning, no exception."""
    evaluations, _, _ = run(unbounded, updates=50, every=1, learning_rate=1e30, optimizer=optimizer)
    last = evaluations[-1]
    assert last.status == "diverged"
    assert not math.isfinite(last.metrics.get("loss", math.nan))
    assert last.update < 50
    assert all(e.status == "ok" for e in evaluations[:-1])
    assert [e.update for e in evaluations] == list(range(1, last.update + 1))


def test_divergence_at_an_update_between_evaluations_is_recorded_there():
    evaluations, _, _ = run(unbounded, updates=50, every=40, learning_rate=1e30, optimizer="sgd")
    assert len(evaluations) == 1
    assert evaluations[0].status == "diverged"
    assert evaluations[0].update < 40


def test_divergence_of_the_readout_alone():
    """An infinite logit: the loss is NaN, the run has diverged, nothing is raised."""
    model = SequenceModel(GRU(2, 8, seed=1), 2, seed=2)
    model.readout_bias[:] = np.inf
    evaluations, _, _ = run(model=model)
    assert [(e.update, e.status, e.metrics) for e in evaluations] == [(1, "diverged", {})]


def test_parameters_that_the_last_update_ruined_are_no_result():
    """The loss before the last update was finite, what it left is not: that is a divergence."""
    model = SequenceModel(GRU(2, 8, seed=1), 2, seed=2)
    evaluations, _, _ = run(model=model, updates=1, every=1, optimizer="sgd", learning_rate=1e300)
    assert evaluations[-1].status == "diverged"
    assert evaluations[-1].metrics == {}


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"updates": 0}, ValueError, "updates must be at least 1, got 0"),
        ({"updates": 1.5}, TypeError, "updates must be an int"),
        ({"every": 0}, ValueError, "evaluate_every must be at least 1, got 0"),
        ({"clip_norm": 0.0}, ValueError, "clipping bound must be more than 0"),
        ({"clip_value": -1.0}, ValueError, "clipping bound must be more than 0"),
    ],
)
def test_arguments_that_cannot_be(options, error, match):
    with pytest.raises(error, match=match):
        run(**options)


def test_bad_arguments_are_refused_before_the_first_batch():
    """At the call, not when the iterator is first asked."""
    model = SequenceModel(GRU(2, 3), 2)
    optimizer = make_optimizer("sgd", model.parameters, 0.1)
    for options in ({"updates": -1}, {"clip_norm": 0.0}, {"clip_value": math.nan}):
        arguments: dict[str, Any] = {
            "updates": 1,
            "evaluate": lambda _: {},
            "evaluate_every": 1,
            **options,
        }
        with pytest.raises(ValueError, match="must be"):
            train(model, stream(np.random.default_rng(0)), optimizer, **arguments)


def test_a_mean_squared_error_can_be_trained_on():
    rng = np.random.default_rng(3)
    model = SequenceModel(GRU(1, 8, seed=1), 1, seed=2)

    def draw():
        x = rng.standard_normal((5, 16, 1)).astype(np.float32)
        return x, np.cumsum(x, axis=0) / 3

    def draw_batches():
        while True:
            yield Batch(*draw())

    def evaluate(current):
        x, targets = draw()
        return {"loss": mean_squared_error(current.predict(x), targets)[0]}

    evaluations = list(
        train(
            model, draw_batches(), make_optimizer("adam", model.parameters, 0.01), updates=300,
            evaluate=evaluate, evaluate_every=100, loss=mean_squared_error,
        )
    )  # fmt: skip
    assert evaluations[-1].metrics["loss"] < 0.2 * evaluations[0].metrics["loss"] or (
        evaluations[-1].metrics["loss"] < 0.02
    )


# Epochs of a finite set of sequences


def draw_epoch(epoch: int) -> list[Batch]:
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


def build(optimizer: str = "adam", rate: float = 0.02, **options: Any) -> tuple[SequenceModel, Any]:
    model = SequenceModel(GRU(2, 8, seed=1), 2, read="last", seed=np.random.default_rng(2))
    return model, make_optimizer(optimizer, model.parameters, rate, **options)


def validation_loss(model: SequenceModel) -> dict[str, float]:
    (batch, _) = draw_epoch(0)
    outputs = model.predict(batch.x, lengths=batch.lengths)
    return {"loss": softmax_cross_entropy(outputs, batch.targets)[0]}


def train_epochs(model: SequenceModel, optimizer: Any, epochs: int = 6, **options: Any) -> Any:
    given: dict[str, Any] = {
        "evaluate": validation_loss,
        "epochs": epochs,
        "schedule": Schedule("cosine", steps=epochs, warmup=1),
        "restore_best": True,
    }
    return train(model, draw_epoch, optimizer, **given | options)


def test_it_learns_and_describes_each_epoch():
    model, optimizer = build()
    epochs = list(train_epochs(model, optimizer, 40, schedule=None, clip_norm=1.0))
    assert [e.epoch for e in epochs] == list(range(1, 41))
    assert [e.update for e in epochs] == list(range(2, 82, 2))
    assert epochs[-1].metrics["loss"] < 0.3 < 0.6 < epochs[0].metrics["loss"]
    assert {e.learning_rate for e in epochs} == {0.02}
    assert all(e.status == "ok" and e.grad_norm > 0 for e in epochs)
    assert "at update 80 (epoch 40): train_loss 0." in repr(epochs[-1])


def scripted(losses: list[float], seen: list[Any]) -> Any:
    """Return an evaluation that keeps the parameters and returns the losses one after another."""
    script = iter(losses)

    def evaluate(model: SequenceModel) -> dict[str, float]:
        seen.append({name: array.copy() for name, array in model.parameters.items()})
        return {"loss": next(script)}

    return evaluate


SCRIPT = [3.0, 2.0, 2.5, 1.5, 1.5, 1.6, 1.7, 0.1]


@pytest.mark.parametrize("finite", [True, False])
def test_patience_ends_it_and_the_best_weights_stay(finite):
    seen: list[Any] = []
    model, optimizer = build()
    length: dict[str, Any] = {"epochs": 9}
    if not finite:
        length = {"updates": 18, "evaluate_every": 2}
    evaluations = list(
        train(
            model,
            draw_epoch if finite else itertools.cycle(draw_epoch(1)),
            optimizer,
            evaluate=scripted(SCRIPT, seen),
            patience=2,
            restore_best=True,
            **length,
        )
    )
    assert [e.metrics["loss"] for e in evaluations] == SCRIPT[:7]
    assert [e.update for e in evaluations] == list(range(2, 16, 2))
    assert [e.epoch for e in evaluations] == (list(range(1, 8)) if finite else [0] * 7)
    for name, array in model.parameters.items():
        np.testing.assert_array_equal(array, seen[3][name])
        assert (array != seen[-1][name]).any()


def test_without_restoring_the_last_weights_stay():
    seen: list[Any] = []
    model, optimizer = build()
    list(train_epochs(model, optimizer, evaluate=scripted(SCRIPT, seen), restore_best=False))
    for name, array in model.parameters.items():
        np.testing.assert_array_equal(array, seen[-1][name])


def test_a_validation_loss_is_needed_where_it_decides():
    for options in ({"patience": 2}, {"restore_best": True}):
        given: dict[str, Any] = {"restore_best": False, "evaluate": lambda _: {}, **options}
        with pytest.raises(ValueError, match='must return the validation loss as "loss", got no s'):
            list(train_epochs(*build(), **given))


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
@pytest.mark.parametrize("stop", [1, 4])
def test_a_resumed_training_has_the_numbers_of_an_undisturbed_one(stop, optimizer, tmp_path: Path):
    keep: Any = {
        "checkpoint": tmp_path / "course.checkpoint",
        "checkpoint_seconds": 0.0,
        "patience": 50,
    }
    whole, whole_optimizer = build(optimizer, weight_decay=0.01)
    expected = list(train_epochs(whole, whole_optimizer, patience=50))
    course = train_epochs(*build(optimizer, weight_decay=0.01), **keep)
    for _ in range(stop):
        next(course)  # and then the power goes
    second, second_optimizer = build(optimizer, weight_decay=0.01)
    for array in second.parameters.values():
        array += 1  # a start of its own would be seen
    found = list(train_epochs(second, second_optimizer, **keep))
    for one, other in zip(found, expected, strict=True):
        assert one.metrics == other.metrics
        assert one.train_loss == other.train_loss
        assert (one.learning_rate, one.grad_norm) == (other.learning_rate, other.grad_norm)
    assert [e.seconds for e in found] == sorted(e.seconds for e in found)
    for name, array in second.parameters.items():
        np.testing.assert_array_equal(array, whole.parameters[name])
    # of a finished training, too
    third, third_optimizer = build(optimizer)
    assert [e.metrics for e in train_epochs(third, third_optimizer, **keep)] == [
        e.metrics for e in expected
    ]
    np.testing.assert_array_equal(third.readout_weight, whole.readout_weight)


@pytest.mark.parametrize("stop", [1, 3])
def test_a_resumed_stream_draws_what_an_undisturbed_one_does(stop, tmp_path: Path):
    """Batches, evaluations and masks are random, and each comes from a generator of its own."""
    task = CopyMemory(3, 1, 2)

    def start(**options: Any) -> tuple[SequenceModel, Any]:
        noise = Regularisers(zoneout=0.3)
        model = SequenceModel(
            GRU(task.input_size, 4, seed=1, regularisers=noise), task.output_size, seed=2
        )
        data, fresh = np.random.default_rng(3), np.random.default_rng(4)
        return model, train(
            model,
            task.batches(5, data),
            make_optimizer("adam", model.parameters, 0.01),
            updates=11,
            evaluate_every=3,
            evaluate=lambda model: task.evaluation(model, 7, fresh),
            schedule=Schedule("cosine", steps=11, warmup=2),
            noise=5,
            generators=(data, fresh),
            **options,
        )

    keep: Any = {"checkpoint": tmp_path / "course.checkpoint", "checkpoint_seconds": 0.0}
    whole, expected = start()
    evaluations = list(expected)
    assert [e.update for e in evaluations] == [3, 6, 9, 11]
    _, course = start(**keep)
    for _ in range(stop):
        next(course)
    model, again = start(**keep)
    for one, other in zip(again, evaluations, strict=True):
        assert (one.metrics, one.train_loss) == (other.metrics, other.train_loss)
        assert (one.grad_norm, one.learning_rate) == (other.grad_norm, other.learning_rate)
    for name, array in model.parameters.items():
        np.testing.assert_array_equal(array, whole.parameters[name])


def test_a_damaged_checkpoint_is_named(tmp_path: Path):
    file = tmp_path / "course.checkpoint"
    file.write_bytes(b"no checkpoint")
    with pytest.raises(ValueError, match="must be a checkpoint as rnnlab wrote it, .* delete it"):
        list(train_epochs(*build(), checkpoint=file))


def test_a_checkpoint_of_other_generators_is_refused(tmp_path: Path):
    keep: Any = {"checkpoint": tmp_path / "course.checkpoint", "checkpoint_seconds": 0.0}
    next(train_epochs(*build(), **keep))
    with pytest.raises(ValueError, match="states of 1 random generators, got 0: delete it"):
        list(train_epochs(*build(), generators=[np.random.default_rng(0)], **keep))


def test_divergence_ends_it_with_the_best_weights_before_it():
    model, optimizer = build("sgd")
    values = iter([1.0, math.nan])
    epochs = list(train_epochs(model, optimizer, evaluate=lambda _: {"loss": next(values)}))
    assert [e.status for e in epochs] == ["ok", "diverged"]
    assert all(np.isfinite(array).all() for array in model.parameters.values())
    model, optimizer = build("sgd", 1e300)
    epochs = list(train_epochs(model, optimizer))
    assert (epochs[-1].status, epochs[-1].metrics) == ("diverged", {})


@pytest.mark.parametrize("patience", [-1, 1.5, True])
def test_patience_that_cannot_be(patience):
    with pytest.raises(ValueError, match="patience must be a whole number of evaluations, got"):
        train_epochs(*build(), patience=patience)


def test_the_best_weights_are_kept_over_an_interruption(tmp_path: Path):
    """The best epoch is before the checkpoint; none after it is better."""
    keep: Any = {"checkpoint": tmp_path / "course.checkpoint", "checkpoint_seconds": 0.0}
    model, optimizer = build()
    values = iter([1.0, 2.0])
    course = train_epochs(model, optimizer, 4, evaluate=lambda _: {"loss": next(values)}, **keep)
    next(course)
    best = {name: array.copy() for name, array in model.parameters.items()}
    next(course)
    again, optimizer = build()
    list(train_epochs(again, optimizer, 4, evaluate=lambda _: {"loss": 3.0}, **keep))
    for name, array in again.parameters.items():
        np.testing.assert_array_equal(array, best[name])


# Schedules and windows of a stream


def test_the_rate_of_a_stream_changes_with_every_update():
    model, optimizer = build("sgd", 0.5)
    rates = []
    step = optimizer.step

    def watched(gradients: Any) -> None:
        rates.append(optimizer.learning_rate)
        step(gradients)

    optimizer.step = watched
    batches = itertools.cycle(draw_epoch(1))
    schedule = Schedule("cosine", steps=4)
    list(
        train(model, batches, optimizer, updates=4, evaluate_every=2, schedule=schedule,
              evaluate=lambda _: {})
    )  # fmt: skip
    assert rates == pytest.approx([0.5, 0.5 * 0.8535534, 0.25, 0.5 * 0.1464466])
    assert optimizer.learning_rate == 0.5


def test_a_plateau_of_a_stream_counts_evaluations():
    model, optimizer = build()
    script = iter([3.0, 2.0, 2.0, 2.0, 2.0, 2.0])
    evaluations = train(
        model,
        itertools.cycle(draw_epoch(1)),
        optimizer,
        updates=6,
        evaluate_every=1,
        evaluate=lambda _: {"loss": next(script)},
        schedule=Schedule("plateau", steps=6, factor=0.1, patience=1),
    )
    rates = [round(one.learning_rate / 0.02, 3) for one in evaluations]
    assert rates == [1.0, 1.0, 1.0, 1.0, 0.1, 0.1]


def test_windows_of_batches_add_up_to_full_bptt(rng):
    """With k2 the length of a sequence and a plain mean over windows of equal size."""
    model = SequenceModel(GRU(2, 5, dtype="float64", seed=1), 2, seed=2)
    x = rng.standard_normal((6, 3, 2))
    targets = rng.integers(2, size=(6, 3))
    lengths = np.array([6, 2, 5])
    windows = list(TruncatedBPTT(model, 2, 6).cut([Batch(x, targets, lengths)]))
    asked = [int((window.targets >= 0).sum()) for window in windows]
    assert asked == [6, 4, 3]
    stream = TruncatedBPTT(model, 2, 6)
    total = {name: np.zeros_like(array) for name, array in model.parameters.items()}
    for window, count in zip(stream.cut([Batch(x, targets, lengths)]), asked, strict=True):
        _, found = stream.loss_and_gradients(window.x, window.targets, softmax_cross_entropy)
        for name, array in found.items():
            total[name] += array * count / 13
    _, whole = model.loss_and_gradients(x, targets, softmax_cross_entropy, lengths=lengths)
    for name, array in whole.items():
        np.testing.assert_allclose(total[name], array, atol=1e-12)


def test_windows_have_no_checkpoint(tmp_path: Path):
    stream = TruncatedBPTT(SequenceModel(GRU(2, 3), 2), 2, 2)
    with pytest.raises(ValueError, match="cannot hold the state of a stream in windows"):
        train(
            stream,
            iter([]),
            make_optimizer("sgd", stream.parameters, 0.1),
            updates=1,
            evaluate_every=1,
            evaluate=lambda _: {},
            checkpoint=tmp_path / "x",
        )


@pytest.mark.parametrize(
    ("batches", "length", "match"),
    [
        (draw_epoch, {"updates": 4, "evaluate_every": 2}, "needs epochs, without updates"),
        (draw_epoch, {}, "needs epochs, without updates"),
        (iter([]), {"epochs": 3}, "needs updates and evaluate_every, without epochs"),
        (iter([]), {"updates": 3}, "needs updates and evaluate_every, without epochs"),
        (draw_epoch, {"epochs": 3, "schedule": Schedule(steps=4)}, "must have the 3 steps .* 4"),
    ],
)
def test_lengths_that_do_not_fit_the_batches(batches, length, match):
    model, optimizer = build()
    with pytest.raises(ValueError, match=match):
        train(model, batches, optimizer, evaluate=validation_loss, **length)


def test_batches_that_are_no_batches():
    model, optimizer = build()
    with pytest.raises(TypeError, match="must be an iterator of batches .* got list: try iter"):
        train(
            model,
            draw_epoch(1),  # type: ignore[arg-type]  # that is the error
            optimizer,
            evaluate=validation_loss,
            updates=1,
            evaluate_every=1,
        )


def test_a_stream_that_ends_too_early():
    model, optimizer = build()
    evaluations = train(
        model, iter(draw_epoch(1)), optimizer, updates=5, evaluate_every=2, evaluate=lambda _: {}
    )
    assert next(evaluations).update == 2
    with pytest.raises(ValueError, match="must not end before training, but end after update 2"):
        next(evaluations)
