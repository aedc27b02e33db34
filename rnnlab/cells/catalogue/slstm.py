"""LSTM with an exponential input gate."""

from rnnlab.cells.definition import cell
from rnnlab.equations import exp, linear, log, maximum, sigmoid, tanh, where


@cell(
    keep="f",
    write="i",
    positive=("n",),
    paper="Beck et al. 2024, xLSTM: extended long short-term memory, NeurIPS, equations 8 to 17",
    differs="one head, a sigmoid for the forget gate, and no block around the cell",
)
def slstm(x, h, c, n, m):
    """sLSTM: exponential input gate, normaliser n, stabiliser m (Beck et al. 2024)."""
    log_i = linear("i", x, h)
    f = sigmoid(linear("f", x, h, bias=1.0))
    g = tanh(linear("g", x, h))
    o = sigmoid(linear("o", x, h))
    log_kept = where(n > 0, log(f) + m, log_i)  # at the start n is 0: nothing is kept yet
    m_new = maximum(log_kept, log_i)  # so that no exponential is above 1
    i = exp(log_i - m_new)
    kept = exp(log_kept - m_new)
    c = kept * c + i * g
    n = kept * n + i
    h = o * (c / n)
    return h, c, n, m_new
