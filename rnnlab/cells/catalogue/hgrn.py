"""Hierarchically gated recurrent unit, its real form."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, vector


@cell(
    keep="f",
    paper="Qin et al. 2023, Hierarchically gated recurrent neural network for sequence modeling, "
    "NeurIPS",
    differs="real instead of complex; the lower bound of f is learned per unit by a sigmoid, not "
    "over all layers by a softmax; no output gate, norm or output matrix around the unit",
)
def hgrn(x, h):
    """HGRN: a linear unit whose forget gate has a lower bound (Qin et al. 2023)."""
    lowest = sigmoid(vector("gamma"))
    f = 1 - (1 - lowest) * (1 - sigmoid(linear("f", x)))  # lowest + (1 - lowest) * sigmoid
    a = linear("n", x)
    n = a * sigmoid(a)
    h = f * h + (1 - f) * n
    return h
