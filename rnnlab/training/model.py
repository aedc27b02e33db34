"""A recurrent layer with a readout at every step, or at the end of each sequence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from rnnlab.capacity import check_memory
from rnnlab.engine.protocol import Array, blank_padding
from rnnlab.layers import Recurrent
from rnnlab.layers.parameters import Parameters, check_live, check_own
from rnnlab.layers.seeding import Seed, random_numbers, seed_text
from rnnlab.layers.validation import check_layout, check_size
from rnnlab.registry import unknown_name
from rnnlab.training.loss_contract import Loss, call_loss
from rnnlab.training.readout import make_readout
from rnnlab.training.targets import ignore_padding

READS = ("every", "last")


class SequenceModel:
    """A recurrent layer and a readout, by default `logits_t = V h_t + b`.

    Parameters
    ----------
    layer : Recurrent
    output_size : int
        O.
    read : "every" or "last"
        Where the readout is: at every step, outputs (T, B, O), or at the end of each sequence,
        outputs (B, O). Of a bidirectional layer, "last" reads each direction where it ends: the
        backward one at the first step. For a choice of steps, read every one and mark the others
        in the targets as ignored: -1, or NaN.
    readout : str
        Name of the readout in `rnnlab.registry.readouts`.
    seed : int or numpy.random.Generator, optional
        Seed of the readout's parameters. The draw is independent of a layer's with the same seed.
        If left out, fresh entropy of the operating system, which the attribute keeps.
    **options
        Options of the readout; the linear one has none.

    Attributes
    ----------
    parameters : Parameters
        Live arrays of the layer and the readout; the linear one has `readout_weight` (O, D*H) and
        `readout_bias` (O,).
    readout_weight, readout_bias : array
        Live arrays of the linear readout; an assignment copies into them, as into `parameters`.
    readout : Readout
    seed : int or None
        The seed of the readout's parameters; None where a generator was given.

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
        readout: str = "linear",
        seed: Seed = None,
        **options: Any,
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
        self.readout_name = readout
        self.readout = make_readout(readout, layer.output_size, self.output_size, **options)
        self._dtype = np.dtype(layer.dtype)
        self._shapes = self.readout.shapes
        what = f"a readout of output_size={self.output_size} on {layer}"
        check_memory(what, 8 * sum(map(math.prod, self._shapes.values())))
        rng, self.seed = random_numbers(seed, "readout")
        self._arrays = {
            name: np.ascontiguousarray(array, layer.dtype)
            for name, array in self.readout.initial(rng).items()
        }

    def __repr__(self) -> str:
        kind = "" if self.readout_name == "linear" else f" readout={self.readout_name}"
        seed = "" if self.seed is None else f" seed={seed_text(self.seed)}"
        return (
            f"<rnnlab.SequenceModel {self.layer!r} output_size={self.output_size} "
            f"read={self.read}{kind} parameters={self.parameter_count}{seed}>"
        )

    @property
    def parameters(self) -> Parameters:
        """Live arrays of the layer and the readout, with the layer's rules for assignments."""
        arrays = {**self.layer.parameters, **self._arrays}
        shapes = self.layer.parameter_shapes | self._shapes
        return Parameters(arrays, shapes, self.layer.dtype)

    @parameters.setter
    def parameters(self, value: object) -> None:
        check_own(self.parameters, value)

    @property
    def readout_weight(self) -> Array:
        """Weight of the linear readout (O, D*H)."""
        return self._live("readout_weight")

    @readout_weight.setter
    def readout_weight(self, value: Array) -> None:
        self.parameters["readout_weight"] = value

    @property
    def readout_bias(self) -> Array:
        """Bias of the linear readout (O,)."""
        return self._live("readout_bias")

    @readout_bias.setter
    def readout_bias(self, value: Array) -> None:
        self.parameters["readout_bias"] = value

    def _live(self, name: str) -> Array:
        if name not in self._arrays:
            raise AttributeError(
                f"the {self.readout_name} readout has no {name}: see model.parameters"
            )
        array = self._arrays[name]
        check_live(name, array, self._shapes[name], self._dtype)
        return array

    def _readout_parameters(self) -> dict[str, Array]:
        return {name: self._live(name) for name in self._shapes}

    @property
    def parameter_count(self) -> int:
        """Number of learned numbers."""
        return sum(array.size for array in self.parameters.values())

    def read_out(self, y: Array) -> Array:
        """Return the readout of outputs (..., D*H) of the layer."""
        return self._read_out(self._check_read("y", y))

    def _read_out(self, y: Array) -> Array:
        flat = self.readout.forward(self._readout_parameters(), y.reshape(-1, y.shape[-1]))
        return flat.reshape(*y.shape[:-1], self.output_size)

    def readout_gradient(self, y: Array, d_outputs: Array) -> Array:
        """Return dL/dy (N, D*H) at outputs y (N, D*H) of the layer, from dL/d outputs (N, O)."""
        return self.readout.input_gradient(self._readout_parameters(), y, d_outputs)

    def predict(self, x: Array, *, lengths: Sequence[int] | Array | None = None) -> Array:
        """Return the readout for inputs x (T, B, I), from the layer's initial state.

        Parameters
        ----------
        x : array (T, B, I)
        lengths : ints (B,), optional
            Length of each sequence, from 1 to T; x after the end is ignored.

        Returns
        -------
        array (T, B, O) or (B, O)
            The latter with `read="last"`. The former is 0 after the end of a sequence.
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
            Targets of the loss for outputs (T, B, O), or (B, O) with `read="last"`. Targets after
            the end of a sequence are ignored.
        loss : callable
            `loss(outputs, targets) -> (value, d_outputs)`, with a third argument `weights` if they
            are given: a number, and its gradient in the shape of the outputs, which is cast to
            their dtype.
        lengths : ints (B,), optional
            Length of each sequence, from 1 to T.
        weights : array (B,) or one for each position, optional
            Weight of each sequence, or of each answer.
        noise : int or numpy.random.Generator, optional
            Source of the regularisers' masks; an int draws the same masks at every call, a
            generator advances. If left out, the regularisers are off.

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
        """Return the loss for outputs of the layer, and its gradients through the readout.

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
            Gradients of the readout's parameters.
        """
        read = self._check_read("read", read)
        value, d_logits = call_loss(loss, self._read_out(read), targets, weights)
        flat, features = d_logits.reshape(-1, self.output_size), read.reshape(-1, read.shape[-1])
        with np.errstate(over="ignore", invalid="ignore"):  # checked in the next line
            d_read, gradients = self.readout.backward(self._readout_parameters(), features, flat)
        if not (math.isfinite(value) and np.isfinite(d_read).all()):
            return value if not math.isfinite(value) else math.nan, None, {}
        return value, d_read.reshape(read.shape), gradients

    def _check_read(self, name: str, y: Array) -> Array:
        """Return outputs (..., D*H) of the layer, checked; NaN and infinities are accepted."""
        width = self.readout.features
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
        last[:, self.layer.hidden_size :] = 0  # the backward direction, if there is one
        return last, np.arange(batch)[:, None], np.arange(width)

    def astype(self, dtype: Any) -> SequenceModel:
        """Return a copy of the model in another dtype."""
        copy = SequenceModel(
            self.layer.astype(dtype),
            self.output_size,
            read=self.read,
            readout=self.readout_name,
            seed=0,
            **self.readout.options,
        )
        copy.seed = self.seed
        for name, array in copy._readout_parameters().items():
            array[:] = self._live(name)
        return copy

    def save(self, path: str | PathLike[str], *, notes: Mapping[str, Any] | None = None) -> Path:
        """Write layer and readout into one file, without pickle; `rnnlab.load` reads it.

        Parameters
        ----------
        path : str or path
            File that is written atomically; an existing one is replaced.
        notes : mapping, optional
            Further properties of the model, such as the scaling of its inputs, as JSON holds them;
            `rnnlab.training.loading.load_notes` reads them.

        Returns
        -------
        pathlib.Path
        """
        from rnnlab.layers import saving  # pydantic is needed for files only

        description = saving.Description(
            kind="model",
            layer=saving.describe(self.layer.architecture, self.layer.seed),
            output_size=self.output_size,
            read=self.read,
            readout=self.readout_name,
            readout_options=self.readout.options,
            notes=None if notes is None else dict(notes),
            seed=self.seed,
        )
        shapes = self.layer.parameter_shapes | self._shapes
        return saving.write(Path(path), self.parameters, shapes, description)


def _given(**options: Any) -> dict[str, Any]:
    """Leave out options that are None: a user's layer or loss may not have them."""
    return {name: value for name, value in options.items() if value is not None}
