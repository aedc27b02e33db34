"""Recurrent highway network of depth 3."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    paper="Zilly et al. 2017, Recurrent highway networks, ICML",
    differs="depth 3; the carry gate is 1 - t, as in the paper's experiments",
)
def rhn_3(x, h):
    """Recurrent highway network: three gated layers within a step (Zilly et al. 2017)."""
    n1 = tanh(linear("n1", x, h))
    t1 = sigmoid(linear("t1", x, h, bias=-2.0))
    s1 = t1 * n1 + (1 - t1) * h
    n2 = tanh(linear("n2", s1))
    t2 = sigmoid(linear("t2", s1, bias=-2.0))
    s2 = t2 * n2 + (1 - t2) * s1
    n3 = tanh(linear("n3", s2))
    t3 = sigmoid(linear("t3", s2, bias=-2.0))
    h = t3 * n3 + (1 - t3) * s2
    return h
