"""Simple gated unit."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import exp, hard_sigmoid, linear, log, tanh


@cell(
    write="z",
    paper="Gao & Glowacka 2016, Deep gate recurrent neural network, ACML, SGU",
    differs="the hard sigmoid is clip(x / 6 + 1 / 2, 0, 1)",
)
def sgu(x, h):
    """SGU: x gates h before a matrix and a softplus (Gao & Glowacka 2016)."""
    z_g = tanh(linear("u", linear("g", x) * h))
    z_out = log(1 + exp(z_g * h))  # softplus; |h| grows no faster than log(t)
    z = hard_sigmoid(linear("z", x, h))
    h = (1 - z) * h + z * z_out
    return h
