"""Layers named after their cells: RNN, LSTM, PeepholeLSTM and GRU."""

from __future__ import annotations

import inspect
from typing import Unpack

from rnnlab.layers.options import LayerOptions
from rnnlab.layers.recurrent import Recurrent


class _Named(Recurrent):
    """A layer of a fixed cell."""

    _cell: str
    __signature__: inspect.Signature

    def __init_subclass__(cls, *, cell: str) -> None:
        super().__init_subclass__()
        cls._cell = cell
        # What `help` shows: the options with their defaults.
        written = inspect.signature(Recurrent)
        shown = [p for n, p in written.parameters.items() if n not in ("cell", "unsupported")]
        cls.__signature__ = written.replace(parameters=shown)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(self._cell, input_size, hidden_size, num_layers, **options)


class RNN(_Named, cell="rnn"):
    """A layer of the vanilla tanh cell; parameters as for `Recurrent` without `cell`."""


class LSTM(_Named, cell="lstm"):
    """A layer of the LSTM with forget gate; parameters as for `Recurrent` without `cell`."""


class PeepholeLSTM(_Named, cell="peephole-lstm"):
    """A layer of the LSTM with diagonal peepholes; parameters as for `Recurrent` without `cell`."""


class GRU(_Named, cell="gru"):
    """A layer of the GRU, reset after the product; parameters as for `Recurrent` without `cell`."""
