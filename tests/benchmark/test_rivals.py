"""The rivals do the same work: equal outputs and gradients, from the same equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnnlab.benchmark.cases import Case, Shape, read_shape
from rnnlab.benchmark.rivals import Rnnlab, Torch, TorchLoop
from rnnlab.cells import cell
from rnnlab.equations import (
    exp,
    hard_sigmoid,
    identity,
    linear,
    log,
    maximum,
    minimum,
    relu,
    scalar,
    sigmoid,
    softsign,
    sqrt,
    tanh,
    vector,
    where,
)
from rnnlab.layers import Recurrent
from rnnlab.registry import cells

SHAPE = Shape(7, 3, 4, 5)


@cell
def two_products(x, h):
    r = sigmoid(linear("r", x, h))
    return tanh(linear("n", x, r * h, bias=None)) + 0.5 * h


@cell
def every_function(x, h):
    a = linear("a", x, h)
    size = 1 + abs(a)
    b = maximum(log(size), 0.5) * softsign(a) - minimum(sqrt(size), h) + relu(a) * scalar("s")
    c = where(a > h, exp(-size), tanh(a)) ** 2 + size ** sigmoid(a) / 9
    return b / 9 + c * vector("v") + identity(hard_sigmoid(a))


@pytest.mark.parametrize(
    "definition",
    [*(cells[name] for name in cells), two_products, every_function],
    ids=lambda definition: definition.name,
)
def test_the_loop_in_pytorch_computes_the_cell(definition, rng):
    layer = Recurrent(definition, 4, 5, dtype="float64", init="torch", seed=rng)
    for array in layer.parameters.values():
        array[:] = rng.standard_normal(array.shape) / 2
    x, d_output = rng.standard_normal((7, 3, 4)), rng.standard_normal((7, 3, 5))
    infer = TorchLoop().prepare(Case(definition, SHAPE, "float64", "inference"), layer, x, d_output)
    np.testing.assert_allclose(infer().numpy(), layer(x)[0], rtol=0, atol=1e-12)
    train = TorchLoop().prepare(Case(definition, SHAPE, "float64", "training"), layer, x, d_output)
    own = layer.backward(layer.forward(x), d_output)
    assert own.input is not None
    limit = 1e-12 * max(1.0, np.abs(own.input).max())  # rectified cells may grow
    if definition is every_function or definition.name in ("sgu", "dsgu"):
        limit = 1e-6  # PyTorch's hardsigmoid has the slope 1/6 in float32
    np.testing.assert_allclose(train().numpy(), own.input, rtol=0, atol=limit)
    np.testing.assert_allclose(train().numpy(), own.input, rtol=0, atol=limit)  # and again


def test_who_takes_which_cell():
    fused = Case(cells["gru"], SHAPE, "float32", "training")
    other = Case(cells["peephole-lstm"], SHAPE, "float32", "training")
    assert [rival.accepts(fused) for rival in (Rnnlab(), Torch(), TorchLoop())] == [
        True,
        True,
        False,
    ]
    assert [rival.accepts(other) for rival in (Rnnlab(), Torch(), TorchLoop())] == [
        True,
        False,
        True,
    ]


def test_the_fused_rival_has_the_sizes_of_the_case(rng):
    case = Case(cells["lstm"], SHAPE, "float32", "training")
    layer = Recurrent("lstm", 4, 5)
    x = rng.standard_normal((7, 3, 4)).astype(np.float32)
    run = Torch().prepare(case, layer, x, np.ones((7, 3, 5), np.float32))
    assert isinstance(run(), torch.Tensor)
    assert run().shape == x.shape


def test_flops_count_the_products():
    case = Case(cells["lstm"], Shape(10, 2, 3, 5), "float32", "inference")
    assert case.flops == 2 * 10 * 2 * 4 * 5 * (3 + 5)
    assert Case(cells["lstm"], Shape(10, 2, 3, 5), "float32", "training").flops == 3 * case.flops


@pytest.mark.parametrize("text", ["1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,0,4", ""])
def test_bad_shapes(text):
    with pytest.raises(ValueError, match="four whole numbers of at least 1, T,B,I,H, got"):
        read_shape(text)
