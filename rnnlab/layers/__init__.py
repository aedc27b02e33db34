"""Recurrent layers of any cell: parameters, initialisation, stacks, directions, files."""

from rnnlab.layers.initialisers import INITIALISATIONS, initialise
from rnnlab.layers.named import GRU, LSTM, RNN, PeepholeLSTM
from rnnlab.layers.recurrent import Recurrent
from rnnlab.layers.regularisers import Regularisers
from rnnlab.layers.tape import LayerGradients, Tape

__all__ = [
    "GRU",
    "INITIALISATIONS",
    "LSTM",
    "RNN",
    "LayerGradients",
    "PeepholeLSTM",
    "Recurrent",
    "Regularisers",
    "Tape",
    "initialise",
]
