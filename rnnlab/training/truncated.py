"""Truncated back-propagation through time: training on long streams, window by window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnlab.batch import Batch
from rnnlab.engine.protocol import Array
from rnnlab.layers import Tape
from rnnlab.layers.parameters import Parameters
from rnnlab.layers.seeding import random_numbers
from rnnlab.layers.states import in_order
from rnnlab.layers.validation import check_size
from rnnlab.training.loss_contract import Loss
from rnnlab.training.model import SequenceModel
from rnnlab.training.targets import has_no_answer, ignore_padding


@dataclass(frozen=True)
class _Piece:
    """Some steps of the stream, and the sequences that began them at a changed state."""

    tape: Tape
    changed: Array  # bool (B,)


class TruncatedBPTT:
    """A model that reads streams in windows: truncated back-propagation through time.

    Every `k1` steps, the errors of these steps go back over the last `k2` steps, and the state is
    carried on into the next window. This is BPTT(h; h') of Williams & Peng 1990 (An efficient
    gradient-based algorithm for on-line training of recurrent network trajectories, Neural
    Computation 2(4)), with h = k2 and h' = k1: what was computed in earlier windows is not computed
    again with the newer parameters. Memory is that of k2 steps.

    It replaces the model in `train`, whose batches are then the windows: see `cut`.

    Where the state is changed between two windows, gradients stop, as they do in PyTorch at a state
    that was detached or multiplied by zero: an error after the change does not go back to the steps
    before it. This holds for each sequence alone, so that one sequence of a batch can start again
    while the others go on. A sequence counts as changed if a number of its state is no longer the
    one that the window before left, or if `state` was assigned and is all zeros for the sequence.

    Parameters
    ----------
    model : SequenceModel
        With a readout at every step, on a layer of one direction.
    k1 : int
        Steps of a window.
    k2 : int
        Steps that gradients go back, the window included; at least `k1`. With the length of the
        stream or more, the gradients of the windows add up to those of full BPTT.

    Attributes
    ----------
    state : named tuple of (num_layers, B, H) arrays, or None
        Initial state of the next window; None at the beginning of a stream. It may be assigned, and
        its arrays may be modified.

    Raises
    ------
    ValueError
        If `k2` < `k1`; for a bidirectional layer or a readout at the end; if masks are to hold for
        a window (`Regularisers(variational=True)`) that k2 cuts in two.

    Examples
    --------
    >>> import numpy as np, rnnlab
    >>> from rnnlab.training import SequenceModel, TruncatedBPTT, softmax_cross_entropy
    >>> stream = TruncatedBPTT(SequenceModel(rnnlab.GRU(4, 16), output_size=3), k1=10, k2=25)
    >>> x, targets = np.zeros((1000, 2, 4), np.float32), np.zeros((1000, 2), int)
    >>> for x_window, targets_window in stream.windows(x, targets):
    ...     loss, gradients = stream.loss_and_gradients(
    ...         x_window, targets_window, softmax_cross_entropy
    ...     )
    >>> stream.state.h.shape
    (1, 2, 16)
    """

    def __init__(self, model: SequenceModel, k1: int, k2: int) -> None:
        self.model = model
        self.k1 = check_size("k1", k1)
        self.k2 = check_size("k2", k2)
        if self.k2 < self.k1:
            raise ValueError(
                f"k2 must be at least k1={self.k1}, got {self.k2}: the errors of k1 steps go back "
                "over k2 of them"
            )
        if model.layer.bidirectional:
            raise ValueError(
                "a stream needs a layer of one direction, got bidirectional=True: the backward "
                "direction begins at an end that has not come yet"
            )
        if model.read != "every":
            raise ValueError(
                f'a stream needs a readout at every step, got read="{model.read}": '
                'make the model with read="every" and mark steps without an answer in the targets'
            )
        noise = model.layer.regularisers
        if noise is not None and noise.variational and self.k2 % self.k1:
            raise ValueError(
                f"k2 must be a multiple of k1={self.k1} with variational=True, got {self.k2}: "
                f"a mask holds for a whole window; use {self.k2 // self.k1 * self.k1}"
            )
        self.reset()

    @property
    def parameters(self) -> Parameters:
        """The model's live arrays."""
        return self.model.parameters

    def reset(self) -> None:
        """Begin another stream: discard the state and the tapes of earlier windows."""
        self._state: Any = None
        self._left: Any = None  # copy of the final state of the last window
        self._assigned = False
        self._past: list[_Piece] = []  # pieces that a later window may go back over

    @property
    def state(self) -> Any:
        """Initial state of the next window."""
        return self._state

    @state.setter
    def state(self, state: Any) -> None:
        self._state, self._assigned = state, True

    def windows(self, x: Array, targets: Array) -> Iterator[tuple[Array, Array]]:
        """Begin a stream (T, B, ...) and cut it into windows of k1 steps; the last may be short."""
        self.reset()
        for first in range(0, len(x), self.k1):
            window = slice(first, first + self.k1)
            yield x[window], targets[window]

    def cut(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the windows of batches of whole sequences, each batch as a stream of its own.

        Targets after the end of a sequence are ignored; its state continues over the padding.

        Examples
        --------
        >>> import rnnlab
        >>> stream = TruncatedBPTT(SequenceModel(rnnlab.GRU(4, 16), output_size=3), k1=10, k2=25)
        >>> batches = [Batch(np.zeros((25, 2, 4), np.float32), np.zeros((25, 2), int))]
        >>> [len(window.x) for window in stream.cut(batches)]
        [10, 10, 5]
        """
        for batch in batches:
            targets = batch.targets
            if batch.lengths is not None:
                targets = ignore_padding(targets, batch.lengths)
            for x, window in self.windows(batch.x, targets):
                yield Batch(x, window, weights=batch.weights, noise=batch.noise)

    def loss_and_gradients(
        self,
        x: Array,
        targets: Array,
        loss: Loss,
        *,
        weights: Array | None = None,
        noise: int | np.random.Generator | None = None,
    ) -> tuple[float, dict[str, Array]]:
        """Return the loss of the next window, and its gradient over the last k2 steps.

        Parameters
        ----------
        x : array (k1, B, I)
            Fewer steps at the end of a stream; the gradient may then go back over fewer steps.
        targets : array
            Targets of the loss for outputs (k1, B, O).
        loss : callable
            `loss(outputs, targets) -> (value, d_outputs)`, the mean over the window.
        weights : array, optional
            As for `SequenceModel`.
        noise : int or numpy.random.Generator, optional
            As for `SequenceModel`.

        Returns
        -------
        value : float
            0 for a window without an answer: the stream goes on, the gradients are 0.
        gradients : dict of str to array
            Empty where `value` is not finite.

        Raises
        ------
        ValueError
            If the window has more than k1 steps, or another batch than the one before.
        """
        if len(x) > self.k1:
            raise ValueError(
                f"a window must have at most k1={self.k1} steps, got {len(x)}: "
                "cut the stream with stream.windows(x, targets)"
            )
        rng = None if noise is None else random_numbers(noise, "noise", "noise")[0]
        pieces: list[_Piece] = []
        state = self._state
        for part in self._cut(x):
            tape = self.model.layer.forward(part, state, noise=rng)
            batch = tape.output.shape[1]
            changed = np.zeros(batch, bool) if pieces else self._changed(batch)
            pieces.append(_Piece(tape, changed))
            state = tape.state
        value, gradients = 0.0, {name: np.zeros_like(a) for name, a in self.parameters.items()}
        if not has_no_answer(np.asarray(targets)):
            y = np.concatenate([piece.tape.output for piece in pieces])
            value, d_y, readout = self.model.readout_loss(y, targets, loss, weights)
            gradients = {} if d_y is None else self._go_back(pieces, d_y) | readout
        self._remember(pieces)
        self._state, self._assigned = type(state)(*(array.copy() for array in state)), False
        self._left = tuple(array.copy() for array in state)
        return value, gradients

    def _changed(self, batch: int) -> Array:
        """Return which sequences, bool (B,), do not begin at the final state of the last window."""
        if self._state is None or self._left is None:
            return np.ones(batch, bool)
        names = self.model.layer.cell.states
        given = [np.asarray(array) for array in in_order("state", self._state, names)]
        if any(new.shape != old.shape for new, old in zip(given, self._left, strict=True)):
            return np.ones(batch, bool)  # another batch, or an invalid state
        differs, zero = np.zeros(batch, bool), np.ones(batch, bool)
        for new, old in zip(given, self._left, strict=True):  # (num_layers, B, H)
            differs |= (new != old).any(axis=(0, 2))
            zero &= (new == 0).all(axis=(0, 2))
        return differs | (zero & self._assigned)

    def _cut(self, x: Array) -> list[Array]:
        """Cut a window where the k2 steps of later windows begin: a tape must begin there too."""
        at = -self.k2 % self.k1
        return [part for part in (x[:at], x[at:]) if len(part)]

    def _go_back(self, pieces: list[_Piece], d_y: Array) -> dict[str, Array]:
        """Return the layer's gradients over the window and as much of the past as k2 allows."""
        layer = self.model.layer
        total: dict[str, Array] = {}
        d_state: Any = None
        reach, end = 0, len(d_y)
        for piece in reversed([*self._past, *pieces]):
            tape, steps = piece.tape, len(piece.tape.output)
            if reach + steps > self.k2:
                break
            reach += steps
            if end > 0:
                d_output = d_y[end - steps : end]
                end -= steps
            else:
                d_output = np.zeros_like(tape.output)
            found = layer.backward(tape, d_output, d_state, input_gradient=False)
            d_state = found.state
            for d in d_state:
                d[:, piece.changed] = 0  # the gradient ends here
            for name, share in found.parameters.items():
                total[name] = total[name] + share if name in total else share
            if piece.changed.all():
                break
        return total

    def _remember(self, pieces: list[_Piece]) -> None:
        """Keep the pieces that the next window can reach: less than k2 steps."""
        self._past += pieces
        reach = 0
        for number in reversed(range(len(self._past))):
            reach += len(self._past[number].tape.output)
            if reach >= self.k2 or self._past[number].changed.all():
                del self._past[:number]
                return
