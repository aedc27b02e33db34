"""Long short-term memory whose gates see the cell state."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh, vector


@cell(
    keep="f",
    write="i",
    paper="Gers, Schraudolph & Schmidhuber 2002, Learning precise timing with LSTM recurrent "
    "networks, JMLR 3",
)
def peephole_lstm(x, h, c):
    """LSTM with diagonal peepholes: i, f see c_{t-1}, o sees c_t (Gers et al. 2002)."""
    i = sigmoid(linear("i", x, h) + vector("p_i") * c)
    f = sigmoid(linear("f", x, h, bias=1.0) + vector("p_f") * c)
    g = tanh(linear("g", x, h))
    c = f * c + i * g
    o = sigmoid(linear("o", x, h) + vector("p_o") * c)
    h = o * tanh(c)
    return h, c
