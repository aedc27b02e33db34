"""The recurrent layer: arrays in, checked; outputs, tapes and gradients out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnlab.capacity import check_memory
from rnnlab.cells import CellDefinition, find_cell
from rnnlab.engine import DEFAULT, EngineFactory
from rnnlab.engine.protocol import Array
from rnnlab.layers.architecture import Architecture
from rnnlab.layers.base import Layer
from rnnlab.layers.options import refuse_options
from rnnlab.layers.regularisers import Regularisers
from rnnlab.layers.seeding import INITIALISATION, Seed, random_numbers
from rnnlab.layers.states import StateLike, check_state, gather
from rnnlab.layers.tape import LayerGradients, Tape
from rnnlab.layers.validation import check_array, check_sequences, check_size


class Recurrent(Layer):
    """A layer of one recurrent cell, optionally stacked and bidirectional.

    Time comes first: x is (T, B, I). An array (B, T, I) has the same number of axes and cannot be
    recognised: it would be read as T sequences of B steps. For that order, make the layer with
    `batch_first=True`.

    Parameters
    ----------
    cell : str or CellDefinition
        A registered name such as "lstm" (`rnnlab cells` lists them), "FILE.py:NAME", or a cell
        made with `@rnnlab.cell`.
    input_size, hidden_size : int
        I and H.
    num_layers : int
        Number of stacked layers, each reading the output of the one below.
    bidirectional : bool
        Whether each layer also reads its input from the end, D = 2 directions: the output is
        (T, B, D*H), that of the forward direction first.
    learn_initial_state : bool
        Whether the initial states are parameters, `h0_l0` (H,) and so on, which start at zero,
        instead of constant zeros.
    regularisers : Regularisers, optional
        Dropout and zoneout for training; `forward(x, noise=...)` draws their masks.
    dtype : "float32" or "float64"
    batch_first : bool
        Whether x, y, `tape.output`, `d_output` and `gradients.input` are (B, T, ...) instead of
        (T, B, ...). As in PyTorch, states stay (num_layers * D, B, H), and states and gates over
        time are (T, B, H).
    seed : int or numpy.random.Generator, optional
        Seed of the initial parameters, which are drawn in the order of `parameters`: the first
        layer's forward direction is that of a single layer of the same seed. If left out, every
        layer is drawn from fresh entropy of the operating system, which the attribute keeps.
    init : str, optional
        "default", "glorot", "torch" or "irnn": see `rnnlab.layers.initialise`. If left out, the
        initialisation that the cell's paper recommends.
    forget_bias : float or "chrono", optional
        Initial bias of the gate that keeps the memory, instead of that in the equations.
    chrono_tmax : int, optional
        The longest memory in time steps, for "chrono".
    engine : str or callable
        Engine that runs the layer: a registered name ("compiled", or "reference" in plain NumPy),
        or a function that makes an engine from a cell and the name of a dtype. It is not part of a
        saved layer.
    **unsupported : Any
        Arguments of PyTorch's layers are accepted with the values that change nothing (`bias=True`,
        `dropout=0`); otherwise an error says what to use instead.

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
    >>> layer
    <rnnlab.Recurrent lstm input_size=10 hidden_size=64 num_layers=2 bidirectional=True \
