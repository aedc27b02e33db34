"""Long short-term memory."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="f",
    write="i",
    paper="Hochreiter & Schmidhuber 1997, Long short-term memory, Neural Computation 9(8); "
    "Gers et al. 2000, Learning to forget, Neural Computation 12(10)",
)
def lstm(x, h, c):
    """Long short-term memory with forget gate (Hochreiter & Schmidhuber 1997; Gers et al. 2000)."""
    i = sigmoid(linear("i", x, h))
    f = sigmoid(linear("f", x, h, bias=1.0))
    g = tanh(linear("g", x, h))
    o = sigmoid(linear("o", x, h))
    c = f * c + i * g
    h = o * tanh(c)
    return h, c
