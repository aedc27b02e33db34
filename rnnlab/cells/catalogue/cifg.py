"""Peephole LSTM whose input and forget gates are coupled."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh, vector


@cell(
    keep="f",
    paper="Greff et al. 2017, LSTM: a search space odyssey, IEEE TNNLS 28(10), variant CIFG",
    differs="f has the weights and i follows from it; the paper has it the other way round, "
    "f = 1 - i, which is the same cell with the signs of f's weights turned",
)
def cifg(x, h, c):
    """LSTM with coupled input and forget gates: i = 1 - f (Greff et al. 2017)."""
    f = sigmoid(linear("f", x, h, bias=1.0) + vector("p_f") * c)
    i = 1 - f
    g = tanh(linear("g", x, h))
    c = f * c + i * g
    o = sigmoid(linear("o", x, h) + vector("p_o") * c)
    h = o * tanh(c)
    return h, c