parameters=137216 seed=1>
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
        architecture = Architecture(
            find_cell(cell),
            input_size,
            hidden_size,
            num_layers,
            bidirectional,
            learn_initial_state,
            regularisers,
            dtype,
            batch_first,
            engine,
        )
        refuse_options(architecture.cell.name, unsupported)
        check_memory(f"the parameters of a layer ({architecture})", architecture.bytes_needed)
        rng, drawn_from = random_numbers(seed, INITIALISATION)
        super().__init__(architecture, {}, drawn_from)
        for direction in self._stack.directions:
            direction.draw(rng, init=init, forget_bias=forget_bias, chrono_tmax=chrono_tmax)

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
            states, or a plain tuple in their order. If left out, zeros or the learned initial
            state.
        lengths : ints (B,), optional
            Length of each sequence, from 1 to T. What x holds after a sequence's end is ignored
            and may be NaN.

        Returns
        -------
        y : array (T, B, D*H), or (B, T, D*H) with `batch_first`
            0 after a sequence's end.
        state : named tuple of (num_layers * D, B, H) arrays
            The final state, at each sequence's own end.
        """
        x, ends = self._check("x", x, ("T", "B", self.input_size), lengths)
        y, final = self._stack.infer(x, self._initial(state, x.shape[1]), ends)
        return self._in_users_order(y), gather(self.cell.states, final)

    def step(self, x_t: Array, state: StateLike | None = None) -> tuple[Array, Any]:
        """Take one time step, for input that arrives step by step.

        Parameters
        ----------
        x_t : array (B, I)
        state : named tuple, dict or tuple of (num_layers, B, H) arrays, optional
            The state that the previous step returned; if left out, the initial state.

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
        x_t = check_array("x_t", x_t, ("B", self.input_size), np.dtype(self.dtype), axes)
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
        x : array (T, B, I), or (B, T, I) with `batch_first`
        state : named tuple, dict or tuple of (num_layers * D, B, H) arrays, optional
            The initial state, as for a call.
        lengths : ints (B,), optional
            Length of each sequence, as for a call.
        noise : int or numpy.random.Generator, optional
            Random generator for the regularisers' masks, for training; an int draws the same masks
            at every call. If left out, the regularisers are off, as for a call.
        checkpoint_every : int, optional
            Keep the outputs and, about every so many time steps, the states; `backward` runs the
            segments between them again (gradient checkpointing, Chen et al. 2016). The gradients
            are the same bit for bit; the tape needs the memory of one segment of each layer, and
            `backward` the time of one more forward pass. For sequences whose tape does not fit.

        Returns
        -------
        Tape
        """
        x, ends = self._check("x", x, ("T", "B", self.input_size), lengths)
        if checkpoint_every is not None:
            checkpoint_every = check_size("checkpoint_every", checkpoint_every)
        rng = None if noise is None else random_numbers(noise, "noise", "noise")[0]
        initial = self._initial(state, x.shape[1])
        output, records, masks = self._stack.forward(x, initial, ends, checkpoint_every, rng)
        return Tape(
            self.architecture,
            self._identity,
            records,
            output,
            masks,
            ends,
            learned=state is None,
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
            dL/dy; what it holds after a sequence's end is ignored.
        d_state : named tuple, dict or tuple of (num_layers * D, B, H) arrays, optional
            dL/d final state, in addition to what passes through `d_output`; zeros if left out.
        through_time : bool
            Whether to keep dL/ds_t of every step, for `gradients.states()`.
        input_gradient : bool
            Whether to compute dL/dx; training does without it.

        Returns
        -------
        LayerGradients
        """
        if not self._made(tape):
            found = "a tape of another layer" if isinstance(tape, Tape) else type(tape).__name__
            raise TypeError(
                "tape must come from this layer's forward, or from that of a copy of it, got "
                f"{found}: call layer.forward(x) first"
            )
        d_output, _ = self._check("d_output", d_output, tape._output.shape, tape._lengths)
        d_input, rows = self._stack.backward(
            tape._records,
            tape._masks,
            d_output,
            self._check_state("d_state", d_state, d_output.shape[1]),
            learned=tape._learned,
            through_time=through_time,
            input_gradient=input_gradient,
        )
        return LayerGradients(
            parameters={n: array for row in rows for n, array in row.parameters.items()},
            input=None if d_input is None else self._in_users_order(d_input),
            state=gather(self.cell.states, [row.initial for row in rows]),
            _num_layers=self.num_layers,
            _over_time=[row.through_time for row in rows],
        )

    def _made(self, tape: object) -> bool:
        """Return whether a tape is of this layer, of a copy of it, or of a layer equal to it."""
        if not isinstance(tape, Tape):
            return False
        if tape._identity == self._identity:
            return True
        return tape._architecture.key == self.architecture.key and all(
            direction.equals(record.parameters)
            for direction, record in zip(self._stack.directions, tape._records, strict=True)
        )

    def _check(
        self,
        name: str,
        value: object,
        shape: Sequence[int | str],
        lengths: Sequence[int] | Array | None,
    ) -> tuple[Array, Array | None]:
        """Return sequences (T, B, ...) and their lengths; `shape` is in that order."""
        units = "I" if name == "x" else "D*H" if self.bidirectional else "H"
        return check_sequences(
            name, value, shape, units, np.dtype(self.dtype), lengths, batch_first=self.batch_first
        )

    def _in_users_order(self, array: Array) -> Array:
        """Return (T, B, ...) as (B, T, ...) for a layer with the batch first."""
        return np.ascontiguousarray(array.swapaxes(0, 1)) if self.batch_first else array

    def _check_state(self, name: str, state: StateLike | None, batch: int) -> list[list[Array]]:
        """Return each direction's states (B, H), zeros where none are given."""
        count, units = len(self._stack.directions), self.hidden_size
        dtype = np.dtype(self.dtype)
        if state is None:
            zeros = [np.zeros((batch, units), dtype) for _ in self.cell.states]
            return [zeros] * count
        return check_state(name, state, self.cell.states, (count, batch, units), dtype)

    def _initial(self, state: StateLike | None, batch: int) -> list[list[Array]]:
        if state is None and self.learn_initial_state:
            return self._stack.initial(batch)
        return self._check_state("state", state, batch)
