"""Implementations of a cell: rnnlab and the libraries that are installed, each as a function.

PyTorch has RNN, LSTM and GRU built in. For every other cell the rivals are what one would write by
hand: a time loop in PyTorch and a compiled `lax.scan` in JAX, made here from the cell's equations;
the product on x is taken out of both loops, as a careful author would.
"""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rnnlab.benchmark.cases import Case
from rnnlab.engine import get_num_threads
from rnnlab.equations.expression import Expression, reachable
from rnnlab.layers import Recurrent

Run = Callable[[], Any]


class Rival(ABC):
    """One implementation.

    Attributes
    ----------
    name : str
        As tables print it.
    sets_threads : bool
        Whether it takes its number of threads from the environment.
    """

    name: str
    sets_threads = True

    @abstractmethod
    def accepts(self, case: Case) -> bool:
        """Tell whether this implementation has the cell."""

    @abstractmethod
    def prepare(self, case: Case, layer: Recurrent, x: Any, d_output: Any) -> Run:
        """Return a function of no arguments that does the work of `case` once."""


class Rnnlab(Rival):
    """The engine, called as users call it, with all its checks."""

    name = "rnnlab"

    def accepts(self, case: Case) -> bool:
        """Take every cell."""
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
        """Take what PyTorch has built in."""
        return case.cell.name in ("rnn", "lstm", "gru")

    def prepare(self, case: Case, layer: Recurrent, x: Any, d_output: Any) -> Run:
        """Return a step of the module with the layer's sizes."""
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
    """A time loop in eager PyTorch, from the cell's equations."""

    name = "torch-loop"

    def accepts(self, case: Case) -> bool:
        """Take the cells that PyTorch has not built in."""
        return not super().accepts(case)

    def prepare(self, case: Case, layer: Recurrent, x: Any, d_output: Any) -> Run:
        """Return a step of the loop."""
        import torch

        def binary(function: Callable[..., Any]) -> Callable[..., Any]:
            """PyTorch's functions of two tensors take no numbers."""
            return lambda *values: function(*map(torch.as_tensor, values))

        library: dict[str, Callable[..., Any]] = {
            "tanh": torch.tanh,
            "sigmoid": torch.sigmoid,
            "relu": torch.relu,
            "exp": torch.exp,
            "log": torch.log,
            "sqrt": torch.sqrt,
            "abs": torch.abs,
            "hard_sigmoid": torch.nn.functional.hardsigmoid,
            "softsign": torch.nn.functional.softsign,
            "where": torch.where,
            "minimum": binary(torch.minimum),
            "maximum": binary(torch.maximum),
        }
        parameters = {
            name.removesuffix("_l0"): torch.from_numpy(array.copy()).requires_grad_()
            for name, array in layer.parameters.items()
        }
        inputs, cotangent = torch.from_numpy(x.copy()), torch.from_numpy(d_output)
        step = Step(case, library)
        zero = torch.zeros(case.shape.batch, case.shape.hidden, dtype=inputs.dtype)

        def run() -> Any:
            states = [zero] * len(case.cell.states)
            projected = step.project(inputs, parameters)
            outputs = []
            for t in range(case.shape.steps):
                states = step(
                    parameters, {key: value[t] for key, value in projected.items()}, states
                )
                outputs.append(states[0])
            return torch.stack(outputs)

        def infer() -> Any:
            with torch.no_grad():
                return run()

        def train() -> Any:
            for leaf in (inputs, *parameters.values()):
                leaf.grad = None
            run().backward(cotangent)
            return inputs.grad

        if case.work == "inference":
            return infer
        inputs.requires_grad_()
        return train


