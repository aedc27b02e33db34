"""Addition-subtraction twin-gated recurrent unit."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid


@cell(
    paper="Zhang et al. 2018, Simplifying neural machine translation with addition-subtraction "
    "twin-gated recurrent networks, EMNLP",
)
def atr(x, h):
    """Twin-gated unit: gates from the sum and the difference of two maps (Zhang et al. 2018)."""
    p = linear("p", x, bias=None)
    q = linear("q", h, bias=None)
    i = sigmoid(p + q)
    f = sigmoid(p - q)
    h = i * p + f * h
    return h
