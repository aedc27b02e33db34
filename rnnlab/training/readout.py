"""Readouts: maps from the outputs of a layer to the outputs of a model.

A further readout is one class, registered in `rnnlab.registry.readouts` or offered by a package as
an entry point of the group "rnnlab.readouts".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnlab.engine.protocol import Array
from rnnlab.engine.readout_matmul import matmul
from rnnlab.layers.initialisers import glorot_uniform
from rnnlab.registry import readouts

Arrays = Mapping[str, Array]


class Readout(ABC):
    """Map from features (N, F) to outputs (N, O), without state: the model holds its parameters.

    Parameters
    ----------
    features, outputs : int
        F = D*H and O. A subclass may take options, which `options` returns.
    """

    def __init__(self, features: int, outputs: int) -> None:
        self.features, self.outputs = features, outputs

    @property
    def options(self) -> dict[str, Any]:
        """The options that it was made with, as JSON holds them."""
        return {}

    @property
    @abstractmethod
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of its parameters, whose names begin with "readout_"."""

    @abstractmethod
    def initial(self, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the initial parameters."""

    @abstractmethod
    def forward(self, parameters: Arrays, y: Array) -> Array:
        """Return the outputs (N, O) for features y (N, F)."""

    @abstractmethod
    def backward(
        self, parameters: Arrays, y: Array, d_outputs: Array
    ) -> tuple[Array, dict[str, Array]]:
        """Return the gradients of the features (N, F) and of the parameters."""

    def input_gradient(self, parameters: Arrays, y: Array, d_outputs: Array) -> Array:
        """Return the gradient of the features (N, F), for analysis in float64."""
        return self.backward(parameters, y, d_outputs)[0]


class LinearReadout(Readout):
    """The readout V y + b, with `readout_weight` (O, F) and `readout_bias` (O,).

    The weight starts Glorot uniform, the bias at 0.
    """

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of its parameters."""
        return {"readout_weight": (self.outputs, self.features), "readout_bias": (self.outputs,)}

    def initial(self, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the initial parameters."""
        weight = glorot_uniform(rng, self.outputs, self.features)
        return {"readout_weight": weight, "readout_bias": np.zeros(self.outputs)}

    def forward(self, parameters: Arrays, y: Array) -> Array:
        """Return V y + b."""
        product: Array = matmul(y, parameters["readout_weight"].T)
        return product + parameters["readout_bias"]

    def backward(
        self, parameters: Arrays, y: Array, d_outputs: Array
    ) -> tuple[Array, dict[str, Array]]:
        """Return the gradients of the features and of the parameters."""
        d_y = matmul(d_outputs, parameters["readout_weight"])
        weight = matmul(d_outputs.T, y)
        return d_y, {"readout_weight": weight, "readout_bias": d_outputs.sum(axis=0)}

    def input_gradient(self, parameters: Arrays, y: Array, d_outputs: Array) -> Array:
        """Return the gradient of the features by NumPy, with the last bits of earlier versions."""
        gradient: Array = d_outputs @ parameters["readout_weight"]
        return gradient


def check_offer(_: str, kind: object) -> type[Readout]:
    """Return a class of readouts that a package offers."""
    if not (isinstance(kind, type) and issubclass(kind, Readout)):
        raise TypeError(f"a readout must be a subclass of Readout, got {kind!r}: derive it")
    return kind


def make_readout(name: str, features: int, outputs: int, **options: Any) -> Readout:
    """Return the readout that is registered as `name`, such as "linear".

    Examples
    --------
    >>> make_readout("linear", 16, 3).shapes
    {'readout_weight': (3, 16), 'readout_bias': (3,)}
    """
    made: Readout = readouts[name](features, outputs, **options)
    return made
