"""Multiplicative LSTM."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="f",
    write="i",
    paper="Krause et al. 2016, Multiplicative LSTM for sequence modelling, arXiv 1609.07959",
    differs="the output gate stands outside the tanh, h = o tanh(c), as in the LSTM here",
)
def multiplicative_lstm(x, h, c):
    """Multiplicative LSTM: x chooses the recurrent matrix (Krause et al. 2016)."""
    m = linear("mx", x, bias=None) * linear("mh", h, bias=None)
    i = sigmoid(linear("i", x, m))
    f = sigmoid(linear("f", x, m, bias=1.0))
    g = tanh(linear("g", x, m))
    o = sigmoid(linear("o", x, m))
    c = f * c + i * g
    h = o * tanh(c)
    return h, c
