"""A recurrent layer with a linear readout at every step, or at each sequence's end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from rnnlab.capacity import check_memory
from rnnlab.engine import matmul
from rnnlab.engine.protocol import Array, blank_padding
from rnnlab.layers import Recurrent
from rnnlab.layers.initialisers import glorot_uniform
from rnnlab.layers.parameters import Parameters, check_live, check_own
from rnnlab.layers.seeding import Seed, random_numbers
from rnnlab.layers.validation import check_layout, check_size
from rnnlab.registry import unknown_name
from rnnlab.training.losses import Loss, call_loss
from rnnlab.training.padding import ignore_padding

READS = ("every", "last")


class SequenceModel:
    """A recurrent layer and the readout `logits_t = V h_t + b`.

    Parameters
    ----------
    layer : Recurrent
    output_size : int
        O.
    read : "every" or "last"
        Where the readout stands: at every step, outputs (T, B, O), or at the end of each sequence
        alone, outputs (B, O). Of a bidirectional layer, "last" reads each direction where it ends:
        the backward one at the first step. For a choice of steps, read every one and mark the
        others in the targets: -1, or NaN.
    seed : int or numpy.random.Generator, optional
        Seed of the readout's weights (Glorot uniform; its bias starts at 0). The draw is
        independent of a layer's with the same seed. If left out, fresh entropy of the operating
        system, which the attribute keeps.

    Attributes
    ----------
    parameters : Parameters
        Live arrays: the layer's, `readout_weight` (O, D*H) and `readout_bias` (O,).
    readout_weight, readout_bias : array
        Live arrays of the readout; an assignment copies into them, as into `parameters`.
    seed : int or None
        The seed of the readout's weights; None where a generator was given.

    Examples
    --------
    >>> import numpy as np, rnnlab
    >>> from rnnlab.training import SequenceModel, softmax_cross_entropy
    >>> model = SequenceModel(rnnlab.GRU(4, 16), output_size=3)
    >>> x, targets = np.zeros((7, 2, 4), np.float32), np.zeros((7, 2), int)
    >>> loss, gradients = model.loss_and_gradients(x, targets, softmax_cross_entropy)
    >>> gradients["readout_weight"].shape
    (3, 16)

    One answer for each sequence, of different lengths:

    >>> model = SequenceModel(rnnlab.GRU(4, 16), output_size=3, read="last")
    >>> model.predict(x, lengths=[7, 5]).shape
    (2, 3)
    """

    def __init__(
        self,
        layer: Recurrent,
        output_size: int,
        *,
        read: str = "every",
        seed: Seed = None,
    ) -> None:
        if not isinstance(layer, Recurrent):
            raise TypeError(
                f"layer must be a recurrent layer, got {type(layer).__name__}: "
                "make one with rnnlab.LSTM(input_size, hidden_size)"
            )
        if read not in READS:
            raise ValueError(unknown_name("read", read, READS))
        if layer.batch_first:
            raise ValueError(
                "a model needs a layer with time first, got batch_first=True: leave it out, and "
                "pass x.swapaxes(0, 1) as the input"
            )
        self.layer = layer
        self.read = read
        self.output_size = check_size("output_size", output_size)
        drawn = 8 * self.output_size * layer.output_size
        what = f"a readout of output_size={self.output_size} on {layer}"
        check_memory(what, drawn)
        rng, self.seed = random_numbers(seed, "readout")
        weight = glorot_uniform(rng, self.output_size, layer.output_size)
        self._dtype = np.dtype(layer.dtype)
        self._shapes: dict[str, tuple[int, ...]] = {
            "readout_weight": (self.output_size, layer.output_size),
            "readout_bias": (self.output_size,),
        }
        self._readout = {
            "readout_weight": np.ascontiguousarray(weight, layer.dtype),
            "readout_bias": np.zeros(self.output_size, layer.dtype),
        }

    def __repr__(self) -> str:
        seed = "" if self.seed is None else f" seed={self.seed}"
        return (
            f"<rnnlab.SequenceModel {self.layer!r} output_size={self.output_size} "
            f"read={self.read}{seed}>"
        )

    @property
    def parameters(self) -> Parameters:
        """Live arrays of the layer and the readout, with the layer's rules for assignments."""
        arrays = {**self.layer.parameters, **self._readout}
        shapes = self.layer.parameter_shapes | self._shapes
        return Parameters(arrays, shapes, self.layer.dtype)

    @parameters.setter
    def parameters(self, value: object) -> None:
        check_own(self.parameters, value)

    @property
    def readout_weight(self) -> Array:
        """The readout's weight (O, D*H)."""
        return self._live("readout_weight")

    @readout_weight.setter
    def readout_weight(self, value: Array) -> None:
        self.parameters["readout_weight"] = value

    @property
    def readout_bias(self) -> Array:
        """The readout's bias (O,)."""
        return self._live("readout_bias")

    @readout_bias.setter
    def readout_bias(self, value: Array) -> None:
        self.parameters["readout_bias"] = value

    def _live(self, name: str) -> Array:
        array = self._readout[name]
        check_live(name, array, self._shapes[name], self._dtype)
        return array

    @property
    def parameter_count(self) -> int:
        """How many numbers the model learns."""
        return sum(array.size for array in self.parameters.values())

    def read_out(self, y: Array) -> Array:
        """Return V y + b for outputs (..., D*H) of the layer."""
        return self._read_out(self._check_read("y", y))

    def _read_out(self, y: Array) -> Array:
        flat = matmul(y.reshape(-1, y.shape[-1]), self.readout_weight.T)
        return (flat + self.readout_bias).reshape(*y.shape[:-1], self.output_size)

    def predict(self, x: Array, *, lengths: Sequence[int] | Array | None = None) -> Array:
        """Return the readout for inputs x (T, B, I), from the layer's initial state.

        Parameters
        ----------
        x : array (T, B, I)
        lengths : ints (B,), optional
            Where each sequence ends, from 1 to T; what stands in x behind it counts for nothing.

        Returns
        -------
        array (T, B, O) or (B, O)
            The latter with `read="last"`. The former is 0 behind a sequence's end.
        """
        y, _ = self.layer(x, **_given(lengths=lengths))
        if self.read == "last":
            return self.read_out(y[self._ends(y, lengths)])
        outputs = self.read_out(y)
        return outputs if lengths is None else blank_padding(outputs, np.asarray(lengths))

    def loss_and_gradients(
        self,
        x: Array,
        targets: Array,
        loss: Loss,
        *,
        lengths: Sequence[int] | Array | None = None,
        weights: Array | None = None,
        noise: int | np.random.Generator | None = None,
    ) -> tuple[float, dict[str, Array]]:
        """Return the loss over all answers and its gradient in every parameter.

        Parameters
        ----------
        x : array (T, B, I)
        targets : array
            As `loss` takes them beside (T, B, O), or beside (B, O) with `read="last"`. What stands
            behind a sequence's end counts for nothing.
        loss : callable
            `loss(outputs, targets) -> (value, d_outputs)`, with `weights` as a third where given:
            a number, and its gradient in the shape of the outputs, which is cast to their dtype.
        lengths : ints (B,), optional
            Where each sequence ends, from 1 to T.
        weights : array (B,) or one for each position, optional
            How much each sequence counts, or each answer.
        noise : int or numpy.random.Generator, optional
            Source of the regularisers' masks; an int draws the same masks at every call, a
            generator goes on. If left out, the regularisers are off.

        Returns
        -------
        value : float
            NaN where the gradient that enters the layer is not finite.
        gradients : dict of str to array
            Empty where `value` is not finite.
        """
        tape = self.layer.forward(x, **_given(lengths=lengths, noise=noise))
        y = tape.output
        where = self._ends(y, lengths) if self.read == "last" else ...
        read = y[where]  # (T, B, D*H), or (B, D*H)
        if lengths is not None and self.read == "every":
            targets = ignore_padding(targets, np.asarray(lengths))
        value, d_read, readout = self.readout_loss(read, targets, loss, weights)
        if d_read is None:
            return value, {}
        d_y = d_read
        if self.read == "last":
            d_y = np.zeros_like(y)
            d_y[where] = d_read
        gradients = self.layer.backward(tape, d_y, input_gradient=False).parameters
        return value, gradients | readout

    def readout_loss(
        self, read: Array, targets: Array, loss: Loss, weights: Array | None = None
    ) -> tuple[float, Array | None, dict[str, Array]]:
        """Return the loss on what is read out of the layer, and its gradients up to there.

        Parameters
        ----------
        read : array (..., D*H)
            Outputs of the layer.
        targets, loss, weights
            As for `loss_and_gradients`.

        Returns
        -------
        value : float
            NaN where the gradient is not finite.
        d_read : array (..., D*H) or None
            None where `value` is not finite.
        gradients : dict of str to array
            Of the readout's parameters.
        """
        read = self._check_read("read", read)
        value, d_logits = call_loss(loss, self._read_out(read), targets, weights)
        flat = d_logits.reshape(-1, self.output_size)
        d_read = matmul(flat, self.readout_weight).reshape(read.shape)
        if not (math.isfinite(value) and np.isfinite(d_read).all()):
            return value if not math.isfinite(value) else math.nan, None, {}
        weight = matmul(flat.T, read.reshape(-1, read.shape[-1]))
        return value, d_read, {"readout_weight": weight, "readout_bias": flat.sum(axis=0)}

    def _check_read(self, name: str, y: Array) -> Array:
        """Return outputs (..., D*H) of the layer, checked; NaN and infinities are accepted."""
        width = self._shapes["readout_weight"][1]
        right = type(y) is np.ndarray and y.dtype == self._dtype and y.shape[-1:] == (width,)
        if right and y.size:
            return y
        shape: list[int | str] = [*["any"] * (np.ndim(y) - 1), width]
        return check_layout(name, y, shape, self._dtype, f"(..., D*H={width})")

    def _ends(self, y: Array, lengths: Sequence[int] | Array | None) -> tuple[Array, ...]:
        """Return the index of each direction's last output (B, D*H) in y (T, B, D*H)."""
        steps, batch, width = y.shape
        last = np.full((batch, 1), steps) if lengths is None else np.asarray(lengths)[:, None]
        last = np.repeat(last - 1, width, axis=1)  # (B, D*H)
        last[:, self.layer.hidden_size :] = 0  # the backward direction's, if there is one
        return last, np.arange(batch)[:, None], np.arange(width)

    def astype(self, dtype: Any) -> SequenceModel:
        """Return a copy of the model in another dtype."""
        copy = SequenceModel(self.layer.astype(dtype), self.output_size, read=self.read, seed=0)
        copy.seed = self.seed
        copy.readout_weight[:] = self.readout_weight
        copy.readout_bias[:] = self.readout_bias
        return copy

    def save(self, path: str | PathLike[str], *, notes: Mapping[str, Any] | None = None) -> Path:
        """Write layer and readout into one file, without pickle; `rnnlab.load` reads it.

        Parameters
        ----------
        path : str or path
            Written whole or not at all; what was there is replaced.
        notes : mapping, optional
            What else belongs to the model, such as the scaling of its inputs, as JSON holds it;
            `rnnlab.training.saving.load_notes` reads it.

        Returns
        -------
        pathlib.Path
        """
        from rnnlab.training.saving import save_model

        return save_model(self, Path(path), notes)


def _given(**options: Any) -> dict[str, Any]:
    """Leave out what is None: a layer or a loss of one's own may not know it."""
    return {name: value for name, value in options.items() if value is not None}
