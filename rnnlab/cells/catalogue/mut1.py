"""The first of three cells found by an evolutionary search."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    write="z",
    paper="Jozefowicz, Zaremba & Sutskever 2015, An empirical exploration of recurrent network "
    "architectures, ICML, MUT1",
    differs="x goes through a matrix W_p before tanh, since I need not be H",
)
def mut1(x, h):
    """MUT1: the update gate sees x alone (Jozefowicz et al. 2015)."""
    z = sigmoid(linear("z", x))
    r = sigmoid(linear("r", x, h))
    n = tanh(linear("n", r * h) + tanh(linear("p", x, bias=None)))
    h = n * z + h * (1 - z)
    return h
