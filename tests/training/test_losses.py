"""Losses against PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from rnnlab.training import (
    LOSSES,
    binary_cross_entropy,
    mean_squared_error,
    softmax_cross_entropy,
)

SHAPES = [(1, 1, 2), (5, 3, 7), (40, 1), (2, 3, 4, 5)]
TOLERANCE = {"float32": 2e-6, "float64": 1e-13}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1e4])
def test_cross_entropy(shape, scale, dtype, rng):
    logits = (scale * rng.standard_normal(shape)).astype(dtype)
    targets = rng.integers(shape[-1], size=shape[:-1])
    before = logits.copy()
    loss, d_logits = softmax_cross_entropy(logits, targets)
    leaf: Any = torch.tensor(logits.astype(float), requires_grad=True)
    expected = torch.nn.functional.cross_entropy(
        leaf.reshape(-1, shape[-1]), torch.tensor(targets.reshape(-1))
    )
    expected.backward()
    assert isinstance(loss, float)
    assert d_logits.dtype == dtype
    assert d_logits.shape == shape
    # float32 exponents of a size `scale` are known to scale * 6e-8
    limit = TOLERANCE[dtype] * max(1.0, scale if dtype == "float32" else 1.0)
    assert loss == pytest.approx(float(expected.detach()), rel=TOLERANCE[dtype], abs=limit)
    assert np.abs(d_logits - leaf.grad.numpy()).max() <= limit
    np.testing.assert_array_equal(logits, before)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_cross_entropy_at_the_extremes(dtype):
    logits = np.array([[1e4, 0, -1e4], [-1e4, 0, 1e4]], dtype)
    right, d_right = softmax_cross_entropy(logits, np.array([0, 2]))
    assert right == 0
    assert not d_right.any()
    wrong, d_wrong = softmax_cross_entropy(logits, np.array([2, 0]))
    assert wrong == 2e4
    np.testing.assert_array_equal(d_wrong, [[0.5, 0, -0.5], [-0.5, 0, 0.5]])


def test_cross_entropy_at_chance_is_the_logarithm_of_the_classes():
    for classes in (1, 2, 9):
        loss, _ = softmax_cross_entropy(np.full((3, 2, classes), 5.0), np.zeros((3, 2), int))
        assert loss == pytest.approx(math.log(classes), abs=1e-15)


def test_cross_entropy_ignores_a_shift_and_its_gradient_sums_to_zero(rng):
    logits, targets = rng.standard_normal((6, 4, 5)), rng.integers(5, size=(6, 4))
    loss, d = softmax_cross_entropy(logits, targets)
    shifted, d_shifted = softmax_cross_entropy(logits + 1000, targets)
    assert shifted == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(d_shifted, d, atol=1e-14)
    np.testing.assert_allclose(d.sum(axis=-1), 0, atol=1e-16)


def test_cross_entropy_of_nan_is_nan():
    loss, d = softmax_cross_entropy(np.array([[np.nan, 0.0]]), np.array([0]))
    assert math.isnan(loss)
    assert np.isnan(d).all()


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_cross_entropy_of_infinities_is_not_finite_and_warns_of_nothing(bad):
    """The training loop marks such a run as diverged; the terminal stays clean."""
    loss, _ = softmax_cross_entropy(np.array([[bad, bad, 0.0]]), np.array([0]))
    assert not math.isfinite(loss)


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8])
def test_cross_entropy_takes_any_ints(kind, rng):
    logits = rng.standard_normal((4, 3))
    targets = np.array([0, 2, 1, 1])
    assert (
        softmax_cross_entropy(logits, targets.astype(kind))[0]
        == (softmax_cross_entropy(logits, targets)[0])
    )


@pytest.mark.parametrize(
    ("targets", "error", "match"),
    [
        (np.zeros((4, 2), int), ValueError, r"targets must have shape \(4,\), got \(4, 2\)"),
        (np.zeros(3, int), ValueError, r"targets must have shape \(4,\), got \(3,\): one class"),
        (
            np.zeros(4),
            TypeError,
            r"targets must be ints, got dtype float64: use targets.astype\(int\)",
        ),
        (np.zeros(4, bool), TypeError, "targets must be ints, got dtype bool"),
        (np.array([0, 1, 3, 0]), ValueError, "classes 0 to 2, or -1 .* got 0 to 3: enlarge"),
        (np.array([0, 1, -2, 0]), ValueError, "classes 0 to 2, or -1 .* got -2 to 1"),
    ],
)
def test_wrong_targets(targets, error, match):
    with pytest.raises(error, match=match):
        softmax_cross_entropy(np.zeros((4, 3)), targets)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES)
def test_mean_squared_error(shape, dtype, rng):
    outputs, targets = rng.standard_normal((2, *shape)).astype(dtype)
    loss, d = mean_squared_error(outputs, targets)
    leaf: Any = torch.tensor(outputs.astype(float), requires_grad=True)
    expected = torch.nn.functional.mse_loss(leaf, torch.tensor(targets.astype(float)))
    expected.backward()
    assert isinstance(loss, float)
    assert loss == pytest.approx(float(expected.detach()), rel=TOLERANCE[dtype])
    assert d.dtype == dtype
    np.testing.assert_allclose(d, leaf.grad.numpy(), rtol=0, atol=TOLERANCE[dtype])


def test_mean_squared_error_takes_targets_of_another_dtype():
    loss, d = mean_squared_error(np.ones((2, 1), np.float32), np.zeros((2, 1), int))
    assert loss == 1
    assert d.dtype == np.float32


def test_mean_squared_error_of_wrong_targets():
    with pytest.raises(ValueError, match=r"targets must have shape \(4, 3\), got \(4,\): one numb"):
        mean_squared_error(np.zeros((4, 3)), np.zeros(4))


@pytest.mark.parametrize("loss", [softmax_cross_entropy, mean_squared_error])
def test_sums_over_many_positions_hold_their_digits(loss, rng):
    """float32 outputs, a mean over 3e5 positions: the loss is that of float64."""
    outputs = rng.standard_normal((300_000, 2)).astype(np.float32)
    targets = rng.integers(2, size=300_000)
    if loss is mean_squared_error:
        targets = rng.standard_normal((300_000, 2)).astype(np.float32)
    assert loss(outputs, targets)[0] == pytest.approx(
        loss(outputs.astype(float), targets)[0], rel=1e-7
    )


# Positions that are not asked, and weights


def torch_loss(name: str, outputs: Any, targets: Any, weights: Any) -> tuple[float, Any]:
    """Return PyTorch's losses of each entry, averaged by hand over the entries asked."""
    leaf: Any = torch.tensor(outputs.astype(float), requires_grad=True)
    if name == "cross-entropy":
        flat = torch.tensor(targets.reshape(-1))
        entries = torch.nn.functional.cross_entropy(
            leaf.reshape(-1, leaf.shape[-1]), flat, ignore_index=-1, reduction="none"
        ).reshape(targets.shape)
        share = torch.tensor(weights * (targets != -1))
    else:
        function: Any = {
            "binary-cross-entropy": torch.nn.functional.binary_cross_entropy_with_logits,
            "mean-squared-error": torch.nn.functional.mse_loss,
        }[name]
        entries = function(leaf, torch.tensor(np.nan_to_num(targets)), reduction="none")
        share = torch.tensor(weights[..., None] * ~np.isnan(targets))
    total = (share * entries).sum() / share.sum()
    total.backward()
    return float(total.detach()), leaf.grad.numpy()


