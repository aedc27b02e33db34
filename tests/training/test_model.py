"""A recurrent layer with a readout: its gradients, and the loop that trains it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import rnnlab
from rnnlab import GRU, LSTM, Recurrent
from rnnlab.engine.readout_matmul import matmul
from rnnlab.registry import cells
from rnnlab.training import (
    SequenceModel,
    make_optimizer,
    mean_squared_error,
    softmax_cross_entropy,
    train,
)


def make(cell, rng, dtype="float64", sizes=(3, 4, 5)):
    inputs, units, outputs = sizes
    model = SequenceModel(Recurrent(cell, inputs, units, dtype=dtype, seed=1), outputs, seed=2)
    for array in model.parameters.values():
        array += 0.2 * rng.standard_normal(array.shape)
    return model


@pytest.mark.parametrize("cell", cells.names())
@pytest.mark.parametrize("loss", [softmax_cross_entropy, mean_squared_error])
def test_gradients_by_finite_differences(cell, loss, rng):
    """Every parameter of layer and readout, through loss, readout and time."""
    model = make(cell, rng)
    x = rng.standard_normal((4, 3, 3))
    targets = rng.integers(5, size=(4, 3))
    if loss is mean_squared_error:
        targets = rng.standard_normal((4, 3, 5))
    value, gradients = model.loss_and_gradients(x, targets, loss)
    assert value == loss(model.predict(x), targets)[0]
    assert gradients.keys() == model.parameters.keys()
    for name, array in model.parameters.items():
        expected = np.empty_like(array)
        for index in np.ndindex(array.shape):
            middle = array[index]
            sides = []
            for shift in (1e-5, -1e-5):
                array[index] = middle + shift
                sides.append(loss(model.predict(x), targets)[0])
            array[index] = middle
            expected[index] = (sides[0] - sides[1]) / 2e-5
        scale = np.abs(expected).max()
        # In coRNN h moves by the time step's square alone: what differences round is larger.
        slow = cell == "cornn" and name.startswith(("weight", "bias"))
        assert scale > (1e-7 if slow else 1e-4), name
        assert np.abs(gradients[name] - expected).max() < (1e-4 if slow else 1e-6) * scale, name


def test_the_readout_is_a_linear_map_of_every_output(rng):
    model = make("gru", rng)
    x = rng.standard_normal((6, 2, 3))
    y, _ = model.layer(x)
    expected = np.einsum("tbh,oh->tbo", y, model.readout_weight) + model.readout_bias
    found = model.predict(x)
    assert found.shape == (6, 2, 5)
    np.testing.assert_allclose(found, expected, atol=1e-14)


def test_parameters_are_live_and_counted(rng):
    model = make("lstm", rng)
    names = ["weight_ih_l0", "weight_hh_l0", "bias_l0", "readout_weight", "readout_bias"]
    assert list(model.parameters) == names
    assert model.parameters["readout_weight"].shape == (5, 4)
    assert model.parameters["readout_bias"].shape == (5,)
    assert model.parameter_count == 4 * 4 * (3 + 4 + 1) + 5 * (4 + 1)
    x = rng.standard_normal((3, 2, 3))
    before = model.predict(x)
    model.parameters["readout_bias"][:] += 1
    np.testing.assert_allclose(model.predict(x), before + 1, atol=1e-14)
    for array in model.parameters.values():
        array[:] = 0
    assert not model.predict(x).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_readout_has_the_same_bits_wherever_a_row_stands(dtype, rng):
    """A BLAS would go by the number of rows and of threads."""
    model = make("rnn", rng, dtype, (3, 67, 9))
    x = rng.standard_normal((11, 37, 3)).astype(dtype)
    whole = model.predict(x)
    order = rng.permutation(37)
    np.testing.assert_array_equal(model.predict(x[:, order]), whole[:, order])
    np.testing.assert_array_equal(model.predict(x[:5, 3:4]), whole[:5, 3:4])
    targets = rng.integers(9, size=(11, 37))
    before = rnnlab.get_num_threads()
    try:
        found = []
        for count in (1, 2, 3):
            rnnlab.set_num_threads(count)
            found.append(model.loss_and_gradients(x, targets, softmax_cross_entropy))
    finally:
        rnnlab.set_num_threads(before)
    for value, gradients in found[1:]:
        assert value == found[0][0]
        for name, array in gradients.items():
            np.testing.assert_array_equal(array, found[0][1][name])


def test_products_of_the_readout_are_those_of_a_fixed_order(rng):
    """Not a BLAS's, whose order may follow its threads: the bits are the engine's product's."""
    model = make("rnn", rng, "float32", (3, 67, 9))
    x = rng.standard_normal((40, 30, 3)).astype(np.float32)
    targets = rng.integers(9, size=(40, 30))
    y, _ = model.layer(x)
    _, d_logits = softmax_cross_entropy(model.predict(x), targets)
    _, gradients = model.loss_and_gradients(x, targets, softmax_cross_entropy)
    expected = matmul(d_logits.reshape(-1, 9).T, y.reshape(-1, 67))
    assert (
        d_logits.reshape(-1, 9).T @ y.reshape(-1, 67) != expected
    ).any()  # else it shows nothing
    np.testing.assert_array_equal(gradients["readout_weight"], expected)


