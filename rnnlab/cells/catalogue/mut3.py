"""The third of three cells found by an evolutionary search."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    write="z",
    paper="Jozefowicz, Zaremba & Sutskever 2015, An empirical exploration of recurrent network "
    "architectures, ICML, MUT3",
)
def mut3(x, h):
    """MUT3: the update gate sees tanh(h) (Jozefowicz et al. 2015)."""
    z = sigmoid(linear("z", x, tanh(h)))
    r = sigmoid(linear("r", x, h))
    n = tanh(linear("n", x, r * h))
    h = n * z + h * (1 - z)
    return h
