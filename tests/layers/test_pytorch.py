"""Outputs, final states and all gradients of RNN, LSTM and GRU equal PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import rnnlab

MODULES: dict[str, Any] = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
# float32 gradients are sums over T * B products: relative to the largest of them.
TOLERANCE = {"float64": 1e-10, "float32": 1e-4}
SHAPES = [(1, 1, 1, 1), (7, 5, 3, 13), (23, 33, 10, 64), (40, 20, 7, 100), (3, 17, 1, 31)]


def twin(layer: rnnlab.Recurrent) -> torch.nn.Module:
    """Return PyTorch's module with the layer's parameters."""
    dtype = getattr(torch, layer.dtype)
    module: torch.nn.Module = MODULES[layer.cell.name](
        layer.input_size, layer.hidden_size, dtype=dtype
    )
    own = layer.parameters
    units = layer.hidden_size
    with torch.no_grad():
        parameters = dict(module.named_parameters())
        parameters["weight_ih_l0"][:] = torch.from_numpy(own["weight_ih_l0"])
        parameters["weight_hh_l0"][:] = torch.from_numpy(own["weight_hh_l0"])
        parameters["bias_ih_l0"][:] = torch.from_numpy(own["bias_l0"])
        parameters["bias_hh_l0"][:] = 0
        if "bias_hn_l0" in own:
            parameters["bias_hh_l0"][2 * units :] = torch.from_numpy(own["bias_hn_l0"])
    return module


def close(got: np.ndarray, expected: torch.Tensor, dtype: str) -> None:
    truth = expected.detach().numpy()
    scale = max(1.0, float(np.abs(truth).max()))
    np.testing.assert_allclose(got, truth, rtol=0, atol=TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", sorted(MODULES))
def test_pytorch_agrees(name, shape, dtype, rng):
    steps, batch, inputs, units = shape
    layer = rnnlab.Recurrent(name, inputs, units, dtype=dtype, init="torch", seed=rng)
    module = twin(layer)
    x = rng.standard_normal((steps, batch, inputs)).astype(dtype)
    state = tuple(rng.standard_normal((1, batch, units)).astype(dtype) for _ in layer.cell.states)
    d_output = rng.standard_normal((steps, batch, units)).astype(dtype)
    d_state = tuple(rng.standard_normal(s.shape).astype(dtype) for s in state)

    tape = layer.forward(x, state)
    gradients = layer.backward(tape, d_output, d_state)

    x_ = torch.from_numpy(x.copy()).requires_grad_()
    state_ = [torch.from_numpy(s.copy()).requires_grad_() for s in state]
    y_, final_ = module(x_, state_[0] if len(state_) == 1 else tuple(state_))
    final_ = final_ if isinstance(final_, tuple) else (final_,)
    loss = (y_ * torch.from_numpy(d_output)).sum()
    for f, d in zip(final_, d_state, strict=True):
        loss = loss + (f * torch.from_numpy(d)).sum()
    loss.backward()

    close(tape.output, y_, dtype)
    for got, expected in zip(tape.state, final_, strict=True):
        close(got, expected, dtype)
    assert x_.grad is not None
    assert gradients.input is not None
    close(gradients.input, x_.grad, dtype)
    for got, expected in zip(gradients.state, state_, strict=True):
        assert expected.grad is not None
        close(got, expected.grad, dtype)
    truth = {key: p.grad for key, p in module.named_parameters() if p.grad is not None}
    own = gradients.parameters
    close(own["weight_ih_l0"], truth["weight_ih_l0"], dtype)
    close(own["weight_hh_l0"], truth["weight_hh_l0"], dtype)
    close(own["bias_l0"], truth["bias_ih_l0"], dtype)
    if "bias_hn_l0" in own:
        close(own["bias_hn_l0"], truth["bias_hh_l0"][2 * units :], dtype)