def test_float32_gradients_of_long_batches_hold_their_digits(rng):
    """Sums over T * B = 51,200 rows: within 1e-5 of float64, the readout's bias included."""
    model = make("rnn", rng, "float32", (3, 8, 4))
    x = rng.standard_normal((400, 128, 3)).astype(np.float32)
    targets = rng.integers(4, size=(400, 128))
    _, found = model.loss_and_gradients(x, targets, softmax_cross_entropy)
    _, expected = model.astype("float64").loss_and_gradients(x, targets, softmax_cross_entropy)
    for name, array in expected.items():
        assert np.abs(found[name] - array).max() < 1e-5 * np.abs(array).max(), name


def test_the_seed_sets_the_readout(rng):
    layer = LSTM(3, 4)
    one, same, other = (SequenceModel(layer, 5, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.readout_weight, same.readout_weight)
    assert (one.readout_weight != other.readout_weight).all()
    assert not one.readout_bias.any()
    assert np.abs(one.readout_weight).max() <= math.sqrt(6 / 9)


def test_astype_is_a_copy(rng):
    model = make("gru", rng, "float32")
    copy = model.astype("float64")
    assert copy.layer.dtype == "float64"
    for name, array in copy.parameters.items():
        np.testing.assert_array_equal(array, model.parameters[name].astype(np.float64))
        array[:] = 0
        assert model.parameters[name].any()


@pytest.mark.parametrize("size", [0, -1])
def test_output_sizes_that_cannot_be(size):
    with pytest.raises(ValueError, match=f"output_size must be at least 1, got {size}"):
        SequenceModel(GRU(2, 3), size)
    with pytest.raises(TypeError, match="output_size must be an int"):
        SequenceModel(GRU(2, 3), 2.0)  # type: ignore[arg-type]


def test_bad_input_reaches_the_layers_checks(rng):
    model = make("gru", rng)
    x = rng.standard_normal((4, 2, 3))
    x[1, 1, 1] = np.nan
    with pytest.raises(ValueError, match="x must be finite"):
        model.predict(x)
    with pytest.raises(ValueError, match=r"targets must have shape \(4, 2\), got \(2, 4\)"):
        model.loss_and_gradients(np.ones((4, 2, 3)), np.zeros((2, 4), int), softmax_cross_entropy)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_parameters_that_are_not_finite_make_a_loss_that_is_not(bad, rng):
    model = make("lstm", rng)
    model.readout_weight[:] = bad
    value, gradients = model.loss_and_gradients(
        rng.standard_normal((3, 2, 3)), np.zeros((3, 2), int), softmax_cross_entropy
    )
    assert not math.isfinite(value)
    assert gradients == {}


# The training loop


def parity(rng, batch=16, steps=6):
    """Return the running parity of random bits: needs a state."""
    bits = rng.integers(2, size=(steps, batch))
    one_hot = np.eye(2, dtype=np.float32)[bits]
    return one_hot, np.cumsum(bits, axis=0) % 2


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
            lambda: parity(rng),
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
    """A rate beyond all bounds: one last evaluation without metrics, no warning, no exception."""
    evaluations, _, _ = run(unbounded, updates=50, every=1, learning_rate=1e30, optimizer=optimizer)
    last = evaluations[-1]
    assert last.status == "diverged"
    assert last.metrics == {}
    assert last.update < 50
    assert not math.isfinite(last.grad_norm)
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
            train(model, lambda: parity(np.random.default_rng(0)), optimizer, **arguments)


def test_a_mean_squared_error_can_be_trained_on():
    rng = np.random.default_rng(3)
    model = SequenceModel(GRU(1, 8, seed=1), 1, seed=2)

    def draw():
        x = rng.standard_normal((5, 16, 1)).astype(np.float32)
        return x, np.cumsum(x, axis=0) / 3

    def evaluate(current):
        x, targets = draw()
        return {"loss": mean_squared_error(current.predict(x), targets)[0]}

    evaluations = list(
        train(
            model, draw, make_optimizer("adam", model.parameters, 0.01), updates=300,
            evaluate=evaluate, evaluate_every=100, loss=mean_squared_error,
        )
    )  # fmt: skip
    assert evaluations[-1].metrics["loss"] < 0.2 * evaluations[0].metrics["loss"] or (
        evaluations[-1].metrics["loss"] < 0.02
    )
