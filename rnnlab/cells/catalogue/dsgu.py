"""Deep simple gated unit."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import hard_sigmoid, linear, sigmoid, tanh


@cell(
    write="z",
    paper="Gao & Glowacka 2016, Deep gate recurrent neural network, ACML, DSGU",
    differs="the hard sigmoid is clip(x / 6 + 1 / 2, 0, 1)",
)
def dsgu(x, h):
    """DSGU: an SGU with one more matrix, and a sigmoid (Gao & Glowacka 2016)."""
    z_g = tanh(linear("u", linear("g", x) * h))
    z_out = sigmoid(linear("o", z_g * h, bias=None))
    z = hard_sigmoid(linear("z", x, h))
    h = (1 - z) * h + z * z_out
    return h
