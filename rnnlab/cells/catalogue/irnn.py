"""Rectified network that starts at the identity."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, relu


@cell(
    init="irnn",
    paper="Le, Jaitly & Hinton 2015, A simple way to initialize recurrent networks of rectified "
    "linear units, arXiv 1504.00941",
)
def irnn(x, h):
    """IRNN: rnn-relu that starts at the identity (Le, Jaitly & Hinton 2015)."""
    h = relu(linear("h", x, h))
    return h
