"""Vanilla recurrent network."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, tanh


@cell(paper="Elman 1990, Finding structure in time, Cognitive Science 14(2)")
def rnn(x, h):
    """Vanilla (Elman) recurrent network with tanh (Elman 1990)."""
    h = tanh(linear("h", x, h))
    return h
