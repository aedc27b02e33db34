"""A recurrent layer: parameters, and the engine that runs them."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnlab.cells import CellDefinition, find_cell
from rnnlab.engine import engine_for
from rnnlab.engine.protocol import Array
from rnnlab.layers.initialisers import initialise
from rnnlab.layers.tape import LayerGradients, Tape
from rnnlab.layers.validation import check_array, check_dtype, check_seed, check_size
from rnnlab.registry import unknown_name


class Recurrent:
    """A layer of one recurrent cell.

    Parameters
    ----------
    cell : str or CellDefinition
        A registered name such as "lstm" (`rnnlab cells` lists them), "FILE.py:NAME", or a cell
        made with `@rnnlab.cell`.
    input_size, hidden_size : int
        I and H.
    dtype : "float32" or "float64"
    seed : int or numpy.random.Generator
        Of the initial parameters.
    init : str, optional
        "default", "glorot", "torch" or "irnn": see `rnnlab.layers.initialise`. What the cell's
        paper recommends if left out.
    forget_bias : float or "chrono", optional
        What the bias of the gate that keeps the memory starts at, instead of what the equations
        say.
    chrono_tmax : int, optional
        The longest memory in time steps, for "chrono".

    Attributes
    ----------
    parameters : dict of str to array
        Live arrays: change them in place. `weight_ih_l0` (G*H, I), `weight_hh_l0` (G*H, H),
        `bias_l0` (G*H,), and by the rule of the cell's equations further ones.
    state_type : type
        The named tuple of the cell's states.

    Examples
    --------
    >>> import numpy as np, rnnlab
    >>> layer = rnnlab.LSTM(10, 64, seed=1)
    >>> y, state = layer(np.zeros((100, 32, 10), np.float32))
    >>> y.shape, state.c.shape
    ((100, 32, 64), (1, 32, 64))
    >>> layer.parameters["weight_hh_l0"].shape
    (256, 64)
    """

    def __init__(
        self,
        cell: str | CellDefinition,
        input_size: int,
        hidden_size: int,
        *,
        dtype: Any = "float32",
        seed: int | np.random.Generator = 0,
        init: str | None = None,
        forget_bias: float | str | None = None,
        chrono_tmax: int | None = None,
    ) -> None:
        self.cell = find_cell(cell)
        self.input_size = check_size("input_size", input_size)
        self.hidden_size = check_size("hidden_size", hidden_size)
        self.dtype = check_dtype(dtype)
        self.state_type = namedtuple("State", self.cell.states)  # type: ignore[misc]
        self._suffix = "_l0"
        drawn = initialise(
            self.cell,
            self.input_size,
            self.hidden_size,
            check_seed(seed),
            init=init,
            forget_bias=forget_bias,
            chrono_tmax=chrono_tmax,
        )
        self.parameters = {
            name + self._suffix: np.ascontiguousarray(array, self.dtype)
            for name, array in drawn.items()
        }

    def __repr__(self) -> str:
        return (
            f"<rnnlab.Recurrent {self.cell.name} input_size={self.input_size} "
            f"hidden_size={self.hidden_size} dtype={self.dtype}>"
        )

    @property
    def parameter_count(self) -> int:
        """How many numbers the layer learns."""
        return sum(array.size for array in self.parameters.values())

    def __call__(self, x: Array, state: Sequence[Array] | None = None) -> tuple[Array, Any]:
        """Run the layer without keeping a tape.

        Parameters
        ----------
        x : array (T, B, I)
        state : named tuple or tuple of (1, B, H) arrays, optional
            The initial state; zeros if left out.

        Returns
        -------
        y : array (T, B, H)
        state : named tuple of (1, B, H) arrays
            The final state.
        """
        x, states = self._check_inputs(x, state)
        y, final = engine_for(self.cell, self.dtype).infer(self._bare_parameters(), x, states)
        return y, self.state_type(*(array[None] for array in final))

    def forward(
        self,
        x: Array,
        state: Sequence[Array] | None = None,
        *,
        checkpoint_every: int | None = None,
    ) -> Tape:
        """Run the layer and keep a tape for `backward`.

        Parameters
        ----------
        x : array (T, B, I)
        state : named tuple or tuple of (1, B, H) arrays, optional
            The initial state; zeros if left out.
        checkpoint_every : int, optional
            Keep the output and, about every so many time steps, the states; `backward` runs the
            segments between them again (gradient checkpointing, Chen et al. 2016). The gradients
            are the same bit for bit, the memory is that of one segment and the time that of one
            forward pass more. For sequences whose tape does not fit.

        Returns
        -------
        Tape
        """
        x, states = self._check_inputs(x, state)
        engine, parameters = engine_for(self.cell, self.dtype), self._bare_parameters()
        if checkpoint_every is None:
            return Tape(self, engine.forward(parameters, x, states))
        every = check_size("checkpoint_every", checkpoint_every)
        return Tape(self, engine.checkpoint(parameters, x, states, every))

    def backward(
        self,
        tape: Tape,
        d_output: Array,
        d_state: Sequence[Array] | None = None,
        through_time: bool = False,
        *,
        input_gradient: bool = True,
    ) -> LayerGradients:
        """Back-propagate through time.

        Parameters
        ----------
        tape : Tape
            Of `forward`; it may be used again. The gradients are those of the parameters as they
            were then.
        d_output : array (T, B, H)
            dL/dy.
        d_state : tuple of (1, B, H) arrays, optional
            dL/d final state, beyond what passes through `d_output`; zeros if left out.
        through_time : bool
            Whether to hand out dL/ds_t at every step: `gradients.states()`.
        input_gradient : bool
            Whether dL/dx is wanted; training does without it.

        Returns
        -------
        LayerGradients
        """
        if not isinstance(tape, Tape) or tape._layer is not self:
            raise TypeError("tape must come from this layer's forward: call layer.forward(x) first")
        steps, batch, units = tape.output.shape
        dtype = np.dtype(self.dtype)
        axes = f"(T={steps}, B={batch}, H={units})"
        d_output = check_array("d_output", d_output, (steps, batch, units), dtype, axes)
        d_states = self._check_state("d_state", d_state, batch)
        gradients = engine_for(self.cell, self.dtype).backward(
            tape._record,
            d_output,
            d_states,
            through_time=through_time,
            input_gradient=input_gradient,
        )
        over_time = gradients.through_time
        return LayerGradients(
            parameters={n + self._suffix: array for n, array in gradients.parameters.items()},
            input=gradients.input,
            state=self.state_type(*(array[None] for array in gradients.initial)),
            _over_time=None
            if over_time is None
            else dict(zip(self.cell.states, over_time, strict=True)),
        )

    def gate(self, name: str) -> tuple[Array, Array]:
        """Return copies of a gate's weight over [h, x] and its bias, as textbooks print them.

        Parameters
        ----------
        name : str
            The gate's name in the equations, such as "f".

        Returns
        -------
        weight : array (H, H + I)
            Columns over the concatenation [h, x]; a map on further states has them in front,
            [c, h, x]. Zeros where the gate has no matrix.
        bias : array (H,)
            The bias of the map that sees x, where there is one.
        """
        blocks, bias = self._gate_views(name)
        zeros = np.zeros(self.hidden_size, self.dtype)
        columns = [self._columns(source, view) for source, view in blocks.items()]
        return np.concatenate(columns, axis=1), (zeros if bias is None else bias.copy())

    def set_gate(self, name: str, weight: Array, bias: Array) -> None:
        """Set a gate's weight over [h, x] and its bias, in the form that `gate` returns them."""
        blocks, target = self._gate_views(name)
        widths = [self._columns(source, view).shape[1] for source, view in blocks.items()]
        dtype = np.dtype(self.dtype)
        total, units = sum(widths), self.hidden_size
        axes = f"(H={units}, {total}) over [{', '.join(blocks)}]"
        weight = check_array("weight", weight, (units, total), dtype, axes)
        bias = check_array("bias", bias, (units,), dtype, f"(H={units},)")
        pieces = np.split(weight, np.cumsum(widths)[:-1], axis=1)
        for (source, view), piece in zip(blocks.items(), pieces, strict=True):
            if view is None and piece.any():
                raise ValueError(
                    f"gate {name} has no matrix on {source}, got one that is not 0: "
                    "set those columns to 0"
                )
        if target is None and bias.any():
            raise ValueError(f"gate {name} has no bias, got one that is not 0: pass zeros")
        for view, piece in zip(blocks.values(), pieces, strict=True):
            if view is not None:
                view[:] = piece
        if target is not None:
            target[:] = bias

    def astype(self, dtype: Any) -> Recurrent:
        """Return a copy of the layer in another dtype."""
        copy = Recurrent(self.cell, self.input_size, self.hidden_size, dtype=dtype)
        for name, array in self.parameters.items():
            copy.parameters[name][:] = array
        return copy

    def _columns(self, source: str, view: Array | None) -> Array:
        width = self.input_size if source == "x" else self.hidden_size
        return np.zeros((self.hidden_size, width), self.dtype) if view is None else view

    def _gate_views(self, name: str) -> tuple[dict[str, Array | None], Array | None]:
        """Return views of a gate's matrices by what they act on, and of its bias."""
        cell, units = self.cell, self.hidden_size
        if name not in cell.maps:
            raise ValueError(unknown_name("gate", name, dict.fromkeys(cell.maps)))
        views: dict[str, Array | None] = {}
        for array in cell.arrays.values():
            for block, position in enumerate(array.maps):
                if array.kind == "weight" and cell.maps[position] == name:
                    rows = slice(block * units, (block + 1) * units)
                    views[str(array.source)] = self.parameters[array.name + self._suffix][rows]
        output = cell.states[0]
        ordered = [s for s in cell.states[1:] if s in views] + [output, "x"]
        place = cell.bias_of(name)
        bias = None
        if place is not None:
            rows = slice(place[1] * units, (place[1] + 1) * units)
            bias = self.parameters[place[0] + self._suffix][rows]
        return {source: views.get(source) for source in ordered}, bias

    def _bare_parameters(self) -> dict[str, Array]:
        """Return the parameters by the cell's names; checks what the user may have replaced."""
        bare, dtype = {}, np.dtype(self.dtype)
        for name, array in self.cell.arrays.items():
            held = self.parameters.get(name + self._suffix)
            value = held if isinstance(held, np.ndarray) else None
            shape = array.shape(inputs=self.input_size, units=self.hidden_size)
            if value is None or value.shape != shape or value.dtype != dtype:
                came = type(held).__name__ if value is None else f"{value.dtype} {value.shape}"
                raise ValueError(
                    f"parameter {name + self._suffix} must be {self.dtype} {shape}, got {came}: "
                    "change parameters in place, parameters[name][:] = ..."
                )
            bare[name] = np.ascontiguousarray(value)
        return bare

    def _check_inputs(self, x: Array, state: Sequence[Array] | None) -> tuple[Array, list[Array]]:
        axes = f"(T, B, I={self.input_size})"
        dtype = np.dtype(self.dtype)
        x = check_array("x", x, ("T", "B", self.input_size), dtype, axes)
        return x, self._check_state("state", state, x.shape[1])

    def _check_state(
        self, name: str, state: Sequence[Array] | Mapping[str, Array] | None, batch: int
    ) -> list[Array]:
        names = self.cell.states
        dtype = np.dtype(self.dtype)
        shape = (1, batch, self.hidden_size)
        if state is None:
            return [np.zeros(shape[1:], dtype) for _ in names]
        if not isinstance(state, (tuple, list)):
            listed = ", ".join(names) + ("," if len(names) == 1 else "")
            raise TypeError(
                f"{name} must be a tuple ({listed}), got {type(state).__name__}: "
                "pass one array per state, in this order"
            )
        if len(state) != len(names):
            raise ValueError(
                f"{name} must hold {len(names)} arrays ({', '.join(names)}), got {len(state)}: "
                "pass one array per state"
            )
        axes = f"(1, B={batch}, H={self.hidden_size})"
        return [
            check_array(f"{name}.{key}", array, shape, dtype, axes)[0]
            for key, array in zip(names, state, strict=True)
        ]


class RNN(Recurrent):
    """A layer of the vanilla tanh cell; parameters as for `Recurrent` without `cell`."""

    def __init__(self, input_size: int, hidden_size: int, **options: Any) -> None:
        super().__init__("rnn", input_size, hidden_size, **options)


class LSTM(Recurrent):
    """A layer of the LSTM with forget gate; parameters as for `Recurrent` without `cell`."""

    def __init__(self, input_size: int, hidden_size: int, **options: Any) -> None:
        super().__init__("lstm", input_size, hidden_size, **options)


class PeepholeLSTM(Recurrent):
    """A layer of the LSTM with diagonal peepholes; parameters as for `Recurrent` without `cell`."""

    def __init__(self, input_size: int, hidden_size: int, **options: Any) -> None:
        super().__init__("peephole-lstm", input_size, hidden_size, **options)


class GRU(Recurrent):
    """A layer of the GRU, reset after the product; parameters as for `Recurrent` without `cell`."""

    def __init__(self, input_size: int, hidden_size: int, **options: Any) -> None:
        super().__init__("gru", input_size, hidden_size, **options)
