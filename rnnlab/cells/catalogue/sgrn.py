"""Simple gated recurrent network."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    keep="f",
    paper="Zu & Wei 2021, A simple gated recurrent network for detection of power quality "
    "disturbances, IET Generation, Transmission & Distribution 15",
)
def sgrn(x, h):
    """SGRN: gate and content share the map of x (Zu & Wei 2021)."""
    a = linear("a", x, bias=None)
    f = sigmoid(a + linear("f", h))
    h = tanh((1 - f) * a + f * h)
    return h
