"""Long expressive memory."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, sigmoid, tanh


@cell(
    init="torch",
    paper="Rusch et al. 2022, Long expressive memory for sequence modeling, ICLR",
    differs="the longest time step is 1",
)
def lem(x, h, z):
    """LEM: two states, each with a learned time step (Rusch et al. 2022)."""
    dt_z = sigmoid(linear("dt_z", x, h))
    dt_h = sigmoid(linear("dt_h", x, h))
    z = (1 - dt_z) * z + dt_z * tanh(linear("z", x, h))
    h = (1 - dt_h) * h + dt_h * tanh(linear("h", x, z))
    return h, z
