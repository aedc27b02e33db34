"""Nonlinear relative of the linear recurrent units."""

from rnnlab.cells.decorator import cell
from rnnlab.equations import linear, sigmoid, tanh, uniform, vector


@cell(
    keep="a",
    paper="Sereda 2026, pararnn-torch 0.17.4, cell ParaNLRU (no paper)",
    differs="u is free; the package keeps |u| below 0.5",
)
def nlru(x, h):
    """NLRU: a gate that sees x alone, a candidate with a diagonal of h (Sereda 2026)."""
    a = sigmoid(linear("a", x))
    n = tanh(linear("n", x) + vector("u", init=uniform(-0.5, 0.5)) * h)
    h = a * h + (1 - a) * n
    return h
