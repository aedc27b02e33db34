"""Strongly typed recurrent network."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid


@cell(
    keep="f",
    paper="Balduzzi & Ghifary 2016, Strongly-typed recurrent neural networks, ICML, T-RNN",
)
def t_rnn(x, h):
    """Strongly typed RNN: an average of maps of x, weighted by x (Balduzzi & Ghifary 2016)."""
    z = linear("z", x, bias=None)
    f = sigmoid(linear("f", x))
    h = f * h + (1 - f) * z
    return h
