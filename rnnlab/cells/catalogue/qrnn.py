"""Quasi-recurrent network with a convolution of width 1."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="f",
    paper="Bradbury et al. 2017, Quasi-recurrent neural networks, ICLR, fo-pooling",
    differs="the convolution of x is one step wide, and the maps have biases",
)
def qrnn(x, h, c):
    """Quasi-recurrent network, fo-pooling: gates that see x alone (Bradbury et al. 2017)."""
    z = tanh(linear("z", x))
    f = sigmoid(linear("f", x))
    o = sigmoid(linear("o", x))
    c = f * c + (1 - f) * z
    h = o * c
    return h, c
