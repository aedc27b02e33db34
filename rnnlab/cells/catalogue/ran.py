"""Recurrent additive network."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="f",
    write="i",
    paper="Lee, Levy & Zettlemoyer 2017, Recurrent additive networks, arXiv 1705.07393",
)
def ran(x, h, c):
    """Recurrent additive network: the content comes from x alone (Lee et al. 2017)."""
    content = linear("content", x, bias=None)
    i = sigmoid(linear("i", x, h))
    f = sigmoid(linear("f", x, h))
    c = i * content + f * c
    h = tanh(c)
    return h, c
