"""Minimal gated unit."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    write="f",
    paper="Zhou et al. 2016, Minimal gated unit for recurrent neural networks, IJAC 13(3)",
)
def mgu(x, h):
    """Minimal gated unit: one gate resets and writes (Zhou et al. 2016)."""
    f = sigmoid(linear("f", x, h))
    n = tanh(linear("n", x, f * h))
    h = (1 - f) * h + f * n
    return h