class JaxScan(Rival):
    """A compiled `lax.scan` in JAX, from the cell's equations; it uses all cores."""

    name = "jax-scan"
    sets_threads = False

    def accepts(self, case: Case) -> bool:
        """Take every cell."""
        return case.dtype == "float32"  # float64 is a switch for the whole process

    def prepare(self, case: Case, layer: Recurrent, x: Any, d_output: Any) -> Run:
        """Return a call of the compiled function."""
        import jax
        from jax import numpy as jnp

        library: dict[str, Callable[..., Any]] = {
            "tanh": jnp.tanh,
            "sigmoid": jax.nn.sigmoid,
            "relu": jax.nn.relu,
            "exp": jnp.exp,
            "log": jnp.log,
            "sqrt": jnp.sqrt,
            "abs": jnp.abs,
            "hard_sigmoid": jax.nn.hard_sigmoid,
            "softsign": jax.nn.soft_sign,
            "where": jnp.where,
            "minimum": jnp.minimum,
            "maximum": jnp.maximum,
        }
        parameters = {
            name.removesuffix("_l0"): jnp.asarray(array) for name, array in layer.parameters.items()
        }
        step = Step(case, library)
        inputs, cotangent = jnp.asarray(x), jnp.asarray(d_output)
        zero = jnp.zeros((case.shape.batch, case.shape.hidden), inputs.dtype)

        def run(parameters: Any, inputs: Any) -> Any:
            def body(states: Any, projected: Any) -> Any:
                states = tuple(step(parameters, projected, states))
                return states, states[0]

            start = (zero,) * len(case.cell.states)
            return jax.lax.scan(body, start, step.project(inputs, parameters))[1]

        def loss(parameters: Any, inputs: Any) -> Any:
            return (run(parameters, inputs) * cotangent).sum()

        function = jax.jit(run if case.work == "inference" else jax.grad(loss, argnums=(0, 1)))
        return lambda: jax.block_until_ready(function(parameters, inputs))


class Step:
    """A cell's step on another library's arrays, from its equations.

    Parameters
    ----------
    case : Case
    library : mapping
        That library's functions by the names of the equations.
    """

    def __init__(self, case: Case, library: Mapping[str, Callable[..., Any]]) -> None:
        self._cell = case.cell
        self._units = case.shape.hidden
        self._library = library
        self._nodes = reachable(case.cell.equations.outputs)

    def _rows(self, array: str, position: int, parameters: Mapping[str, Any]) -> Any:
        block = self._cell.arrays[array].maps.index(position) * self._units
        return parameters[array][block : block + self._units]

    def project(self, x: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return W x + b of every map that sees x, for all time steps, in one product."""
        array = self._cell.arrays.get("weight_ih")
        if array is None:
            return {}
        together = x @ parameters["weight_ih"].T
        units = self._units
        projected = {}
        for block, position in enumerate(array.maps):
            part = together[..., block * units : (block + 1) * units]
            bias = self._bias(position, parameters)
            projected[str(position)] = part if bias is None else part + bias
        return projected

    def _bias(self, position: int, parameters: Mapping[str, Any]) -> Any:
        for array in self._cell.arrays.values():
            if array.kind == "bias" and position in array.maps:
                return self._rows(array.name, position, parameters)
        return None

    def __call__(self, parameters: Mapping[str, Any], projected: Any, states: Any) -> list[Any]:
        """Return the new states from the projected x of this step and the states before."""
        equations = self._cell.equations
        values: dict[int, Any] = {
            node.index: state for node, state in zip(equations.states.values(), states, strict=True)
        }
        for node in self._nodes:
            if node.index not in values and node.op != "input":
                values[node.index] = self._compute(node, values, projected, parameters)
        return [values[node.index] for node in equations.outputs]

    def _compute(
        self,
        node: Expression,
        values: Mapping[int, Any],
        projected: Mapping[str, Any],
        parameters: Mapping[str, Any],
    ) -> Any:
        if node.op == "constant":
            return node.payload
        if node.op == "vector":
            return parameters[node.payload.name]
        if node.op == "linear":
            position = node.payload.position
            terms = []
            for operand in node.args:
                if operand.op == "input":
                    terms.append(projected[str(position)])
                else:
                    array = self._cell.weight_name(self._cell.source_of(operand))
                    rows = self._rows(array, position, parameters)
                    terms.append(values[operand.index] @ rows.T)
            bias = None if str(position) in projected else self._bias(position, parameters)
            total = sum(terms[1:], terms[0])
            return total if bias is None else total + bias
        args = [values[arg.index] for arg in node.args]
        arithmetic: dict[str, Callable[..., Any]] = {
            "add": lambda a, b: a + b,
            "subtract": lambda a, b: a - b,
            "multiply": lambda a, b: a * b,
            "divide": lambda a, b: a / b,
            "negative": lambda a: -a,
            "greater": lambda a, b: a > b,
        }
        return (arithmetic.get(node.op) or self._library[node.op])(*args)


def installed_rivals() -> list[Rival]:
    """Return rnnlab and what is installed of the others."""
    rivals: list[Rival] = [Rnnlab()]
    if importlib.util.find_spec("torch"):
        rivals += [Torch(), TorchLoop()]
    if importlib.util.find_spec("jax"):
        rivals.append(JaxScan())
    return rivals


class Limit:
    """The machine's own rate: NumPy's product of two large square matrices.

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
    """Return the numbers of threads that are compared: one, and all that there are."""
    return sorted({1, get_num_threads()})