def draw(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Any, Any]:
    """Return outputs, and targets of which about a third is not asked."""
    outputs = 3 * rng.standard_normal(shape)
    targets: Any
    if name == "cross-entropy":
        targets = rng.integers(shape[-1], size=shape[:-1])
        targets[rng.random(shape[:-1]) < 0.3] = -1
        return outputs, targets
    targets = rng.standard_normal(shape)
    if name == "binary-cross-entropy":
        targets = (targets > 0).astype(float)
    targets[rng.random(shape) < 0.3] = np.nan
    return outputs, targets


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("weighted", ["not", "by sequence", "by position"])
@pytest.mark.parametrize("shape", [(6, 5, 4), (9, 3), (2, 3, 4, 5)])
@pytest.mark.parametrize("name", LOSSES)
def test_what_is_asked_and_its_weight(name, shape, weighted, dtype, rng):
    outputs, targets = draw(name, shape, rng)
    outputs = outputs.astype(dtype)
    given = None
    if weighted != "not":
        given = rng.random(shape[-2:-1] if weighted == "by sequence" else shape[:-1])
        given[..., 0] = 0
    weights = np.broadcast_to(1.0 if given is None else given, shape[:-1])
    loss, gradient = LOSSES[name](outputs, targets, given)
    expected, slope = torch_loss(name, outputs, targets, weights)
    assert loss == pytest.approx(expected, rel=TOLERANCE[dtype])
    assert gradient.dtype == dtype
    np.testing.assert_allclose(gradient, slope, rtol=0, atol=TOLERANCE[dtype])


