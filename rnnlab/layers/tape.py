"""What a layer's forward pass saw, and what its backward pass found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnlab.engine import ReferenceEngine
from rnnlab.engine.protocol import Array

if TYPE_CHECKING:
    from rnnlab.layers.recurrent import Recurrent


def _only_layer(layer: int, reverse: bool) -> None:
    if layer != 0 or reverse:
        raise ValueError(
            f"the layer has one direction and no other layer, got layer={layer}, "
            f"reverse={reverse}: leave both out"
        )


class Tape:
    """What `Recurrent.forward` saw: output, states and gates over time.

    Arrays are views of the tape and cannot be written to; copy what you want to change.
    """

    def __init__(self, layer: Recurrent, record: Any) -> None:
        self._layer = layer
        self._record = record

    @property
    def output(self) -> Array:
        """The output y, (T, B, H)."""
        return _read_only(self._record.output)

    @property
    def state(self) -> Any:
        """The final state, a named tuple of (1, B, H) arrays."""
        return self._layer.state_type(*(s[None].copy() for s in self._record.final))

    def states(self, layer: int = 0, reverse: bool = False) -> dict[str, Array]:
        """Return each state over time, (T+1, B, H), with the initial one in slot 0."""
        _only_layer(layer, reverse)
        names = self._layer.cell.states
        return {n: _read_only(s) for n, s in zip(names, self._record.states, strict=True)}

    def gates(self, layer: int = 0, reverse: bool = False) -> dict[str, Array]:
        """Return each named value of the equations over time, (T, B, H), such as "f" or "n"."""
        _only_layer(layer, reverse)
        named = self._layer.cell.equations.gates
        held = {name: self._record.value(node.index) for name, node in named.items()}
        if any(array is None for array in held.values()):
            # What the backward pass does not need was not kept: it follows from the states.
            engine = ReferenceEngine(self._layer.cell, self._layer.dtype)
            before = [state[:-1] for state in self._record.states]
            values = engine.step(self._record.parameters, self._record.x, before)
            shape = before[0].shape
            for name, node in named.items():
                if held[name] is None:
                    held[name] = np.broadcast_to(values[node.index], shape)
        return {name: _read_only(array) for name, array in held.items() if array is not None}


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
    state : named tuple of (1, B, H) arrays
        Of the initial state.
    """

    parameters: dict[str, Array]
    input: Array | None
    state: Any
    _over_time: dict[str, Array] | None

    def states(self, layer: int = 0, reverse: bool = False) -> dict[str, Array]:
        """Return dL/ds_t of every state, (T+1, B, H); slot 0 is the initial state.

        s_t is taken as a node of the computation: its gradient counts every path that leaves it,
        the one to the output of the same step included.
        """
        _only_layer(layer, reverse)
        if self._over_time is None:
            raise ValueError(
                "gradients of states over time must be asked for: "
                "call layer.backward(..., through_time=True)"
            )
        return dict(self._over_time)
