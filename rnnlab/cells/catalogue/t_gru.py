"""Strongly typed gated recurrent unit."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="f",
    paper="Balduzzi & Ghifary 2016, Strongly-typed recurrent neural networks, ICML, T-GRU",
    differs="the maps of x_{t-1} are states: they start at 0, as if x were 0 before the sequence",
)
def t_gru(x, h, z_before, f_before, o_before):
    """Strongly typed GRU: gates see x now and one step before (Balduzzi & Ghifary 2016)."""
    z = linear("z", x) + z_before
    f = sigmoid(linear("f", x) + f_before)
    o = tanh(linear("o", x) + o_before)
    h = f * h + z * o
    v_z = linear("v_z", x, bias=None)
    v_f = linear("v_f", x, bias=None)
    v_o = linear("v_o", x, bias=None)
    return h, v_z, v_f, v_o
