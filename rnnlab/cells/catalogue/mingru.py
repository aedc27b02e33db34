"""Minimal gated recurrent unit whose gates see the input alone."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, where


@cell(
    write="z",
    paper="Feng et al. 2024, Were RNNs all we needed?, arXiv 2410.01201, minGRU",
    differs="the candidate goes through the positive function g of the paper's log-space form; "
    "its section on minGRU has the map of x alone",
)
def mingru(x, h):
    """MinGRU: gate and candidate see x alone (Feng et al. 2024)."""
    z = sigmoid(linear("z", x))
    a = linear("n", x)
    n = where(a < 0, sigmoid(a), a + 0.5)
    h = (1 - z) * h + z * n
    return h
