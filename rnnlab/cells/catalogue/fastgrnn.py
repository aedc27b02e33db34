"""FastGRNN."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, scalar, sigmoid, tanh, vector


@cell(
    paper="Kusupati et al. 2018, FastGRNN: a fast, accurate, stable and tiny kilobyte sized gated "
    "recurrent neural network, NeurIPS",
    differs="full-rank, dense matrices",
)
def fastgrnn(x, h):
    """FastGRNN: gate and candidate share their matrices (Kusupati et al. 2018)."""
    a = linear("a", x, h, bias=None)
    z = sigmoid(a + vector("b_z", init=1.0))
    n = tanh(a + vector("b_h", init=1.0))
    zeta = sigmoid(scalar("zeta", init=1.0))
    nu = sigmoid(scalar("nu", init=-4.0))
    h = (zeta * (1 - z) + nu) * n + z * h
    return h
