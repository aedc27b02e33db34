"""A cell with everything that the written forms of equations have to cope with."""

from __future__ import annotations

import pytest

from rnnlab.cells import CellDefinition, cell
from rnnlab.equations import exp, linear, relu, sigmoid, tanh, vector, where


@cell(keep="load")
def awkward(x, h, memory, last):
    """Long and Greek names, numbers, a choice, computed operands, copies, unnamed values."""
    load = sigmoid(linear("load", x, h) + vector("alpha", init=0.3))
    h_new = tanh(linear("u", x, memory))
    t0 = linear("n", x) + linear("n", h)
    part = relu(t0 * t0 - 0.1) / (1 + exp(-t0))
    units = where(h_new > part, h_new, 0.5 * part) - vector("p_i", init=-0.2)
    memory = load * memory + (1 - load) * units + (-0.5)
    store = tanh(linear("store", load * memory, bias=None) - (t0 - part) / 2)
    return store * load, memory * (load - -part), h


@pytest.fixture(name="awkward")
def awkward_cell() -> CellDefinition:
    """Return the cell."""
    return awkward
