"""Implementations that are compared: rnnlab and the installed libraries.

PyTorch has RNN, LSTM and GRU built in. For every other cell the rivals are what one would write by
hand: a time loop in PyTorch and a compiled `lax.scan` in JAX, made of the cell's equations; the
product on x is taken out of both loops.
"""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from rnnlab.benchmark.cases import Case
from rnnlab.engine import get_num_threads
from rnnlab.interop import Evaluator
from rnnlab.layers import Recurrent

Run = Callable[[], Any]


class Rival(ABC):
    """One implementation.

    Attributes
    ----------
    name : str
        Name in tables.
    sets_threads : bool
        Whether it takes its number of threads from the environment.
    """

    name: str
    sets_threads = True

    @abstractmethod
    def accepts(self, case: Case) -> bool:
        """Return whether this implementation has the cell."""

    @abstractmethod
    def prepare(self, case: Case, layer: Recurrent, x: Any, d_output: Any) -> Run:
        """Return a function without arguments that does the work of `case` once."""


class Rnnlab(Rival):
    """The engine, called as users call it, with all its checks."""

    name = "rnnlab"

    def accepts(self, case: Case) -> bool:
        """Accept every cell."""
        return True

    def prepare(self, case: Case, layer: Recurrent, x: Any, d_output: Any) -> Run:
        """Return the layer's own calls."""
        if case.work == "inference":
            return lambda: layer(x)
        return lambda: layer.backward(layer.forward(x), d_output)


class Torch(Rival):
    """PyTorch's fused RNN, LSTM and GRU."""

    name = "torch"

    def accepts(self, case: Case) -> bool:
        """Accept the cells that PyTorch has built in."""
        return case.cell.name in ("rnn", "lstm", "gru")

    def prepare(self, case: Case, layer: Recurrent, x: Any, d_output: Any) -> Run:
        """Return a step of the module of the layer's sizes."""
        import torch

        modules = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
        dtype = getattr(torch, case.dtype)
        module = modules[case.cell.name](case.shape.inputs, case.shape.hidden, dtype=dtype)
        inputs, cotangent = torch.from_numpy(x.copy()), torch.from_numpy(d_output)

        def infer() -> Any:
            with torch.no_grad():
                return module(inputs)

        def train() -> Any:
            inputs.grad = None
            module.zero_grad(set_to_none=True)
            y, _ = module(inputs)
            y.backward(cotangent)
            return inputs.grad

        if case.work == "inference":
            return infer
        inputs.requires_grad_()
        return train


class TorchLoop(Torch):
    """A time loop in eager PyTorch, made of the cell's equations."""

    name = "torch-loop"

    def accepts(self, case: Case) -> bool:
        """Accept the cells that PyTorch does not have built in."""
        return not super().accepts(case)

    def prepare(self, case: Case, layer: Recurrent, x: Any, d_output: Any) -> Run:
        """Return a step of the loop."""
        import torch

        parameters = {
            name.removesuffix("_l0"): torch.from_numpy(array.copy()).requires_grad_()
            for name, array in layer.parameters.items()
        }
        inputs, cotangent = torch.from_numpy(x.copy()), torch.from_numpy(d_output)
        evaluator = Evaluator(case.cell, "torch")
        zero = torch.zeros(case.shape.batch, case.shape.hidden, dtype=inputs.dtype)
        start = [zero] * len(case.cell.states)

        def infer() -> Any:
            with torch.no_grad():
                return evaluator.run(parameters, inputs, start)[0]

        def train() -> Any:
            for leaf in (inputs, *parameters.values()):
                leaf.grad = None
            evaluator.run(parameters, inputs, start)[0].backward(cotangent)
            return inputs.grad

        if case.work == "inference":
            return infer
        inputs.requires_grad_()
        return train


class JaxScan(Rival):
    """A compiled `lax.scan` in JAX, made of the cell's equations; it uses all cores."""

    name = "jax-scan"
    sets_threads = False

    def accepts(self, case: Case) -> bool:
        """Accept every cell, in float32: float64 is a switch for the whole process."""
        return case.dtype == "float32"

    def prepare(self, case: Case, layer: Recurrent, x: Any, d_output: Any) -> Run:
        """Return a call of the compiled function."""
        import jax
        from jax import numpy as jnp

        parameters = {
            name.removesuffix("_l0"): jnp.asarray(array) for name, array in layer.parameters.items()
        }
        evaluator = Evaluator(case.cell, "jax")
        inputs, cotangent = jnp.asarray(x), jnp.asarray(d_output)
        zero = jnp.zeros((case.shape.batch, case.shape.hidden), inputs.dtype)

        def run(parameters: Any, inputs: Any) -> Any:
            blocks = evaluator.cut(parameters)

            def body(states: Any, projected: Any) -> Any:
                states = evaluator.step(blocks, projected, states)
                return states, states[0]

            start = (zero,) * len(case.cell.states)
            return jax.lax.scan(body, start, evaluator.project(inputs, parameters))[1]

        def loss(parameters: Any, inputs: Any) -> Any:
            return (run(parameters, inputs) * cotangent).sum()

        function = jax.jit(run if case.work == "inference" else jax.grad(loss, argnums=(0, 1)))
        return lambda: jax.block_until_ready(function(parameters, inputs))


def installed_rivals() -> list[Rival]:
    """Return rnnlab and the installed libraries."""
    rivals: list[Rival] = [Rnnlab()]
    if importlib.util.find_spec("torch"):
        rivals += [Torch(), TorchLoop()]
    if importlib.util.find_spec("jax"):
        rivals.append(JaxScan())
    return rivals


class Limit:
    """The rate of the machine: NumPy's product of two large square matrices.

    Parameters
    ----------
    dtype : str
    size : int
        Rows and columns.
    """

    def __init__(self, dtype: str, size: int = 1024) -> None:
        rng = np.random.default_rng(0)
        self.flops = 2.0 * size**3
        self._a = rng.standard_normal((size, size)).astype(dtype)
        self._b = rng.standard_normal((size, size)).astype(dtype)
        self._out = np.empty_like(self._a)

    def __call__(self) -> None:
        """Multiply once."""
        np.matmul(self._a, self._b, out=self._out)


def threads_to_try() -> list[int]:
    """Return the numbers of threads that are compared: one, and all."""
    return sorted({1, get_num_threads()})
