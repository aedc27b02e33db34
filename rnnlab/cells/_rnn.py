"""Vanilla recurrent networks (Elman 1990)."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, relu, tanh


@cell
def rnn(x, h):
    """Vanilla (Elman) recurrent network with tanh (Elman 1990)."""
    h = tanh(linear("h", x, h))
    return h


@cell
def rnn_relu(x, h):
    """Vanilla network with the rectifier; `init="irnn"` makes it an IRNN (Le et al. 2015)."""
    h = relu(linear("h", x, h))
    return h
