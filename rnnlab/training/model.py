"""A recurrent layer with a linear readout at every step."""

from __future__ import annotations

import math
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from rnnlab.engine import matmul
from rnnlab.engine.protocol import Array
from rnnlab.layers import Recurrent
from rnnlab.layers.initialisers import glorot_uniform
from rnnlab.layers.validation import check_seed, check_size
from rnnlab.training.losses import Loss


class SequenceModel:
    """A recurrent layer and the readout `logits_t = V h_t + b`.

    Parameters
    ----------
    layer : Recurrent
    output_size : int
        O.
    seed : int or numpy.random.Generator
        Of the readout's weights (Glorot uniform; its bias starts at 0).

    Attributes
    ----------
    parameters : dict of str to array
        Live arrays: the layer's, `readout_weight` (O, D*H) and `readout_bias` (O,).

    Examples
    --------
    >>> import numpy as np, rnnlab
    >>> from rnnlab.training import SequenceModel, softmax_cross_entropy
    >>> model = SequenceModel(rnnlab.GRU(4, 16), output_size=3)
    >>> x, targets = np.zeros((7, 2, 4), np.float32), np.zeros((7, 2), int)
    >>> loss, gradients = model.loss_and_gradients(x, targets, softmax_cross_entropy)
    >>> gradients["readout_weight"].shape
    (3, 16)
    """

    def __init__(
        self, layer: Recurrent, output_size: int, *, seed: int | np.random.Generator = 0
    ) -> None:
        self.layer = layer
        self.output_size = check_size("output_size", output_size)
        rng = check_seed(seed)
        self.readout_weight = np.ascontiguousarray(
            glorot_uniform(rng, self.output_size, layer.output_size), layer.dtype
        )
        self.readout_bias = np.zeros(self.output_size, layer.dtype)

    @property
    def parameters(self) -> dict[str, Array]:
        """Live arrays of the layer and the readout."""
        return {
            **self.layer.parameters,
            "readout_weight": self.readout_weight,
            "readout_bias": self.readout_bias,
        }

    @property
    def parameter_count(self) -> int:
        """How many numbers the model learns."""
        return sum(array.size for array in self.parameters.values())

    def read_out(self, y: Array) -> Array:
        """Return V y + b for outputs (..., D*H) of the layer."""
        flat = matmul(y.reshape(-1, y.shape[-1]), self.readout_weight.T)
        return (flat + self.readout_bias).reshape(*y.shape[:-1], self.output_size)

    def predict(self, x: Array) -> Array:
        """Return the readout (T, B, O) for inputs x (T, B, I), from the layer's initial state."""
        y, _ = self.layer(x)
        return self.read_out(y)

    def loss_and_gradients(
        self, x: Array, targets: Array, loss: Loss
    ) -> tuple[float, dict[str, Array]]:
        """Return the loss over all steps and its gradient in every parameter.

        Parameters
        ----------
        x : array (T, B, I)
        targets : array
            As `loss` takes them beside (T, B, O).
        loss : callable
            `loss(outputs, targets) -> (value, d_outputs)`.

        Returns
        -------
        value : float
            NaN where the gradient that enters the layer is not finite.
        gradients : dict of str to array
            Empty where `value` is not finite.
        """
        tape = self.layer.forward(x)
        y = tape.output
        value, d_logits = loss(self.read_out(y), targets)
        flat = d_logits.reshape(-1, self.output_size)
        d_y = matmul(flat, self.readout_weight).reshape(y.shape)
        if not (math.isfinite(value) and np.isfinite(d_y).all()):
            return value if not math.isfinite(value) else math.nan, {}
        gradients = self.layer.backward(tape, d_y, input_gradient=False).parameters
        gradients["readout_weight"] = matmul(flat.T, y.reshape(-1, y.shape[-1]))
        gradients["readout_bias"] = flat.sum(axis=0)
        return value, gradients

    def astype(self, dtype: Any) -> SequenceModel:
        """Return a copy of the model in another dtype."""
        copy = SequenceModel(self.layer.astype(dtype), self.output_size)
        copy.readout_weight[:] = self.readout_weight
        copy.readout_bias[:] = self.readout_bias
        return copy

    def save(self, path: str | PathLike[str]) -> Path:
        """Write layer and readout into one file, without pickle; `rnnlab.load` reads it.

        Parameters
        ----------
        path : str or path
            Written whole or not at all; what was there is replaced.

        Returns
        -------
        pathlib.Path
        """
        from rnnlab.training.saving import save_model

        return save_model(self, Path(path))
