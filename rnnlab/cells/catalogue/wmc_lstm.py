"""Long short-term memory with working memory connections."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="f",
    write="i",
    paper="Landi et al. 2021, Working memory connections for LSTM, Neural Networks 144",
)
def wmc_lstm(x, h, c):
    """LSTM whose gates see a bounded map of c: i, f of c_{t-1}, o of c_t (Landi et al. 2021)."""
    i = sigmoid(linear("i", x, h) + tanh(linear("c_i", c, bias=None)))
    f = sigmoid(linear("f", x, h, bias=1.0) + tanh(linear("c_f", c, bias=None)))
    g = tanh(linear("g", x, h))
    c = f * c + i * g
    o = sigmoid(linear("o", x, h) + tanh(linear("c_o", c, bias=None)))
    h = o * tanh(c)
    return h, c