def test_torchs_own_means_agree(rng):
    """ignore_index with its mean, and weights of classes as weights of positions."""
    logits, targets = draw("cross-entropy", (7, 4), rng)
    weights = np.array([0.5, 1.0, 2.0, 3.0])
    pair = torch.tensor(logits), torch.tensor(targets)
    expected = torch.nn.functional.cross_entropy(*pair, ignore_index=-1)
    assert softmax_cross_entropy(logits, targets)[0] == pytest.approx(float(expected), rel=1e-13)
    expected = torch.nn.functional.cross_entropy(
        *pair, ignore_index=-1, weight=torch.tensor(weights)
    )
    found, _ = softmax_cross_entropy(logits, targets, weights[targets])
    assert found == pytest.approx(float(expected), rel=1e-13)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_by_finite_differences(name, rng):
    outputs, targets = draw(name, (3, 4, 3), rng)
    weights = rng.random(4)
    _, gradient = LOSSES[name](outputs, targets, weights)
    for index in np.ndindex(outputs.shape):
        sides = []
        for shift in (1e-5, -1e-5):
            moved = outputs.copy()
            moved[index] += shift
            sides.append(LOSSES[name](moved, targets, weights)[0])
        assert gradient[index] == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_outputs_that_are_not_asked_may_be_anything(name, rng):
    outputs, targets = draw(name, (5, 3), rng)
    silent = targets == -1 if name == "cross-entropy" else np.isnan(targets)
    clean = LOSSES[name](outputs, targets)
    outputs[silent] = np.nan
    dirty = LOSSES[name](outputs, targets)
    assert dirty[0] == clean[0]
    np.testing.assert_array_equal(dirty[1], clean[1])
    assert not dirty[1][silent].any()


@pytest.mark.parametrize("name", LOSSES)
def test_weights_of_1_change_nothing(name, rng):
    outputs, targets = draw(name, (6, 2, 3), rng)
    plain, weighted = (LOSSES[name](outputs, targets, w) for w in (None, np.ones(2)))
    assert weighted[0] == pytest.approx(plain[0], rel=1e-14)
    np.testing.assert_allclose(weighted[1], plain[1], rtol=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_without_an_answer_is_refused(name, rng):
    outputs, targets = draw(name, (4, 3, 2), rng)
    nothing = np.full_like(targets, -1 if name == "cross-entropy" else np.nan)
    with pytest.raises(ValueError, match="targets must have at least one answer, .* all 12 pos"):
        LOSSES[name](outputs, nothing)
    with pytest.raises(ValueError, match="a weight of 0"):
        LOSSES[name](outputs, targets, np.zeros(3))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(
    ("weights", "match"),
    [
        (np.ones(4), r"weights must have shape \(4, 3\) or \(3,\), got \(4,\): one for every pos"),
        (np.array([1, -1.0, 1]), "weights must be finite and at least 0, got -1: 0 leaves"),
        (np.array([1, np.nan, 1]), "weights must be finite and at least 0, got nan"),
    ],
)
def test_weights_that_cannot_be(name, weights, match, rng):
    with pytest.raises(ValueError, match=match):
        LOSSES[name](*draw(name, (4, 3, 2), rng), weights)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1e4])
def test_binary_cross_entropy(scale, dtype, rng):
    logits = (scale * rng.standard_normal((5, 3, 4))).astype(dtype)
    targets = rng.random((5, 3, 4)).astype(dtype)
    targets[0] = 0
    targets[1] = 1
    loss, d = binary_cross_entropy(logits, targets)
    expected, slope = torch_loss(
        "binary-cross-entropy", logits, targets.astype(float), np.ones((5, 3))
    )
    assert loss == pytest.approx(expected, rel=TOLERANCE[dtype])
    np.testing.assert_allclose(d, slope, rtol=0, atol=TOLERANCE[dtype])


def test_binary_cross_entropy_at_the_extremes():
    loss, d = binary_cross_entropy(np.array([[1e4, -1e4]]), np.array([[1, 0]]))
    assert (loss, d.tolist()) == (0, [[0, 0]])
    loss, d = binary_cross_entropy(np.array([[1e4, -1e4]]), np.array([[0, 1]]))
    assert (loss, d.tolist()) == (1e4, [[0.5, -0.5]])
    assert math.isnan(binary_cross_entropy(np.array([[np.nan]]), np.array([[1.0]]))[0])
    for bad in (np.inf, -np.inf):
        assert not math.isfinite(binary_cross_entropy(np.array([[bad, bad]]), np.ones((1, 2)))[0])


def test_binary_cross_entropy_of_wrong_targets():
    with pytest.raises(ValueError, match=r"targets must be within 0 and 1, got 2: 1 where the la"):
        binary_cross_entropy(np.zeros((2, 2)), np.array([[0, 1], [2, 1]]))
    with pytest.raises(ValueError, match=r"targets must have shape \(2, 2\), got \(2,\)"):
        binary_cross_entropy(np.zeros((2, 2)), np.zeros(2))
