"""Update gate RNN."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="g",
    paper="Collins et al. 2017, Capacity and trainability in recurrent neural networks, ICLR",
)
def ugrnn(x, h):
    """Update gate RNN: a vanilla network with one gate (Collins et al. 2017)."""
    c = tanh(linear("c", x, h))
    g = sigmoid(linear("g", x, h, bias=1.0))
    h = g * h + (1 - g) * c
    return h
