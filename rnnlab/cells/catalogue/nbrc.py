"""Recurrently neuromodulated bistable recurrent cell."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="c",
    paper="Vecoven, Ernst & Drion 2021, A bio-inspired bistable recurrent cell allows for "
    "long-lasting memory, PLOS ONE 16(6), nBRC",
    differs="a and c have biases, as in the authors' code",
)
def nbrc(x, h):
    """Neuromodulated BRC: all units choose the feedback of each (Vecoven et al. 2021)."""
    a = 1 + tanh(linear("a", x, h))
    c = sigmoid(linear("c", x, h))
    h = c * h + (1 - c) * tanh(linear("n", x, bias=None) + a * h)
    return h
