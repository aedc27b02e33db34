"""Minion gated recurrent unit without gates."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, tanh

LAMBDA = 0.5  # how much a step keeps
THETA = 0.5  # how much of h the candidate sees


@cell(
    paper="Zyarah & Kudithipudi 2026, Minion gated recurrent unit for continual learning, "
    "Neurocomputing, MiRU2",
    differs="the factors lambda and theta are 0.5; they are settings of the paper",
)
def miru2(x, h):
    """MiRU2: a GRU whose gates are both constants (Zyarah & Kudithipudi 2026)."""
    n = tanh(linear("n", x, THETA * h))
    h = LAMBDA * h + (1 - LAMBDA) * n
    return h
