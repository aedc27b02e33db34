"""Chaos-free network."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="theta",
    write="eta",
    paper="Laurent & von Brecht 2017, A recurrent neural network without chaos, ICLR",
)
def cfn(x, h):
    """Chaos-free network: without input every unit fades to 0 (Laurent & von Brecht 2017)."""
    theta = sigmoid(linear("theta", x, h, bias=1.0))
    eta = sigmoid(linear("eta", x, h, bias=-1.0))
    h = theta * tanh(h) + eta * tanh(linear("n", x, bias=None))
    return h
