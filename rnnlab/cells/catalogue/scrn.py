"""Structurally constrained recurrent network."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid

ALPHA = 0.95  # the context's fixed memory: it fades by half in 13.5 steps


@cell(
    paper="Mikolov et al. 2015, Learning longer memory in recurrent neural networks, ICLR workshop",
    differs="the context has as many units as h, and what reads the layer sees h alone",
)
def scrn(x, h, s):
    """SCRN: a slow context added to a vanilla network (Mikolov et al. 2015)."""
    s = (1 - ALPHA) * linear("s", x, bias=None) + ALPHA * s
    h = sigmoid(linear("h", x, h, s, bias=None))
    return h, s
