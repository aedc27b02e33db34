"""Peephole LSTM without its forget gate: the LSTM of 1997, with peepholes."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh, vector


@cell(
    write="i",
    paper="Greff et al. 2017, LSTM: a search space odyssey, IEEE TNNLS 28(10), variant NFG",
)
def nfg(x, h, c):
    """LSTM, no forget gate: f = 1 (Greff et al. 2017)."""
    i = sigmoid(linear("i", x, h) + vector("p_i") * c)
    g = tanh(linear("g", x, h))
    c = c + i * g
    o = sigmoid(linear("o", x, h) + vector("p_o") * c)
    h = o * tanh(c)
    return h, c
