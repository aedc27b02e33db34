"""Gated recurrent unit."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="z",
    paper="Cho et al. 2014, Learning phrase representations using RNN encoder-decoder, EMNLP",
    differs="reset after the product, as in cuDNN and PyTorch; the paper's is gru-reset-before",
)
def gru(x, h):
    """Gated recurrent unit (Cho et al. 2014), reset after the product as in cuDNN and PyTorch."""
    r = sigmoid(linear("r", x, h))
    z = sigmoid(linear("z", x, h))
    n = tanh(linear("n", x) + r * linear("n", h))
    h = (1 - z) * n + z * h
    return h
