"""Stackable recurrent cell."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    write="k",
    paper="Turkoglu et al. 2021, Gating revisited: deep multi-layer RNNs that can be trained, "
    "IEEE TPAMI",
)
def star(x, h):
    """STAR: one gate, made to be stacked (Turkoglu et al. 2021)."""
    k = sigmoid(linear("k", x, h))
    z = tanh(linear("z", x))
    h = tanh((1 - k) * h + k * z)
    return h
