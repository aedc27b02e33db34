"""The recurrent layer: checked arrays in; outputs, tapes, named gradients and files out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from rnnlab.capacity import check_memory
from rnnlab.cells import CellDefinition
from rnnlab.engine import DEFAULT, EngineFactory
from rnnlab.engine.protocol import Array
from rnnlab.layers.architecture import Architecture
from rnnlab.layers.direction import Direction
from rnnlab.layers.gates import read_gate, write_gate
from rnnlab.layers.parameters import Parameters, check_own
from rnnlab.layers.regularisers import Regularisers
from rnnlab.layers.seeding import INITIALISATION, Seed, random_numbers
from rnnlab.layers.stack import Stack
from rnnlab.layers.states import StateLike, check_state, find_row, gather
from rnnlab.layers.tape import LayerGradients, Tape
from rnnlab.layers.unsupported import refuse_options
from rnnlab.layers.validation import (
    check_array,
    check_padded,
    check_size,
    time_first,
)


class LayerOptions(TypedDict, total=False):
    """The arguments of a layer that are given by keyword alone: see `Recurrent`."""

    bidirectional: bool
    learn_initial_state: bool
    regularisers: Regularisers | None
    dtype: Any
    batch_first: bool
    seed: Seed
    init: str | None
    forget_bias: float | str | None
    chrono_tmax: int | None
    engine: str | EngineFactory


class Recurrent(Architecture):
    """A layer of one recurrent cell, stacked and in both directions where that is asked for.

    Time comes first: x is (T, B, I). An array (B, T, I) has the same number of axes and is not
    recognised as such: it would be read as T sequences of B steps. For that order make the layer
    with `batch_first=True`.

    Parameters
    ----------
    cell : str or CellDefinition
        A registered name such as "lstm" (`rnnlab cells` lists them), "FILE.py:NAME", or a cell
        made with `@rnnlab.cell`.
    input_size, hidden_size : int
        I and H.
    num_layers : int
        How many layers are stacked, each reading the output of the one below.
    bidirectional : bool
        Whether each layer also reads its input from the end, D = 2 directions: the output is
        (T, B, D*H), that of the forward direction first.
    learn_initial_state : bool
        Whether the states that a sequence begins with are parameters, `h0_l0` (H,) and so on,
        instead of zeros. They begin at zero.
    regularisers : Regularisers, optional
        Dropout and zoneout for training; `forward(x, noise=...)` draws them.
    dtype : "float32" or "float64"
    batch_first : bool
        Whether x, y, `tape.output`, `d_output` and `gradients.input` are (B, T, ...) instead of
        (T, B, ...). States are (num_layers * D, B, H) all the same, as in PyTorch, and states and
        gates over time are (T, B, H).
    seed : int or numpy.random.Generator, optional
        Seed of the initial parameters, which are drawn in the order of `parameters`: the first
        layer's forward direction is that of a single layer of the same seed. If left out, every
        layer is drawn from fresh entropy of the operating system, which the attribute keeps.
    init : str, optional
        "default", "glorot", "torch" or "irnn": see `rnnlab.layers.initialise`. What the cell's
        paper recommends if left out.
    forget_bias : float or "chrono", optional
        What the bias of the gate that keeps the memory starts at, instead of what the equations
        say.
    chrono_tmax : int, optional
        The longest memory in time steps, for "chrono".
    engine : str or callable
        Engine that runs the layer: a registered name ("compiled", or "reference" in plain NumPy),
        or a function that makes an engine from a cell and the name of a dtype. It is not part of a
        saved layer.
    **unsupported : Any
        Arguments of PyTorch's layers are accepted with the values that change nothing (`bias=True`,
        `dropout=0`); else an error says what to use instead.

    Attributes
    ----------
    state_type : type
        The named tuple of the cell's states.
    seed : int or None
        The seed that the initial parameters were drawn from: passed as `seed`, it repeats them
        exactly. None where a generator was given.

    Examples
    --------
    >>> import numpy as np, rnnlab
    >>> layer = rnnlab.LSTM(10, 64, num_layers=2, bidirectional=True, seed=1)
    >>> y, state = layer(np.zeros((100, 32, 10), np.float32))
    >>> y.shape, state.c.shape
    ((100, 32, 128), (4, 32, 64))
    >>> layer.parameters["weight_ih_l1_reverse"].shape
    (256, 128)
    """

    def __init__(
        self,
        cell: str | CellDefinition,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bidirectional: bool = False,
        learn_initial_state: bool = False,
        regularisers: Regularisers | None = None,
        dtype: Any = "float32",
        batch_first: bool = False,
        seed: Seed = None,
        init: str | None = None,
        forget_bias: float | str | None = None,
        chrono_tmax: int | None = None,
        engine: str | EngineFactory = DEFAULT,
        **unsupported: Any,
    ) -> None:
        super().__init__(
            cell,
            input_size,
            hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            learn_initial_state=learn_initial_state,
            regularisers=regularisers,
            dtype=dtype,
            batch_first=batch_first,
            engine=engine,
        )
        known = ("num_layers", *LayerOptions.__annotations__)
        refuse_options(self.cell.name, unsupported, known)
        what = f"the parameters of {Architecture.__repr__(self)}"
        check_memory(what, self.bytes_needed)
        arrays: dict[str, Array] = {}
        self._stack = Stack(self, arrays)
        rng, self.seed = random_numbers(seed, INITIALISATION)
        for direction in self._stack.directions:
            direction.draw(rng, init=init, forget_bias=forget_bias, chrono_tmax=chrono_tmax)
        self._parameters = Parameters(arrays, self._stack.shapes, self.dtype)
        self._origin = self._new_origin()  # by which its tapes are recognised

    def __repr__(self) -> str:
        shown = super().__repr__()
        return shown if self.seed is None else f"{shown[:-1]} seed={self.seed}>"

    def __setattr__(self, name: str, value: Any) -> None:
        if re.fullmatch(r"(weight|bias)_\w+_l\d+(_reverse)?", name):
            raise AttributeError(
                f"parameters are no attributes, got {name}: use layer.parameters[{name!r}] = array"
            )
        super().__setattr__(name, value)

    @property
    def parameters(self) -> Parameters:
        """Live arrays by name, to be changed in place or by assignment, which copies.

        An unknown name, a wrong shape or dtype, NaN and infinities are errors at the assignment.

        For layer k, with `_reverse` appended for the backward direction and an input of size D*H
        for k > 0: `weight_ih_l{k}` (G*H, I), `weight_hh_l{k}` (G*H, H), `bias_l{k}` (G*H,), and by
        the rule of the cell's equations further ones; learned initial states are `h0_l{k}` (H,).
        """
        return self._parameters

    @parameters.setter
    def parameters(self, value: object) -> None:
        check_own(self._parameters, value)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of `parameters` by name."""
        return self._stack.shapes

    def __call__(
        self,
        x: Array,
        state: StateLike | None = None,
        lengths: Sequence[int] | Array | None = None,
    ) -> tuple[Array, Any]:
        """Run the layer without keeping a tape.

        Parameters
        ----------
        x : array (T, B, I), or (B, T, I) with `batch_first`
        state : named tuple, dict or tuple of (num_layers * D, B, H) arrays, optional
            The initial state, a row for each direction of each layer: by the names of the cell's
            states, or a plain tuple in their order. If left out, zeros or what the layer has
            learned.
        lengths : ints (B,), optional
            Where each sequence ends, from 1 to T. What stands in x behind it counts for nothing
            and may be NaN.

        Returns
        -------
        y : array (T, B, D*H), or (B, T, D*H) with `batch_first`
            0 after a sequence's end.
        state : named tuple of (num_layers * D, B, H) arrays
            The final state: that at each sequence's own end.
        """
        x, ends = self._check_x(x, lengths)
        y, final = self._stack.infer(x, self._initial(state, x.shape[1]), ends)
        return self._turned(y), gather(self.cell.states, final)

    def step(self, x_t: Array, state: StateLike | None = None) -> tuple[Array, Any]:
        """Take one time step, for input that comes in as time goes by.

        Parameters
        ----------
        x_t : array (B, I)
        state : named tuple, dict or tuple of (num_layers, B, H) arrays, optional
            What the step before returned; if left out, where a sequence begins.

        Returns
        -------
        y_t : array (B, H)
            Bit for bit what `layer(x)` returns at that step.
        state : named tuple of (num_layers, B, H) arrays

        Raises
        ------
        ValueError
            If the layer is bidirectional: the backward direction begins at the end.

        Examples
        --------
        >>> import numpy as np, rnnlab
        >>> layer, state = rnnlab.GRU(3, 8), None
        >>> for x_t in np.ones((5, 1, 3), np.float32):
        ...     y_t, state = layer.step(x_t, state)
        >>> bool((y_t == layer(np.ones((5, 1, 3), np.float32))[0][-1]).all())
        True
        """
        if self.bidirectional:
            raise ValueError(
                "step needs a layer of one direction, got bidirectional=True: the backward "
                "direction begins at the sequence's end; call layer(x) on the whole of it"
            )
        axes = f"(B, I={self.input_size})"
        x_t = check_array("x_t", x_t, ("B", self.input_size), self._dtype, axes)
        y, final = self._stack.infer(x_t[None], self._initial(state, len(x_t)), None)
        return y[0], gather(self.cell.states, final)

    def forward(
        self,
        x: Array,
        state: StateLike | None = None,
        lengths: Sequence[int] | Array | None = None,
        *,
        noise: int | np.random.Generator | None = None,
        checkpoint_every: int | None = None,
    ) -> Tape:
        """Run the layer and keep a tape for `backward`.

        Parameters
        ----------
        x : array (T, B, I)
        state : named tuple, dict or tuple of (num_layers * D, B, H) arrays, optional
            The initial state, as for a call.
        lengths : ints (B,), optional
            Where each sequence ends, as for a call.
        noise : int or numpy.random.Generator, optional
            Source of the regularisers' masks, for training; an int draws the same masks at every
            call. If left out, the regularisers are off, as for a call.
        checkpoint_every : int, optional
            Keep the outputs and, about every so many time steps, the states; `backward` runs the
            segments between them again (gradient checkpointing, Chen et al. 2016). The gradients
            are the same bit for bit, the memory is that of one segment of each layer and the time
            that of one forward pass more. For sequences whose tape does not fit.

        Returns
        -------
        Tape
        """
        x, ends = self._check_x(x, lengths)
        if checkpoint_every is not None:
            checkpoint_every = check_size("checkpoint_every", checkpoint_every)
        rng = None if noise is None else random_numbers(noise, "noise", "noise")[0]
        initial = self._initial(state, x.shape[1])
        output, records, masks = self._stack.forward(x, initial, ends, checkpoint_every, rng)
        return Tape(
            self, records, output, masks, ends, learned=state is None, batch_first=self.batch_first
        )

    def backward(
        self,
        tape: Tape,
        d_output: Array,
        d_state: StateLike | None = None,
        through_time: bool = False,
        *,
        input_gradient: bool = True,
    ) -> LayerGradients:
        """Back-propagate through time.

        Parameters
        ----------
        tape : Tape
            Of `forward` of this layer or of a copy of it; it may be used again. The gradients are
            those of the parameters as they were then.
        d_output : array (T, B, D*H), or (B, T, D*H) with `batch_first`
            dL/dy; what stands in it behind a sequence's end counts for nothing.
        d_state : named tuple, dict or tuple of (num_layers * D, B, H) arrays, optional
            dL/d final state, beyond what passes through `d_output`; zeros if left out.
        through_time : bool
            Whether to hand out dL/ds_t at every step: `gradients.states()`.
        input_gradient : bool
            Whether dL/dx is wanted; training does without it.

        Returns
        -------
        LayerGradients
        """
        if not isinstance(tape, Tape) or not tape._fits(self):
            found = "a tape of another layer" if isinstance(tape, Tape) else type(tape).__name__
            raise TypeError(
                "tape must come from this layer's forward, or from that of a copy of it, got "
                f"{found}: call layer.forward(x) first"
            )
        steps, batch, width = tape._output.shape
        sizes = {"T": steps, "B": batch, "D*H" if self.bidirectional else "H": width}
        d_input, rows = self._stack.backward(
            tape._records,
            tape._masks,
            self._check_sequences("d_output", d_output, sizes, tape._lengths)[0],
            self._check_state("d_state", d_state, batch),
            learned=tape._learned,
            through_time=through_time,
            input_gradient=input_gradient,
        )
        return LayerGradients(
            parameters={n: array for row in rows for n, array in row.parameters.items()},
            input=None if d_input is None else self._turned(d_input),
            state=gather(self.cell.states, [row.initial for row in rows]),
            _num_layers=self.num_layers,
            _over_time=[row.through_time for row in rows],
        )

    def gate(self, name: str, layer: int = 0, reverse: bool = False) -> tuple[Array, Array]:
        """Return copies of a gate's weight over [h, x] and its bias, as textbooks print them.

        Parameters
        ----------
        name : str
            The gate's name in the equations, such as "f".
        layer : int
        reverse : bool
            Whether the backward direction's is meant.

        Returns
        -------
        weight : array (H, H + I)
            Columns over the concatenation [h, x], with x of size D*H for a layer above the first; a
            map on further states has them in front, [c, h, x]. Zeros where the gate has no matrix.
        bias : array (H,)
            The bias of the map that sees x, where there is one.
        """
        return read_gate(self._direction(layer, reverse), name)

    def set_gate(
        self, name: str, weight: Array, bias: Array, layer: int = 0, reverse: bool = False
    ) -> None:
        """Set a gate's weight over [h, x] and its bias, in the form that `gate` returns them."""
        write_gate(self._direction(layer, reverse), name, weight, bias)

    def astype(self, dtype: Any) -> Recurrent:
        """Return a copy of the layer in another dtype."""
        options = {**self.options, "dtype": dtype, "engine": self.engine}
        # glorot is the cheapest to draw: every number is replaced
        copy = Recurrent(
            self.cell, self.input_size, self.hidden_size, init="glorot", seed=0, **options
        )
        copy.seed = self.seed
        for name, array in self.parameters.items():
            copy.parameters[name][:] = array
        return copy

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the layer into one file of named arrays, without pickle; `rnnlab.load` reads it.

        Parameters
        ----------
        path : str or path
            Written whole or not at all; what was there is replaced.

        Returns
        -------
        pathlib.Path
        """
        from rnnlab.layers.saving import save_layer

        return save_layer(self, Path(path))

    @property
    def _dtype(self) -> np.dtype[Any]:
        return np.dtype(self.dtype)

    def _equals(self, arrays: Sequence[Mapping[str, Array]]) -> bool:
        """Return whether the parameters equal those of each direction, by the cell's names."""
        return all(
            direction.equals(one)
            for direction, one in zip(self._stack.directions, arrays, strict=True)
        )

    def _direction(self, layer: int, reverse: bool) -> Direction:
        row = find_row(self.num_layers, self.directions, layer, reverse)
        return self._stack.directions[row]

    def _check_x(
        self, x: Array, lengths: Sequence[int] | Array | None
    ) -> tuple[Array, Array | None]:
        sizes: dict[str, int | str] = {"T": "T", "B": "B", "I": self.input_size}
        return self._check_sequences("x", x, sizes, lengths)

    def _check_sequences(
        self,
        name: str,
        value: Array,
        sizes: Mapping[str, int | str],
        lengths: Sequence[int] | Array | None,
    ) -> tuple[Array, Array | None]:
        """Return an array (T, B, ...) and the lengths; `sizes` are those of T, B and the units."""

        def written(symbols: Iterable[str]) -> str:
            return ", ".join(s if sizes[s] == s else f"{s}={sizes[s]}" for s in symbols)

        time, batch, units = sizes
        if self.batch_first:
            turned = (batch, time, units)
            value = time_first(name, value, [sizes[s] for s in turned], f"({written(turned)})")
            name = f"{name}.swapaxes(0, 1)"  # of which further messages speak
        return check_padded(
            name, value, list(sizes.values()), self._dtype, f"({written(sizes)})", lengths
        )

    def _turned(self, array: Array) -> Array:
        """Return (T, B, ...) in the order of the user's arrays."""
        return np.ascontiguousarray(array.swapaxes(0, 1)) if self.batch_first else array

    def _check_state(self, name: str, state: StateLike | None, batch: int) -> list[list[Array]]:
        """Return each direction's states (B, H), zeros where none are given."""
        count, units = len(self._stack.directions), self.hidden_size
        if state is None:
            zeros = [np.zeros((batch, units), self._dtype) for _ in self.cell.states]
            return [zeros] * count
        return check_state(name, state, self.cell.states, (count, batch, units), self._dtype)

    def _initial(self, state: StateLike | None, batch: int) -> list[list[Array]]:
        if state is None and self.learn_initial_state:
            return self._stack.initial(batch)
        return self._check_state("state", state, batch)
