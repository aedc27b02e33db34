"""Long short-term memory as it was first printed."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid


@cell(
    write="i",
    paper="Hochreiter & Schmidhuber 1997, Long short-term memory, Neural Computation 9(8)",
    differs="gradients are exact: the paper cuts those that leave a memory cell and come back to "
    "its gates; one unit a block",
)
def lstm_1997(x, h, c):
    """LSTM of 1997: no forget gate, g within -2 to 2 (Hochreiter & Schmidhuber 1997)."""
    i = sigmoid(linear("i", x, h))
    g = 4 * sigmoid(linear("g", x, h)) - 2
    o = sigmoid(linear("o", x, h))
    c = c + i * g
    h = o * (2 * sigmoid(c) - 1)
    return h, c
