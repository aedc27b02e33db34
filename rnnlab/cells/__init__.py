"""What a cell computes: equations only, one file a cell."""

from rnnlab.cells._gru import gru
from rnnlab.cells._lstm import lstm
from rnnlab.cells._peephole_lstm import peephole_lstm
from rnnlab.cells._rnn import rnn, rnn_relu
from rnnlab.cells.definition import CellDefinition, ParameterArray, cell
from rnnlab.cells.finding import find_cell
from rnnlab.registry import cells as _registry

for _definition in (rnn, rnn_relu, lstm, peephole_lstm, gru):
    _registry.register(_definition.name, _definition)

__all__ = [
    "CellDefinition",
    "ParameterArray",
    "cell",
    "find_cell",
    "gru",
    "lstm",
    "peephole_lstm",
    "rnn",
    "rnn_relu",
]
