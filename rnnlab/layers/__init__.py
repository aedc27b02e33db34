"""Recurrent layers: parameters, how they start, and the engine that runs them."""

from rnnlab.layers.initialisers import INITIALISATIONS, accepts_forget_bias, initialise
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
    "accepts_forget_bias",
    "initialise",
]
