"""Gated recurrent unit with delayed feedback."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    write="g",
    paper="Erichson, Lim & Mahoney 2022, Gated recurrent neural networks with weighted time-delay "
    "feedback, arXiv 2212.00228",
    differs="the delay is 5 steps; the paper tunes it for each task. The states h1 to h5 are h of "
    "1 to 5 steps before, and 0 before the sequence unless given",
)
def tau_gru(x, h, h1, h2, h3, h4, h5):
    """Tau-GRU: a GRU with gated feedback from h a delay before (Erichson et al. 2022)."""
    u = tanh(linear("u", x, h))
    z = tanh(linear("z", x, h5))
    g = sigmoid(linear("g", x, h))
    a = sigmoid(linear("a", x, h))
    h_new = (1 - g) * h + g * (u + a * z)
    return h_new, h, h1, h2, h3, h4
