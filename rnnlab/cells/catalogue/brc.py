"""Bistable recurrent cell."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh, vector


@cell(
    keep="c",
    paper="Vecoven, Ernst & Drion 2021, A bio-inspired bistable recurrent cell allows for "
    "long-lasting memory, PLOS ONE 16(6), BRC",
    differs="a and c have biases, as in the authors' code",
)
def brc(x, h):
    """BRC: a unit that feeds back on itself alone, bistable if a > 1 (Vecoven et al. 2021)."""
    a = 1 + tanh(linear("a", x) + vector("w_a", init=1.0) * h)
    c = sigmoid(linear("c", x) + vector("w_c", init=1.0) * h)
    h = c * h + (1 - c) * tanh(linear("n", x, bias=None) + a * h)
    return h
