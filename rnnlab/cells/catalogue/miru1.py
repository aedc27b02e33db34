"""Minion gated recurrent unit with a reset gate."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh

LAMBDA = 0.5  # how much a step keeps


@cell(
    paper="Zyarah & Kudithipudi 2026, Minion gated recurrent unit for continual learning, "
    "Neurocomputing, MiRU1",
    differs="the factor lambda is 0.5; it is a setting of the paper",
)
def miru1(x, h):
    """MiRU1: a GRU whose update gate is a constant (Zyarah & Kudithipudi 2026)."""
    r = sigmoid(linear("r", x, h))
    n = tanh(linear("n", x, r * h))
    h = LAMBDA * h + (1 - LAMBDA) * n
    return h
