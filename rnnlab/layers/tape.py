"""Results of a layer's forward pass and of its backward pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnlab.engine import Record, ReferenceEngine
from rnnlab.engine.protocol import Array, blank_padding
from rnnlab.layers.architecture import Architecture
from rnnlab.layers.states import find_row, gather


class Tape:
    """Record of `Recurrent.forward`: output, states and gates over time.

    Arrays belong to the tape and are read-only; copy what you want to change. A tape holds the
    parameters that it was made with: it can be pickled, and used with its layer, with copies of the
    layer, and with a layer of the same architecture and parameters, such as one read from a file.

    Parameters
    ----------
    architecture : Architecture
        That of the layer.
    identity : bytes
        Mark of the layer, which its copies share.
    records : sequence of Record
        The engine's, of every direction of every layer, in the order of the state's rows.
    output : array (T, B, D*H)
    masks : sequence of array or None
        What the input of each layer, and the output of the last, was multiplied with.
    lengths : int64 array (B,) or None
        Where sequences end.
    learned : bool
        Whether the run began with the layer's own initial states.
    """

    def __init__(
        self,
        architecture: Architecture,
        identity: bytes,
        records: Sequence[Record],
        output: Array,
        masks: Sequence[Array | None],
        lengths: Array | None,
        *,
        learned: bool,
    ) -> None:
        self._architecture = architecture
        self._identity = identity
        self._records = records
        self._output = output
        self._masks = masks
        self._lengths = lengths
        self._learned = learned

    def __repr__(self) -> str:
        steps, batch, _ = self._output.shape
        return f"<rnnlab.Tape {self._architecture} T={steps} B={batch}>"

    @property
    def output(self) -> Array:
        """The output y, (T, B, D*H), or (B, T, D*H) with `batch_first`."""
        turned = self._architecture.batch_first
        return _read_only(self._output.swapaxes(0, 1) if turned else self._output)

    @property
    def state(self) -> Any:
        """The final state, a named tuple of (num_layers * D, B, H) arrays."""
        # copies: a state that is carried on must not keep the whole tape in memory
        rows = [[_read_only(array.copy()) for array in record.final] for record in self._records]
        state = gather(self._architecture.cell.states, rows)
        return type(state)(*map(_read_only, state))

    def states(self, layer: int = 0, reverse: bool = False) -> dict[str, Array]:
        """Return each state over time, (T+1, B, H), with the initial one in slot 0.

        The backward direction (`reverse=True`) is in its own time: it begins, in slot 0, at the
        sequence's end, and slot s is the state after it has read x[T - s]. With `lengths`, a
        sequence has its own T, and its state stays as it is from there on.
        """
        names, record = self._architecture.cell.states, self._record(layer, reverse)
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
            engine = ReferenceEngine(record.cell, self._architecture.dtype)
            before = [state[:-1] for state in record.states]
            values = engine.step(record.parameters, record.x, before, record.given)
            shape = before[0].shape
            for name, node in named.items():
                if held[name] is None:
                    value = np.broadcast_to(values[node.index], shape)
                    held[name] = blank_padding(value, record.lengths)
        return {name: _read_only(array) for name, array in held.items() if array is not None}

    def _record(self, layer: int, reverse: bool) -> Record:
        made = self._architecture
        return self._records[find_row(made.num_layers, made.directions, layer, reverse)]


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

    def __repr__(self) -> str:
        given = "" if self.input is None else f" input={self.input.shape}"
        states = ", ".join(self.state._fields)
        return f"<rnnlab.LayerGradients parameters={len(self.parameters)}{given} state=({states})>"

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
