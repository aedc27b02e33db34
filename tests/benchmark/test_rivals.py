"""The rivals do the same work: equal outputs and gradients, from the same equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnnlab.benchmark.cases import Case, Shape, read_shape
from rnnlab.benchmark.rivals import Rnnlab, Torch, TorchLoop
from rnnlab.layers import Recurrent
from rnnlab.registry import cells

SHAPE = Shape(7, 3, 4, 5)


# The equations of every cell are covered by tests/interop.
@pytest.mark.parametrize("name", ["lstm", "gru-reset-before", "slstm"])
def test_the_loop_in_pytorch_computes_the_cell(name, rng):
    definition = cells[name]
    layer = Recurrent(definition, 4, 5, dtype="float64", init="torch", seed=rng)
    for array in layer.parameters.values():
        array[:] = rng.standard_normal(array.shape) / 2
    x, d_output = rng.standard_normal((7, 3, 4)), rng.standard_normal((7, 3, 5))
    infer = TorchLoop().prepare(Case(definition, SHAPE, "float64", "inference"), layer, x, d_output)
    np.testing.assert_allclose(infer().numpy(), layer(x)[0], rtol=0, atol=1e-12)
    train = TorchLoop().prepare(Case(definition, SHAPE, "float64", "training"), layer, x, d_output)
    own = layer.backward(layer.forward(x), d_output)
    assert own.input is not None
    for _ in range(2):  # and again
        np.testing.assert_allclose(train().numpy(), own.input, rtol=0, atol=1e-12)


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
