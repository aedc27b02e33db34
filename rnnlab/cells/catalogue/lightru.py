"""Light recurrent unit."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    write="f",
    paper="Ye et al. 2024, Light recurrent unit: towards an interpretable recurrent neural network "
    "for modeling long-range dependency, Electronics 13(16)",
)
def lightru(x, h):
    """Light recurrent unit: one gate, a candidate from x alone (Ye et al. 2024)."""
    f = sigmoid(linear("f", x, h))
    h = (1 - f) * h + f * tanh(linear("n", x, bias=None))
    return h
