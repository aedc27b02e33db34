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
# T, B, I, H, layers, D: odd sizes and ones, drawn once.
STACKS = [
    (1, 1, 1, 1, 2, 2),
    (5, 3, 2, 7, 1, 2),
    (9, 1, 5, 3, 2, 1),
    (11, 33, 3, 9, 3, 2),
    (2, 7, 1, 15, 4, 1),
    (1, 5, 7, 1, 3, 2),
    (13, 2, 9, 33, 2, 2),
]


def twin(layer: rnnlab.Recurrent) -> torch.nn.Module:
    """Return PyTorch's module with the layer's parameters; its dropout is off."""
    dtype = getattr(torch, layer.dtype)
    module: torch.nn.Module = MODULES[layer.cell.name](
        layer.input_size,
        layer.hidden_size,
        num_layers=layer.num_layers,
        bidirectional=layer.bidirectional,
        dropout=0.5 if layer.num_layers > 1 else 0.0,
        dtype=dtype,
    )
    module.eval()
    own = layer.parameters
    units = layer.hidden_size
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.startswith("weight"):
                parameter[:] = torch.from_numpy(own[name])
            elif name.startswith("bias_ih"):
                parameter[:] = torch.from_numpy(own[name.replace("bias_ih", "bias")])
            else:
                parameter[:] = 0
                inner = own.get(name.replace("bias_hh", "bias_hn"))
                if inner is not None:
                    parameter[2 * units :] = torch.from_numpy(inner)
    return module


def close(got: np.ndarray, expected: torch.Tensor, dtype: str) -> None:
    truth = expected.detach().numpy()
    scale = max(1.0, float(np.abs(truth).max()))
    np.testing.assert_allclose(got, truth, rtol=0, atol=TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", [*((*shape, 1, 1) for shape in SHAPES), *STACKS], ids=str)
@pytest.mark.parametrize("name", sorted(MODULES))
def test_pytorch_agrees(name, shape, dtype, rng):
    steps, batch, inputs, units, num_layers, directions = shape
    layer = rnnlab.Recurrent(
        name,
        inputs,
        units,
        num_layers=num_layers,
        bidirectional=directions == 2,
        dtype=dtype,
        init="torch",
        seed=rng,
    )
    module = twin(layer)
    x = rng.standard_normal((steps, batch, inputs)).astype(dtype)
    rows = (num_layers * directions, batch, units)
    state = tuple(rng.standard_normal(rows).astype(dtype) for _ in layer.cell.states)
    d_output = rng.standard_normal((steps, batch, directions * units)).astype(dtype)
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
    for key, array in gradients.parameters.items():
        if key.startswith("weight"):
            close(array, truth[key], dtype)
        elif key.startswith("bias_hn"):
            close(array, truth[key.replace("bias_hn", "bias_hh")][2 * units :], dtype)
        else:
            close(array, truth[key.replace("bias", "bias_ih")], dtype)
