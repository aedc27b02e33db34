"""Long short-term memory whose gates see the whole cell state."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="f",
    write="i",
    paper="Gers & Schmidhuber 2000, Recurrent nets that time and count, IJCNN",
    differs="a matrix on c, f = sigmoid(W_f [c, h, x] + b_f), as some textbooks print it; the "
    "peepholes of the paper join each cell to its own gates: peephole-lstm",
)
def peephole_lstm_full(x, h, c):
    """LSTM with full-matrix peepholes: i, f see c_{t-1}, o sees c_t (Gers & Schmidhuber 2000)."""
    i = sigmoid(linear("i", x, h, c))
    f = sigmoid(linear("f", x, h, c, bias=1.0))
    g = tanh(linear("g", x, h))
    c = f * c + i * g
    o = sigmoid(linear("o", x, h, c))
    h = o * tanh(c)
    return h, c
