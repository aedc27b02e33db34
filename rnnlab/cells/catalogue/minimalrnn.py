"""MinimalRNN."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(keep="u", paper="Chen 2017, MinimalRNN, arXiv 1711.06788")
def minimalrnn(x, h):
    """MinimalRNN: x is mapped into the space of h, then gated (Chen 2017)."""
    z = tanh(linear("z", x))
    u = sigmoid(linear("u", h) + linear("v", z, bias=None))
    h = u * h + (1 - u) * z
    return h
