"""The second of three cells found by an evolutionary search."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    write="z",
    paper="Jozefowicz, Zaremba & Sutskever 2015, An empirical exploration of recurrent network "
    "architectures, ICML, MUT2",
    differs="x goes through a matrix into the reset gate too, since I need not be H",
)
def mut2(x, h):
    """MUT2: in the paper the reset gate sees x as it is (Jozefowicz et al. 2015)."""
    z = sigmoid(linear("z", x, h))
    r = sigmoid(linear("r", x, h))
    n = tanh(linear("n", x, r * h))
    h = n * z + h * (1 - z)
    return h
