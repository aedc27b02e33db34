"""Gated recurrent unit as it was first printed."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="z",
    paper="Cho et al. 2014, Learning phrase representations using RNN encoder-decoder, EMNLP, "
    "equations 5 to 8",
    differs="biases are added",
)
def gru_reset_before(x, h):
    """Gated recurrent unit, reset before the product (Cho et al. 2014)."""
    r = sigmoid(linear("r", x, h))
    z = sigmoid(linear("z", x, h))
    n = tanh(linear("n", x, r * h))
    h = z * h + (1 - z) * n
    return h
