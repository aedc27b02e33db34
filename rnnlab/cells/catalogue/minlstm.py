"""Minimal long short-term memory whose gates see the input alone."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, where


@cell(
    keep="f",
    write="i",
    paper="Feng et al. 2024, Were RNNs all we needed?, arXiv 2410.01201, minLSTM",
    differs="the candidate goes through the positive function g of the paper's log-space form; "
    "its section on minLSTM has the map of x alone",
)
def minlstm(x, h):
    """MinLSTM: gates that see x alone and add up to 1 (Feng et al. 2024)."""
    f = sigmoid(linear("f", x, bias=1.0))
    i = sigmoid(linear("i", x))
    a = linear("n", x)
    n = where(a < 0, sigmoid(a), a + 0.5)
    h = (f * h + i * n) / (f + i)
    return h
