"""Intersection recurrent network (+RNN)."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, relu, sigmoid, tanh


@cell(
    keep="g_h",
    paper="Collins et al. 2017, Capacity and trainability in recurrent neural networks, ICLR, +RNN",
    differs="x goes through a matrix W_p into the output, since I need not be H",
)
def intersection_rnn(x, y, h):
    """Intersection RNN: one gate over time, one over depth, y the output (Collins et al. 2017)."""
    y_in = relu(linear("y", x, h))
    h_in = tanh(linear("h", x, h))
    g_y = sigmoid(linear("g_y", x, h, bias=1.0))
    g_h = sigmoid(linear("g_h", x, h, bias=1.0))
    y = g_y * linear("p", x, bias=None) + (1 - g_y) * y_in
    h = g_h * h + (1 - g_h) * h_in
    return y, h
