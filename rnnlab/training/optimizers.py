"""Optimisers, which change parameters in place by their gradients.

A further optimiser is one class, registered in `rnnlab.registry.optimizers` or offered by a package
as an entry point of the group "rnnlab.optimizers".
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnlab.engine.protocol import Array
from rnnlab.layers.arrays import as_numbers
from rnnlab.limits import check_number
from rnnlab.registry import optimizers, unknown_name


def _check_parameters(parameters: object) -> Mapping[str, Array]:
    """Return a mapping of names to arrays that can be changed in place."""
    if not isinstance(parameters, Mapping):
        raise TypeError(
            f"parameters must be a mapping of names to arrays, got {type(parameters).__name__}: "
            "pass model.parameters"
        )
    for name, array in parameters.items():
        if type(array) is not np.ndarray or array.dtype.kind != "f" or not array.flags.writeable:
            found = type(array).__name__
            if isinstance(array, np.ndarray):
                found += f" of {array.dtype}" + ", read-only" * (not array.flags.writeable)
            raise TypeError(
                f"parameter {name} must be a writable NumPy array of floats, got {found}: "
                "it is changed in place; pass model.parameters"
            )
    return parameters


def _check_gradient(name: str, value: object, like: Array) -> Array:
    """Return an array of numbers in the shape of `like`, without broadcasting."""
    array = as_numbers(name, value, "iuf", like.dtype.name)
    if array.shape != like.shape:
        raise ValueError(
            f"{name} must have shape {like.shape}, got {array.shape}: pass what "
            "loss_and_gradients returned for this model"
        )
    return array


class Optimizer(ABC):
    """Base class of optimisers: updates a dict of live arrays.

    A subclass defines `_update`, which changes one parameter by its gradient, and gets arrays for
    its running averages from `_like`.

    Parameters
    ----------
    parameters : mapping of str to array
        Live arrays of floats such as `model.parameters`; changed in place by `step`.
    learning_rate : float
        More than 0; may be changed between steps.
    weight_decay : float
        Decoupled decay of the weight matrices (Loshchilov & Hutter 2019): each step begins with
        W -= learning_rate * weight_decay * W. Biases never decay.
    """

    def __init__(
        self, parameters: Mapping[str, Array], learning_rate: float, *, weight_decay: float = 0.0
    ) -> None:
        self.parameters = _check_parameters(parameters)
        self.weight_decay = check_number(
            "weight_decay", weight_decay, least=0, remedy="try 1e-4, or 0 for none"
        )
        self._slots: dict[str, dict[str, Array]] = {}
        self._steps = 0
        check_number("learning_rate", learning_rate, above=0, remedy="try 1e-3")
        self.learning_rate = learning_rate

    def __repr__(self) -> str:
        decay = f" weight_decay={self.weight_decay:g}" if self.weight_decay else ""
        return (
            f"<rnnlab.{type(self).__name__} learning_rate={self.learning_rate:g}{decay} "
            f"steps={self._steps}>"
        )

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step; a schedule may reduce it to 0."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._learning_rate = check_number("learning_rate", rate, least=0, remedy="try 1e-3")

    def state(self) -> dict[str, Array]:
        """Return copies of the running averages and the number of steps, for `restore`."""
        arrays = {
            f"{slot}.{name}": array.copy()
            for slot, held in self._slots.items()
            for name, array in held.items()
        }
        return {**arrays, "steps": np.array([self._steps], np.int64)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set the state to one that `state` of an optimiser of the same kind returned."""
        for slot, held in self._slots.items():
            for name, array in held.items():
                array[...] = _check_gradient(f"{slot}.{name}", state[f"{slot}.{name}"], array)
        self._steps = int(state["steps"][0])

    def _like(self, slot: str) -> dict[str, Array]:
        """Return an array of zeros for each parameter; `state` saves them as `slot`."""
        self._slots[slot] = {name: np.zeros_like(p) for name, p in self.parameters.items()}
        return self._slots[slot]

    def step(self, gradients: Mapping[str, Array]) -> None:
        """Change every parameter by its gradient.

        Raises
        ------
        ValueError, TypeError
            If a gradient is missing or has another shape than its parameter; no parameter is
            changed then.
        """
        if not isinstance(gradients, Mapping):
            raise TypeError(
                f"gradients must be a mapping of names to arrays, got {type(gradients).__name__}: "
                "pass the second value that loss_and_gradients returned"
            )
        missing = self.parameters.keys() - gradients.keys()
        if missing:
            raise ValueError(
                f"gradients must hold every parameter, but {sorted(missing)[0]} is missing: "
                "pass all that loss_and_gradients returned"
            )
        checked = {
            name: _check_gradient(f"the gradient of {name}", gradients[name], parameter)
            for name, parameter in self.parameters.items()
        }
        self._steps += 1
        for name, parameter in self.parameters.items():
            if self.weight_decay and parameter.ndim > 1:
                parameter *= 1 - self.learning_rate * self.weight_decay
            self._update(name, parameter, checked[name])

    @abstractmethod
    def _update(self, name: str, parameter: Array, gradient: Array) -> None: ...


