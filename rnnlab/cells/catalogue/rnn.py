"""Vanilla recurrent networks (Elman 1990)."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, relu, tanh


@cell(paper="Elman 1990, Finding structure in time, Cognitive Science 14(2)")
def rnn(x, h):
    """Vanilla (Elman) recurrent network with tanh (Elman 1990)."""
    h = tanh(linear("h", x, h))
    return h


@cell(
    paper="Le, Jaitly & Hinton 2015, A simple way to initialize recurrent networks of rectified "
    "linear units, arXiv 1504.00941",
    differs="it starts as other cells do; irnn is the same cell with the paper's start",
)
def rnn_relu(x, h):
    """Vanilla network with the rectifier; `init="irnn"` makes it an IRNN (Le et al. 2015)."""
    h = relu(linear("h", x, h))
    return h
