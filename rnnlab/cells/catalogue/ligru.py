"""Light gated recurrent unit."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, relu, sigmoid


@cell(
    keep="z",
    paper="Ravanelli et al. 2018, Light gated recurrent units for speech recognition, IEEE TETCI "
    "2(2)",
    differs="without batch normalisation of the maps on x; they have biases instead",
)
def ligru(x, h):
    """Light GRU: no reset gate, a rectifier (Ravanelli et al. 2018)."""
    z = sigmoid(linear("z", x, h))
    n = relu(linear("n", x, h))
    h = z * h + (1 - z) * n
    return h
