"""Evaluation on other array libraries agrees with the engine, and with a loop by hand."""

from __future__ import annotations

import importlib
from typing import Any

import jax.numpy
import numpy as np
import pytest
import torch

from rnnlab import cell, linear, vector, where
from rnnlab.cells import CellDefinition, rnn
from rnnlab.cells.noise import regularised
from rnnlab.interop import Evaluator, Library, libraries
from rnnlab.layers import Recurrent
from tests.layers.own_cells import EVERY

T, B, I, H = 7, 3, 4, 5  # noqa: E741


@cell
def plain_states(x, h, v, n):
    """States whose new values are a product, a vector and a number."""
    return linear("g", x, h) + linear("v", v), vector("u"), v * 0 + n * 0 + 0.25


CELLS = [*EVERY.values(), plain_states]
by_name = pytest.mark.parametrize("definition", CELLS, ids=lambda definition: definition.name)


def drawn(definition: CellDefinition, rng: Any, dtype: str = "float64") -> tuple[Recurrent, Any]:
    """Return a layer whose every parameter is drawn, and an input."""
    layer = Recurrent(definition, I, H, dtype=dtype, init="torch", seed=rng)
    for array in layer.parameters.values():
        array[:] = rng.standard_normal(array.shape) / 2
    return layer, rng.standard_normal((T, B, I)).astype(dtype)


def initial(definition: CellDefinition, rng: Any, dtype: str = "float64") -> dict[str, Any]:
    states = {name: rng.standard_normal((B, H)).astype(dtype) for name in definition.states}
    return states | {name: 0.5 + np.abs(states[name]) for name in definition.positive}


def without_suffix(layer: Recurrent) -> dict[str, Any]:
    return {name.removesuffix("_l0"): array for name, array in layer.parameters.items()}


@by_name
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_numpy_agrees_with_the_engine(definition, dtype, rng):
    layer, x = drawn(definition, rng, dtype)
    states = initial(definition, rng, dtype)
    found = Evaluator(definition, "numpy").run(without_suffix(layer), x, list(states.values()))
    y, final = layer(x, layer.state_type(**{name: s[None] for name, s in states.items()}))
    limit = 1e-12 if dtype == "float64" else 2e-5
    limit *= max(1.0, float(np.abs(y).max()))  # rectified cells may grow
    np.testing.assert_allclose(found[0], y, rtol=0, atol=limit)
    for name, trajectory in zip(definition.states, found, strict=True):
        assert trajectory.dtype == dtype
        assert trajectory.shape == (T, B, H)
        np.testing.assert_allclose(trajectory[-1], getattr(final, name)[0], rtol=0, atol=limit)


@by_name
def test_gradients_of_pytorch_agree_with_the_engines(definition, rng):
    layer, x = drawn(definition, rng)
    states = initial(definition, rng)
    leaves = {
        name: torch.tensor(a, requires_grad=True) for name, a in without_suffix(layer).items()
    }
    inputs = torch.tensor(x, requires_grad=True)
    start = [torch.tensor(state, requires_grad=True) for state in states.values()]
    d_output = rng.standard_normal((T, B, H))
    output = Evaluator(definition, "torch").run(leaves, inputs, start)[0]
    output.backward(torch.tensor(d_output))
    tape = layer.forward(x, layer.state_type(**{name: s[None] for name, s in states.items()}))
    own = layer.backward(tape, d_output)
    assert own.input is not None
    pairs = [(inputs.grad, own.input)]
    pairs += [(leaf.grad, own.parameters[f"{name}_l0"]) for name, leaf in leaves.items()]
    pairs += [(s.grad, d[0]) for s, d in zip(start, own.state, strict=True)]
    for theirs, ours in pairs:
        limit = 1e-12 * max(1.0, float(np.abs(ours).max()))
        expected = np.zeros_like(ours) if theirs is None else theirs.numpy()
        np.testing.assert_allclose(expected, ours, rtol=0, atol=limit)


@by_name
def test_jax_agrees_with_the_engine(definition, rng):
    layer, x = drawn(definition, rng, "float32")
    states = initial(definition, rng, "float32")
    leaves = {name: jax.numpy.asarray(array) for name, array in without_suffix(layer).items()}
    start = [jax.numpy.asarray(state) for state in states.values()]
    found = Evaluator(definition, "jax").run(leaves, jax.numpy.asarray(x), start)
    y, _ = layer(x, layer.state_type(**{name: s[None] for name, s in states.items()}))
    limit = 2e-5 * max(1.0, float(np.abs(y).max()))
    np.testing.assert_allclose(np.asarray(found[0]), y, rtol=0, atol=limit)


def test_arrays_from_outside_are_taken_at_each_step(rng):
    """Dropout on h, by hand: h_t = tanh(W x_t + U (m * h_{t-1}) + b)."""
    layer, x = drawn(rnn, rng)
    noisy, _ = regularised(rnn, hidden=0.5)
    mask = rng.integers(0, 2, (T, B, H)) * 2.0
    p = without_suffix(layer)
    (found,) = Evaluator(noisy, "numpy").run(p, x, [np.ones((B, H))], [mask])
    h = np.ones((B, H))
    for t in range(T):
        h = np.tanh(x[t] @ p["weight_ih"].T + (mask[t] * h) @ p["weight_hh"].T + p["bias"])
        np.testing.assert_allclose(found[t], h, rtol=0, atol=1e-14)


def test_a_library_of_ones_own(rng):
    """Its functions replace the meaning of an operation."""
    layer, x = drawn(rnn, rng)
    counted = []

    def counting_tanh(value: Any) -> Any:
        counted.append(value.shape)
        return np.tanh(value)

    library = Library("counting", np, {"tanh": counting_tanh})
    (found,) = Evaluator(rnn, library).run(without_suffix(layer), x, [np.zeros((B, H))])
    np.testing.assert_allclose(found, layer(x)[0], rtol=0, atol=1e-14)
    assert counted == [(B, H)] * T


def test_numbers_among_functions_keep_the_dtype():
    """PyTorch makes a tensor of numbers float32, which has not the digits of .1."""

    @cell
    def chosen(x, h):
        return where(linear("g", x, h) > 0, 0.1, 0.3)

    zero = torch.zeros((1, 1), dtype=torch.float64)
    parameters = {
        name: torch.ones((1, 1), dtype=torch.float64) for name in ("weight_ih", "weight_hh")
    }
    parameters["bias"] = torch.ones(1, dtype=torch.float64)
    (found,) = Evaluator(chosen, "torch").run(parameters, zero[None], [zero])
    assert found.item() == 0.1


def test_an_unknown_or_missing_library(monkeypatch):
    with pytest.raises(
        ValueError, match="array library must be one of jax, numpy, torch, got 'nump'"
    ):
        Evaluator(rnn, "nump")
    real = importlib.import_module

    def absent(name: str, package: str | None = None) -> Any:
        if name == "jax.nn":
            raise ModuleNotFoundError("No module named 'jax'")
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", absent)
    monkeypatch.setattr(libraries, "_loaded", {})
    with pytest.raises(ModuleNotFoundError, match="jax must be installed .*: pip install jax"):
        Evaluator(rnn, "jax")
