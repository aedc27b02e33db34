"""Cell that a neural architecture search found."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, relu, sigmoid, tanh


@cell(
    paper="Zoph & Le 2017, Neural architecture search with reinforcement learning, ICLR",
    differs="as in the authors' code: no biases, and the fourth branch multiplies its two maps",
)
def nas(x, h, c):
    """NAS cell: eight branches, joined in pairs, found by a search (Zoph & Le 2017)."""
    product = linear("a4", x, bias=None) * linear("a4", h, bias=None)
    l1 = tanh(sigmoid(linear("a1", x, h, bias=None)) * relu(linear("a2", x, h, bias=None)))
    l2 = tanh(sigmoid(linear("a3", x, h, bias=None)) + relu(product))
    l3 = tanh(tanh(linear("a5", x, h, bias=None)) * sigmoid(linear("a6", x, h, bias=None)))
    l4 = sigmoid(tanh(linear("a7", x, h, bias=None)) + sigmoid(linear("a8", x, h, bias=None)))
    c = tanh(l1 + c) * l2
    h = tanh(c * tanh(l3 + l4))
    return h, c
