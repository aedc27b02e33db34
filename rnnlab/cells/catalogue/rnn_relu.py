"""Vanilla recurrent network with the rectifier."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, relu


@cell(
    paper="Le, Jaitly & Hinton 2015, A simple way to initialize recurrent networks of rectified "
    "linear units, arXiv 1504.00941",
    differs="it starts as other cells do; irnn is the same cell with the paper's start",
)
def rnn_relu(x, h):
    """Vanilla network with the rectifier; `init="irnn"` makes it an IRNN (Le et al. 2015)."""
    h = relu(linear("h", x, h))
    return h
