"""Layers by the names of their cells."""

from __future__ import annotations

from typing import Any

from rnnlab.layers.recurrent import Recurrent


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
