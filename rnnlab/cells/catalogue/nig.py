"""Peephole LSTM without its input gate."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh, vector


@cell(
    keep="f",
    paper="Greff et al. 2017, LSTM: a search space odyssey, IEEE TNNLS 28(10), variant NIG",
)
def nig(x, h, c):
    """LSTM, no input gate: i = 1 (Greff et al. 2017)."""
    f = sigmoid(linear("f", x, h, bias=1.0) + vector("p_f") * c)
    g = tanh(linear("g", x, h))
    c = f * c + g
    o = sigmoid(linear("o", x, h) + vector("p_o") * c)
    h = o * tanh(c)
    return h, c
