"""Just another network: an LSTM with a forget gate alone."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh

BETA = 1.0  # how much more the gate writes than it forgets


@cell(
    keep="f",
    paper="van der Westhuizen & Lasenby 2018, The unreasonable effectiveness of the forget gate, "
    "arXiv 1804.04849",
    differs="the forget bias starts at 1; the paper's is chrono: forget_bias='chrono'",
)
def janet(x, h):
    """JANET: the forget gate alone, c is the output (van der Westhuizen & Lasenby 2018)."""
    s = linear("f", x, h, bias=1.0)
    f = sigmoid(s)
    g = tanh(linear("g", x, h))
    h = f * h + (1 - sigmoid(s - BETA)) * g
    return h
