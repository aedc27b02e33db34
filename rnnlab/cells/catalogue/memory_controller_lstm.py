"""Long short-term memory with a memory controller."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="f",
    write="i",
    paper="Ben-Ari & Shwartz-Ziv 2017, Sequence modeling using a memory controller extension for "
    "LSTM, NIPS time series workshop",
)
def memory_controller_lstm(x, h, v, c):
    """LSTM whose gates see v, not its output h (Ben-Ari & Shwartz-Ziv 2017)."""
    i = sigmoid(linear("i", x, v))
    f = sigmoid(linear("f", x, v, bias=1.0))
    g = tanh(linear("g", x, v))
    o = sigmoid(linear("o", x, v))
    m = sigmoid(linear("m", x, v))
    c = f * c + i * g
    h = o * tanh(c)
    v = m * tanh(c)
    return h, v, c
