"""Residual long short-term memory."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh, vector


@cell(
    keep="f",
    write="i",
    paper="Kim, El-Khamy & Lee 2017, Residual LSTM: design of a deep recurrent architecture for "
    "distant speech recognition, Interspeech",
    differs="x always goes through a matrix into the output; the paper adds x itself where I is H",
)
def reslstm(x, h, c):
    """Residual LSTM: the output gate opens for a map of x too (Kim et al. 2017)."""
    i = sigmoid(linear("i", x, h) + vector("p_i") * c)
    f = sigmoid(linear("f", x, h, bias=1.0) + vector("p_f") * c)
    g = tanh(linear("g", x, h))
    c = f * c + i * g
    o = sigmoid(linear("o", x, h) + vector("p_o") * c)
    h = o * linear("r", x, tanh(c), bias=None)
    return h, c
