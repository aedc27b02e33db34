"""Independently recurrent network."""

from rnnlab.cells.definition import cell
from rnnlab.equations import linear, relu, uniform, vector


@cell(
    paper="Li et al. 2018, Independently recurrent neural network, CVPR",
    differs="u starts within [0, 1] and is free; the paper bounds |u| by a root of the sequence's "
    "length, 2 ** (1 / T)",
)
def indrnn(x, h):
    """IndRNN: a unit sees of the past itself alone (Li et al. 2018)."""
    h = relu(linear("h", x) + vector("u", init=uniform(0, 1)) * h)
    return h
