"""Peephole LSTM without its input activation function."""

from rnnlab.cells.definition import cell
from rnnlab.equations import identity, linear, sigmoid, tanh, vector


@cell(
    keep="f",
    write="i",
    paper="Greff et al. 2017, LSTM: a search space odyssey, IEEE TNNLS 28(10), variant NIAF",
)
def niaf(x, h, c):
    """LSTM, no input activation function: g is linear (Greff et al. 2017)."""
    i = sigmoid(linear("i", x, h) + vector("p_i") * c)
    f = sigmoid(linear("f", x, h, bias=1.0) + vector("p_f") * c)
    g = identity(linear("g", x, h))
    c = f * c + i * g
    o = sigmoid(linear("o", x, h) + vector("p_o") * c)
    h = o * tanh(c)
    return h, c
