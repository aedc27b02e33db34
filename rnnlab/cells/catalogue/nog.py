"""Peephole LSTM without its output gate."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh, vector


@cell(
    keep="f",
    write="i",
    paper="Greff et al. 2017, LSTM: a search space odyssey, IEEE TNNLS 28(10), variant NOG",
)
def nog(x, h, c):
    """LSTM, no output gate: o = 1 (Greff et al. 2017)."""
    i = sigmoid(linear("i", x, h) + vector("p_i") * c)
    f = sigmoid(linear("f", x, h, bias=1.0) + vector("p_f") * c)
    g = tanh(linear("g", x, h))
    c = f * c + i * g
    h = tanh(c)
    return h, c
