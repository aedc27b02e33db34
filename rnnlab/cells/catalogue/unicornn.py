"""Undamped independent controlled oscillatory recurrent network."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh, uniform, vector

# The paper tunes these two for each task; here is a setting of its authors for permuted MNIST.
DT = 0.19  # largest time step
ALPHA = 30.65  # stiffness: pulls h back to 0


@cell(
    paper="Rusch & Mishra 2021, UnICORNN: a recurrent model for learning very long time "
    "dependencies, ICML",
    differs="one layer; without the residual connections between layers",
)
def unicornn(x, h, z):
    """UnICORNN: undamped oscillators that do not see each other (Rusch & Mishra 2021)."""
    dt = DT * sigmoid(vector("c", init=uniform(-0.1, 0.1)))
    z = z - dt * (tanh(linear("a", x) + vector("w", init=uniform(0, 1)) * h) + ALPHA * h)
    h = h + dt * z
    return h, z
