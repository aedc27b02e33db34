"""Cells that the package does not have, for tests: unusual equations, and every function."""

from __future__ import annotations

from rnnlab import (
    cell,
    exp,
    hard_sigmoid,
    identity,
    linear,
    log,
    maximum,
    minimum,
    relu,
    scalar,
    sigmoid,
    softsign,
    sqrt,
    tanh,
    uniform,
    vector,
    where,
)
from rnnlab.cells import CellDefinition
from rnnlab.registry import cells as registry


@cell
def delayed(x, h, before):
    """A state that is returned as it came: `before` is h of two steps ago."""
    h_new = tanh(linear("g", x, h) + linear("b", before))
    return h_new, h


@cell
def low_rank(x, h):
    """A product on a raw product, and three stages."""
    v = linear("v", h)
    u = linear("u", v, bias=None)
    return tanh(linear("h", x) + linear("w", u) + v * 0.5)


@cell(keep="load")
def awkward(x, h, memory):
    """Variables called as the kernels' own words are; every function; a vector; arithmetic."""
    load = sigmoid(linear("load", x, h) + vector("lambda", init=0.3))
    unit = tanh(linear("unit", x, memory))
    t0 = linear("exp", x) + linear("exp", h)
    lane0 = relu(t0 * t0 - 0.1) / (1 + exp(-t0))
    units = where(unit > lane0, unit, 0.5 * lane0) - vector("unit", init=-0.2)
    memory = load * memory + (1 - load) * units
    store = tanh(linear("store", memory, bias=None) - t0 / 2)
    return store * load, memory


@cell(positive=("n",))
def every_function(x, h, n):
    """Whatever the language has beside what cells use most; scalars; a state that is positive."""
    a = linear("a", x, h)
    size = 1 + abs(linear("b", x, n))
    n = maximum(log(size), minimum(sqrt(n), 2.0)) + vector("u", init=uniform(0, 1)) ** 2
    s = scalar("s", init=uniform(0.5, 1))
    h = softsign(a * s) * hard_sigmoid(identity(h)) + size**-0.3 - scalar("t") * n**s
    return h, n


@cell(keep="f")
def several_operands(x, h, c):
    """Gates on several computed values, with names and without, beside h, c and the new c."""
    before = c
    i = tanh(linear("i", x, h))
    b = sigmoid(linear("b", x, c))
    f = sigmoid(linear("f", x, i, b))
    g = tanh(linear("g", h, i * b, bias=None) + linear("g", x, b * b - 0.5))
    c = f * c + (1 - f) * g
    return tanh(linear("o", before, c, bias=None) + linear("p", i, b, h, f * g)), c


EXTRA = (delayed, low_rank, awkward, every_function, several_operands)
#: Every registered cell and the ones above.
EVERY: dict[str, CellDefinition] = {
    **{name: registry[name] for name in registry},
    **{definition.name: definition for definition in EXTRA},
}
