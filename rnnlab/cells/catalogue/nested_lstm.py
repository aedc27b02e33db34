"""Long short-term memory whose memory is another one."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="f_n",
    write="i_n",
    paper="Moniz & Krueger 2017, Nested LSTMs, ACML",
    differs="depth 2",
)
def nested_lstm(x, h, c, n):
    """Nested LSTM: an inner LSTM with memory n computes the memory c (Moniz & Krueger 2017)."""
    i = sigmoid(linear("i", x, h))
    f = sigmoid(linear("f", x, h, bias=1.0))
    o = sigmoid(linear("o", x, h))
    x_n = i * linear("g", x, h)
    h_n = f * c
    i_n = sigmoid(linear("i_n", x_n, h_n))
    f_n = sigmoid(linear("f_n", x_n, h_n, bias=1.0))
    o_n = sigmoid(linear("o_n", x_n, h_n))
    g_n = tanh(linear("g_n", x_n, h_n))
    n = f_n * n + i_n * g_n
    c = o_n * tanh(n)
    h = o * tanh(c)
    return h, c, n
