"""FastRNN."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, scalar, sigmoid, tanh


@cell(
    paper="Kusupati et al. 2018, FastGRNN: a fast, accurate, stable and tiny kilobyte sized gated "
    "recurrent neural network, NeurIPS, FastRNN",
    differs="alpha and beta are sigmoids that start at -3 and 3, as in the authors' code",
)
def fastrnn(x, h):
    """FastRNN: a vanilla network with a weighted residual connection (Kusupati et al. 2018)."""
    alpha = sigmoid(scalar("alpha", init=-3.0))
    beta = sigmoid(scalar("beta", init=3.0))
    h = alpha * tanh(linear("h", x, h)) + beta * h
    return h
