"""Coupled oscillatory recurrent network."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, tanh

# The paper tunes these three for each task; here is a setting of its authors for sequential MNIST.
DT = 0.042  # time step
GAMMA = 2.7  # stiffness: pulls h back to 0
EPSILON = 4.7  # damping: slows z down


@cell(
    paper="Rusch & Mishra 2021, Coupled oscillatory recurrent neural network, ICLR, equation 3",
)
def cornn(x, h, z):
    """CoRNN: h is the place, z the speed of driven oscillators (Rusch & Mishra 2021)."""
    a = tanh(linear("a", x, h, z))
    z = z + DT * (a - GAMMA * h - EPSILON * z)
    h = h + DT * z
    return h, z
