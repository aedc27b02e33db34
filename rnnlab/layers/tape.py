"""What a layer's forward pass saw, and what its backward pass found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnlab.engine import ReferenceEngine
from rnnlab.engine.protocol import Array, blank_padding
from rnnlab.layers.states import find_row, gather

if TYPE_CHECKING:
    from rnnlab.layers.recurrent import Recurrent


class Tape:
    """What `Recurrent.forward` saw: output, states and gates over time.

    Arrays are views of the tape and cannot be written to; copy what you want to change.

    Parameters
    ----------
    layer : Recurrent
    records : sequence of Record
        The engine's, of every direction of every layer, in the order of the state's rows.
    output : array (T, B, D*H)
    masks : sequence of array or None
        What the input of each layer, and the output of the last, was multiplied with.
    lengths : int64 array (B,) or None
        Where sequences end.
    learned : bool
        Whether the run began with the layer's own initial states.
    batch_first : bool
        Whether users see the output as (B, T, D*H).
    """

    def __init__(
        self,
        layer: Recurrent,
        records: Sequence[Any],
        output: Array,
        masks: Sequence[Array | None],
        lengths: Array | None,
        *,
        learned: bool,
        batch_first: bool = False,
    ) -> None:
        self._layer = layer
        self._records = records
        self._output = output
        self._masks = masks
        self._lengths = lengths
        self._learned = learned
        self._batch_first = batch_first

    @property
    def output(self) -> Array:
        """The output y, (T, B, D*H), or (B, T, D*H) with `batch_first`."""
        return _read_only(self._output.swapaxes(0, 1) if self._batch_first else self._output)

    @property
    def state(self) -> Any:
        """The final state, a named tuple of (num_layers * D, B, H) arrays."""
        rows = [[array.copy() for array in record.final] for record in self._records]
        return gather(self._layer.cell.states, rows)

    def states(self, layer: int = 0, reverse: bool = False) -> dict[str, Array]:
        """Return each state over time, (T+1, B, H), with the initial one in slot 0.

        The backward direction (`reverse=True`) is in its own time: it begins, in slot 0, at the
        sequence's end, and slot s is the state after it has read x[T - s]. With `lengths`, a
        sequence has its own T, and its state stays as it is from there on.
        """
        names, record = self._layer.cell.states, self._record(layer, reverse)
        return {n: _read_only(s) for n, s in zip(names, record.states, strict=True)}

    def gates(self, layer: int = 0, reverse: bool = False) -> dict[str, Array]:
        """Return each named value of the equations over time, (T, B, H), such as "f" or "n".

        The time is that of `states`: the step from slot s to slot s + 1 is at s. Beyond a
        sequence's end they are 0.
        """
        record = self._record(layer, reverse)
        named = record.cell.equations.gates
        held = {name: record.value(node.index) for name, node in named.items()}
        if any(array is None for array in held.values()):
            # What the backward pass does not need was not kept: it follows from the states.
            engine = ReferenceEngine(record.cell, self._layer.dtype)
            before = [state[:-1] for state in record.states]
            values = engine.step(record.parameters, record.x, before, record.given)
            shape = before[0].shape
            for name, node in named.items():
                if held[name] is None:
                    value = np.broadcast_to(values[node.index], shape)
                    held[name] = blank_padding(value, record.lengths)
        return {name: _read_only(array) for name, array in held.items() if array is not None}

    def _record(self, layer: int, reverse: bool) -> Any:
        count = self._layer.num_layers
        return self._records[find_row(count, len(self._records) // count, layer, reverse)]


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True)
class LayerGradients:
    """Gradients of one backward pass.

    Attributes
    ----------
    parameters : dict of str to array
        By the names of the layer's parameters.
    input : array (T, B, I) or None
    state : named tuple of (num_layers * D, B, H) arrays
        Of the initial state.
    """

    parameters: dict[str, Array]
    input: Array | None
    state: Any
    _num_layers: int
    _over_time: Sequence[tuple[Array, ...] | None]

    def states(self, layer: int = 0, reverse: bool = False) -> dict[str, Array]:
        """Return dL/ds_t of every state, (T+1, B, H); slot 0 is the initial state.

        s_t is taken as a node of the computation: its gradient counts every path that leaves it,
        the one to the output of the same step included. Slots are those of `Tape.states`: the
        backward direction is in its own time.
        """
        directions = len(self._over_time) // self._num_layers
        over_time = self._over_time[find_row(self._num_layers, directions, layer, reverse)]
        if over_time is None:
            raise ValueError(
                "gradients of states over time must be asked for: "
                "call layer.backward(..., through_time=True)"
            )
        return dict(zip(self.state._fields, over_time, strict=True))
