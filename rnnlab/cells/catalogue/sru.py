"""Simple recurrent unit."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, vector


@cell(
    keep="f",
    paper="Lei et al. 2018, Simple recurrent units for highly parallelizable recurrence, EMNLP",
    differs="x goes through a matrix W_p into the output, since I need not be H, and without the "
    "scaling correction",
)
def sru(x, h, c):
    """SRU: gates that see of the past their own unit of c alone (Lei et al. 2018)."""
    f = sigmoid(linear("f", x) + vector("v_f") * c)
    r = sigmoid(linear("r", x) + vector("v_r") * c)
    c = f * c + (1 - f) * linear("c", x, bias=None)
    h = r * c + (1 - r) * linear("p", x, bias=None)
    return h, c
