"""Recurrent highway network of depth 2."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    paper="Zilly et al. 2017, Recurrent highway networks, ICML",
    differs="depth 2; the carry gate is 1 - t, as in the paper's experiments",
)
def rhn_2(x, h):
    """Recurrent highway network: two gated layers within a step (Zilly et al. 2017)."""
    n1 = tanh(linear("n1", x, h))
    t1 = sigmoid(linear("t1", x, h, bias=-2.0))
    s1 = t1 * n1 + (1 - t1) * h
    n2 = tanh(linear("n2", s1))
    t2 = sigmoid(linear("t2", s1, bias=-2.0))
    h = t2 * n2 + (1 - t2) * s1
    return h