class SGD(Optimizer):
    """Stochastic gradient descent with (heavy-ball) momentum: v = mu v + g, p -= lr v."""

    def __init__(
        self,
        parameters: Mapping[str, Array],
        learning_rate: float,
        momentum: float = 0.0,
        *,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, learning_rate, weight_decay=weight_decay)
        self.momentum = check_number("momentum", momentum, least=0, below=1)
        self._velocity = self._like("velocity")

    def _update(self, name: str, parameter: Array, gradient: Array) -> None:
        velocity = self._velocity[name]
        velocity *= self.momentum
        velocity += gradient
        parameter -= self.learning_rate * velocity


class RMSProp(Optimizer):
    """RMSProp (Tieleman & Hinton 2012): s = a s + (1 - a) g^2, p -= lr g / (sqrt(s) + eps)."""

    def __init__(
        self,
        parameters: Mapping[str, Array],
        learning_rate: float,
        decay: float = 0.9,
        epsilon: float = 1e-8,
        *,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, learning_rate, weight_decay=weight_decay)
        self.decay = check_number("decay", decay, least=0, below=1)
        self.epsilon = check_number("epsilon", epsilon, least=0)
        self._square = self._like("square")

    def _update(self, name: str, parameter: Array, gradient: Array) -> None:
        square = self._square[name]
        square *= self.decay
        square += (1 - self.decay) * gradient * gradient
        parameter -= self.learning_rate * gradient / (np.sqrt(square) + self.epsilon)


class Adam(Optimizer):
    """Adam with bias correction (Kingma & Ba 2015, algorithm 1)."""

    def __init__(
        self,
        parameters: Mapping[str, Array],
        learning_rate: float,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        *,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, learning_rate, weight_decay=weight_decay)
        self.beta1 = check_number("beta1", beta1, least=0, below=1)
        self.beta2 = check_number("beta2", beta2, least=0, below=1)
        self.epsilon = check_number("epsilon", epsilon, least=0)
        self._mean, self._square = self._like("mean"), self._like("square")

    def _update(self, name: str, parameter: Array, gradient: Array) -> None:
        mean, square = self._mean[name], self._square[name]
        mean += (1 - self.beta1) * (gradient - mean)
        square += (1 - self.beta2) * (gradient * gradient - square)
        rate = self.learning_rate / (1 - self.beta1**self._steps)
        correction = math.sqrt(1 - self.beta2**self._steps)
        parameter -= rate * mean / (np.sqrt(square) / correction + self.epsilon)


def check_offer(_: str, kind: object) -> type[Optimizer]:
    """Return a class of optimisers that a package offers."""
    if not (isinstance(kind, type) and issubclass(kind, Optimizer)):
        raise TypeError(f"an optimiser must be a subclass of Optimizer, got {kind!r}: derive it")
    return kind


def make_optimizer(
    name: str, parameters: Mapping[str, Array], learning_rate: float, **options: Any
) -> Optimizer:
    """Return the optimiser that is registered as `name`, such as "sgd", "rmsprop" or "adam".

    Examples
    --------
    >>> import numpy as np
    >>> weights = {"w": np.array([1.0])}
    >>> make_optimizer("sgd", weights, 0.5).step({"w": np.array([0.2])})
    >>> weights["w"].tolist()
    [0.9]
    """
    if not isinstance(name, str):
        raise ValueError(unknown_name("optimizer", name, optimizers))
    made: Optimizer = optimizers[name](parameters, learning_rate, **options)
    return made
