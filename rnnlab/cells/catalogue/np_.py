"""Peephole LSTM without its peepholes: the LSTM."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="f",
    write="i",
    paper="Greff et al. 2017, LSTM: a search space odyssey, IEEE TNNLS 28(10), variant NP",
)
def np_(x, h, c):
    """LSTM, no peepholes: the equations of lstm (Greff et al. 2017)."""
    i = sigmoid(linear("i", x, h))
    f = sigmoid(linear("f", x, h, bias=1.0))
    g = tanh(linear("g", x, h))
    c = f * c + i * g
    o = sigmoid(linear("o", x, h))
    h = o * tanh(c)
    return h, c
