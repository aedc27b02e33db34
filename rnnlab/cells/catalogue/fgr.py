"""Peephole LSTM whose gates see the gates of the step before."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh, vector


@cell(
    keep="f",
    write="i",
    paper="Greff et al. 2017, LSTM: a search space odyssey, IEEE TNNLS 28(10), variant FGR",
)
def fgr(x, h, c, i_prev, f_prev, o_prev):
    """LSTM with full gate recurrence: nine matrices more (Greff et al. 2017)."""
    i = sigmoid(linear("i", x, h, i_prev, f_prev, o_prev) + vector("p_i") * c)
    f = sigmoid(linear("f", x, h, i_prev, f_prev, o_prev, bias=1.0) + vector("p_f") * c)
    g = tanh(linear("g", x, h))
    c = f * c + i * g
    o = sigmoid(linear("o", x, h, i_prev, f_prev, o_prev) + vector("p_o") * c)
    h = o * tanh(c)
    return h, c, i, f, o
