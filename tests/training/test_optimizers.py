"""Optimisers and clipping against PyTorch's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from rnnlab.registry import optimizers
from rnnlab.training import (
    SGD,
    Adam,
    RMSProp,
    clip_by_global_norm,
    clip_by_value,
    global_norm,
    make_optimizer,
)

SHAPES = {"w": (4, 3), "b": (5,), "one": (1,)}


def draw(rng, scale=1.0, dtype="float64"):
    return {name: (scale * rng.standard_normal(s)).astype(dtype) for name, s in SHAPES.items()}


CASES = [
    ("sgd", {}, torch.optim.SGD, {}),
    ("sgd", {"momentum": 0.9}, torch.optim.SGD, {"momentum": 0.9}),
    ("rmsprop", {}, torch.optim.RMSprop, {"alpha": 0.9, "eps": 1e-8}),
    (
        "rmsprop",
        {"decay": 0.99, "epsilon": 1e-4},
        torch.optim.RMSprop,
        {"alpha": 0.99, "eps": 1e-4},
    ),
    ("adam", {}, torch.optim.Adam, {}),
    (
        "adam",
        {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3},
        torch.optim.Adam,
        {"betas": (0.5, 0.9), "eps": 1e-3},
    ),
]


@pytest.mark.parametrize(("name", "options", "kind", "theirs"), CASES)
def test_many_steps_against_pytorch(name, options, kind, theirs, rng):
    parameters = draw(rng)
    tensors = {n: torch.tensor(a, requires_grad=True) for n, a in parameters.items()}
    optimizer = make_optimizer(name, parameters, 0.01, **options)
    expected = kind(tensors.values(), lr=0.01, **theirs)
    live = dict(parameters)
    for step in range(200):
        gradients = draw(rng, scale=10.0 ** rng.integers(-4, 3))
        if step % 7 == 0:
            gradients["b"][:] = 0
        kept = {n: g.copy() for n, g in gradients.items()}
        for n, tensor in tensors.items():
            tensor.grad = torch.tensor(gradients[n])
        optimizer.step(gradients)
        expected.step()
        for n in SHAPES:
            np.testing.assert_array_equal(gradients[n], kept[n])  # the caller's
            np.testing.assert_allclose(
                parameters[n], tensors[n].detach().numpy(), rtol=1e-12, atol=1e-12
            )
    assert all(parameters[n] is live[n] for n in SHAPES)  # in place


def test_first_steps_by_hand():
    """Adam's first step is lr * sign(g); RMSProp's is lr / sqrt(1 - decay) * sign(g)."""
    w = {"w": np.array([1.0, 1.0])}
    Adam(w, 0.1, epsilon=0.0).step({"w": np.array([3.0, -1e-3])})
    np.testing.assert_allclose(w["w"], [0.9, 1.1], rtol=1e-12)
    w = {"w": np.array([1.0, 1.0])}
    RMSProp(w, 0.1, decay=0.75, epsilon=0.0).step({"w": np.array([3.0, -1e-3])})
    np.testing.assert_allclose(w["w"], [0.8, 1.2], rtol=1e-12)
    w = {"w": np.array([1.0])}
    momentum = SGD(w, 0.1, momentum=0.5)
    for _ in range(3):  # velocities 1, 1.5, 1.75
        momentum.step({"w": np.array([1.0])})
    np.testing.assert_allclose(w["w"], [1 - 0.425], rtol=1e-14)


@pytest.mark.parametrize("name", list(optimizers))
def test_float32_stays_float32(name, rng):
    parameters = draw(rng, dtype="float32")
    before = {n: a.copy() for n, a in parameters.items()}
    make_optimizer(name, parameters, 0.1).step(draw(rng, dtype="float32"))
    for n, array in parameters.items():
        assert array.dtype == np.float32
        assert (array != before[n]).all()


@pytest.mark.parametrize("name", list(optimizers))
def test_minimises_a_quadratic(name):
    parameters = {"w": np.array([5.0, -3.0])}
    optimizer = make_optimizer(name, parameters, 0.05)
    for _ in range(1000):
        optimizer.step({"w": parameters["w"] * [1.0, 4.0]})
    # RMSProp with a fixed rate ends within a step of the minimum
    assert np.abs(parameters["w"]).max() < 0.06


def test_unknown_names_propose_the_nearest():
    with pytest.raises(
        ValueError, match=r"optimizer must be one of .*got 'adma': did you mean 'ad"
    ):
        make_optimizer("adma", {}, 0.1)


@pytest.mark.parametrize("rate", [0, 0.0, -0.1, math.nan, math.inf])
@pytest.mark.parametrize("name", list(optimizers))
def test_rates_that_cannot_be(name, rate):
    with pytest.raises(ValueError, match="learning_rate must be"):
        make_optimizer(name, {}, rate)


@pytest.mark.parametrize("rate", ["0.1", None, True, [0.1]])
def test_rates_that_are_no_numbers(rate):
    with pytest.raises(TypeError, match="learning_rate must be a number, got"):
        make_optimizer("adam", {}, rate)


@pytest.mark.parametrize(
    ("name", "options", "match"),
    [
        ("sgd", {"momentum": 1.0}, "momentum must be at least 0 and below 1, got 1"),
        ("sgd", {"momentum": -0.1}, "momentum must be at least 0"),
        ("rmsprop", {"decay": 1.5}, "decay must be at least 0 and below 1, got 1.5"),
        ("rmsprop", {"epsilon": -1e-8}, "epsilon must be at least 0"),
        ("adam", {"beta1": 1}, "beta1 must be"),
        ("adam", {"beta2": math.nan}, "beta2 must be"),
    ],
)
def test_options_out_of_range(name, options, match):
    with pytest.raises(ValueError, match=match):
        make_optimizer(name, {}, 0.1, **options)


@pytest.mark.parametrize("name", list(optimizers))
def test_a_gradient_that_is_missing_changes_nothing(name, rng):
    parameters = draw(rng)
    before = {n: a.copy() for n, a in parameters.items()}
    optimizer = make_optimizer(name, parameters, 0.1)
    with pytest.raises(ValueError, match="gradients must hold every parameter, but b is missing"):
        optimizer.step({"w": np.ones((4, 3)), "one": np.ones(1)})
    for n, array in before.items():
        np.testing.assert_array_equal(parameters[n], array)


class TestClipping:
    @pytest.mark.parametrize("maximum", [1e-3, 1.0, 5.0, 1e6])
    def test_by_global_norm(self, maximum, rng):
        gradients = draw(rng)
        before = {n: g.copy() for n, g in gradients.items()}
        leaves: list[Any] = [
            torch.zeros(s, dtype=torch.float64, requires_grad=True) for s in SHAPES.values()
        ]
        for leaf, gradient in zip(leaves, gradients.values(), strict=True):
            leaf.grad = torch.tensor(gradient)
        expected = torch.nn.utils.clip_grad_norm_(leaves, maximum)
        norm = clip_by_global_norm(gradients, maximum)
        assert norm == pytest.approx(float(expected), rel=1e-14)
        assert global_norm(gradients) == pytest.approx(min(norm, maximum), rel=1e-14)
        for n, leaf in zip(SHAPES, leaves, strict=True):
            # PyTorch divides by norm + 1e-6
            np.testing.assert_allclose(gradients[n], leaf.grad.numpy(), rtol=1e-6 / norm * 1.01)
            if norm <= maximum:
                np.testing.assert_array_equal(gradients[n], before[n])

    @pytest.mark.parametrize("maximum", [1e-3, 0.5, 1e6])
    def test_by_value(self, maximum, rng):
        gradients = draw(rng)
        leaves: list[Any] = [
            torch.zeros(s, dtype=torch.float64, requires_grad=True) for s in SHAPES.values()
        ]
        for leaf, gradient in zip(leaves, gradients.values(), strict=True):
            leaf.grad = torch.tensor(gradient)
        torch.nn.utils.clip_grad_value_(leaves, maximum)
        expected = global_norm(gradients)
        assert clip_by_value(gradients, maximum) == expected
        for n, leaf in zip(SHAPES, leaves, strict=True):
            np.testing.assert_array_equal(gradients[n], leaf.grad.numpy())

    @pytest.mark.parametrize("clip", [clip_by_global_norm, clip_by_value])
    def test_in_place_and_in_its_dtype(self, clip):
        array = np.full(100, 3, np.float32)
        norm = clip({"w": array}, 1.0)
        assert norm == pytest.approx(30, rel=1e-15)
        assert array.dtype == np.float32
        assert array.max() <= 1

    @pytest.mark.parametrize("clip", [clip_by_global_norm, clip_by_value])
    def test_zero_gradients_stay(self, clip):
        gradients = {"w": np.zeros(3)}
        assert clip(gradients, 1.0) == 0
        assert not gradients["w"].any()

    @pytest.mark.parametrize("clip", [clip_by_global_norm, clip_by_value])
    def test_nan_is_not_hidden(self, clip):
        gradients = {"w": np.array([np.nan, 2.0])}
        assert math.isnan(clip(gradients, 1.0))
        assert np.isnan(gradients["w"][0])

    def test_an_infinite_norm_is_told(self):
        gradients = {"w": np.array([np.inf, 2.0])}
        assert clip_by_global_norm(gradients, 1.0) == math.inf
        assert np.isinf(gradients["w"][0])

    @pytest.mark.parametrize("clip", [clip_by_global_norm, clip_by_value])
    @pytest.mark.parametrize("bound", [0, -1, math.nan, math.inf])
    def test_bounds_that_cannot_be(self, clip, bound):
        gradients = {"w": np.ones(3)}
        with pytest.raises(ValueError, match=r"bound must be .*more than 0, got .*: try 1"):
            clip(gradients, bound)
        np.testing.assert_array_equal(gradients["w"], np.ones(3))

    def test_norms_of_float32_are_summed_in_float64(self, rng):
        array = rng.standard_normal(1_000_000).astype(np.float32)
        expected = math.sqrt(math.fsum(float(a) ** 2 for a in array))
        assert global_norm({"w": array}) == pytest.approx(expected, rel=1e-12)
        assert global_norm({"w": np.full(4, 1e30, np.float32)}) == pytest.approx(2e30, rel=1e-6)


class TestWhatIsGiven:
    @pytest.mark.parametrize(
        ("parameters", "match"),
        [
            ([np.ones(2)], "must be a mapping of names to arrays, got list: pass model.parameters"),
            (None, "must be a mapping of names to arrays, got NoneType"),
            ({"w": [1.0]}, "parameter w must be a writable NumPy array of floats, got list"),
            ({"w": np.ones(2, int)}, "parameter w must be a writable .*, got ndarray of int64"),
            ({"w": np.ma.ones(2)}, "parameter w must be a writable .*, got MaskedArray"),
            ({"w": np.broadcast_to(1.0, 2)}, "parameter w .*got ndarray of float64, read-only"),
        ],
    )
    @pytest.mark.parametrize("name", list(optimizers))
    def test_parameters(self, name, parameters, match):
        with pytest.raises(TypeError, match=match):
            make_optimizer(name, parameters, 0.1)

    @pytest.mark.parametrize("name", list(optimizers))
    @pytest.mark.parametrize(
        ("gradient", "match"),
        [
            (np.ones(1), r"the gradient of w must have shape \(2, 3\), got \(1,\)"),
            (np.ones(3), r"got \(3,\)"),  # once, broadcast over the rows
            (np.ones((1, 2, 3)), r"got \(1, 2, 3\)"),
            (np.ones((2, 3), complex), "the gradient of w must be of numbers, got dtype complex"),
            (np.full((2, 3), None), "got dtype object"),
            (None, "the gradient of w must be an array, got NoneType"),
            (1.0, "the gradient of w must be an array, got float"),
        ],
    )
    def test_gradients(self, name, gradient, match):
        parameters = {"v": np.ones(2), "w": np.ones((2, 3))}
        optimizer = make_optimizer(name, parameters, 0.1)
        with pytest.raises((TypeError, ValueError), match=match):
            optimizer.step({"v": np.ones(2), "w": gradient})
        for array in parameters.values():  # all of them, or none
            assert (array == 1).all()
        assert optimizer.state()["steps"] == 0

    def test_gradients_that_are_no_mapping(self):
        with pytest.raises(
            TypeError, match="gradients must be a mapping .*got tuple: pass the seco"
        ):
            make_optimizer("sgd", {"w": np.ones(2)}, 0.1).step((0.5, {"w": np.ones(2)}))  # type: ignore[arg-type]

    def test_a_state_of_another_shape(self):
        optimizer = make_optimizer("adam", {"w": np.ones(2)}, 0.1)
        state = optimizer.state()
        with pytest.raises(ValueError, match=r"mean\.w must have shape \(2,\), got \(1,\)"):
            optimizer.restore({**state, "mean.w": np.ones(1)})

    @pytest.mark.parametrize("bound", ["1", None, True, [1.0]])
    def test_bounds_that_are_no_numbers(self, bound):
        for clip in (clip_by_global_norm, clip_by_value):
            with pytest.raises(TypeError, match="clipping bound must be a number, got"):
                clip({"w": np.ones(2)}, bound)


def test_weight_decay_is_that_of_adamw(rng):
    start = rng.standard_normal((4, 3))
    weight, bias = start.copy(), start[0].copy()
    ours = make_optimizer("adam", {"w": weight, "b": bias}, 0.05, weight_decay=0.3)
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
