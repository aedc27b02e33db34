"""Strongly typed long short-term memory."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="f",
    paper="Balduzzi & Ghifary 2016, Strongly-typed recurrent neural networks, ICML, T-LSTM",
    differs="the maps of x_{t-1} are states: they start at 0, as if x were 0 before the sequence",
)
def t_lstm(x, h, c, z_before, f_before, o_before):
    """Strongly typed LSTM: gates see x now and one step before (Balduzzi & Ghifary 2016)."""
    z = linear("z", x) + z_before
    f = sigmoid(linear("f", x, bias=1.0) + f_before)
    o = tanh(linear("o", x) + o_before)
    c = f * c + (1 - f) * z
    h = c * o
    v_z = linear("v_z", x, bias=None)
    v_f = linear("v_f", x, bias=None)
    v_o = linear("v_o", x, bias=None)
    return h, c, v_z, v_f, v_o
