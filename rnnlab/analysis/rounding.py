"""Rounding errors of a gradient, measured by computing it again with larger errors.

A gradient that is 0 in exact arithmetic, since terms cancel, is about 1e-17 in float64, and no
threshold separates it from one that is small. Stochastic arithmetic does (Vignes 1993, Mathematics
and Computers in Simulation 35): the same computation is done again with a random error in the
result of every operation. Where the two results differ by as much as the result itself, none of its
digits is known and it is a computed zero. The errors follow the paths of the gradient, so that they
shrink and grow with it; a bound of their absolute values would exceed every gradient within a few
dozen steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
from scipy.ndimage import maximum_filter1d

from rnnlab.engine.protocol import Array
from rnnlab.equations import Equations, Expression
from rnnlab.equations.expression import LEAVES, reachable
from rnnlab.equations.trace import compute

#: Largest relative error of an operation: 32 times the unit roundoff of float64, 2**-53, so that
#: the difference of the two results exceeds the rounding error that both have.
SIZE = 2.0**-48
#: Number of errors that are drawn once and used in turn: drawing them for an operation on a few
#: numbers would take longer than the operation.
POOL = 2**16


class Rounding:
    """Random rounding errors of relative size `SIZE`, the same for every instance.

    Examples
    --------
    >>> bool(0 < abs(Rounding()(np.ones(3)) - 1).max() < 2 * SIZE)
    True
    """

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._factors = self._draw(POOL)
        self._next = 0

    def _draw(self, count: int) -> Array:
        return 1.0 + 2 * SIZE * (self._random.random(count) - 0.5)

    def __call__(self, values: Array) -> Array:
        """Return the values with an error each, evenly distributed."""
        count = int(np.size(values))
        if count > POOL:
            factors = self._draw(count)
        else:
            start = self._next if self._next + count <= POOL else 0
            self._next = start + count
            factors = self._factors[start : self._next]
        rounded: Array = values * factors.reshape(np.shape(values))
        return rounded

    def evaluate_step(self, equations: Equations, values: Mapping[int, Array]) -> dict[int, Array]:
        """Compute a forward step again from the states and products in `values`."""
        nodes = [equations.graph.nodes[index] for index in values]
        exact = {node.index: values[node.index] for node in nodes if node.op in LEAVES}
        return self.evaluate(nodes, exact, values)

    def evaluate(
        self,
        outputs: Iterable[Expression],
        values: Mapping[int, Array],
        decisions: Mapping[int, Array],
    ) -> dict[int, Array]:
        """Compute `outputs` as `Equations.evaluate` does, with an error in every operation.

        Comparisons come from `decisions`: an error must not change a branch.
        """
        known = dict(values)
        for node in reachable(outputs, stop=values):
            if node.index in known:
                continue
            if node.is_condition:
                known[node.index] = decisions[node.index]
                continue
            result = compute(node, [known[argument.index] for argument in node.args])
            exact = node.op in LEAVES or node.operation.exact
            known[node.index] = result if exact else self(result)
        return known


def may_be_rounding(logs: Array) -> bool:
    """Return whether some gradient is small enough to be rounding alone.

    Parameters
    ----------
    logs : array (lags, states)
        Logarithms of norms.

    Notes ----- Terms that cancel leave about 1e-16 of their size, which is that of a gradient of
    the same lag or of the lag before. Where no gradient is below a millionth of both, none is
    rounding, and no second computation is needed.
    """
    level = logs.max(axis=1)
    level[1:] = np.maximum(level[1:], level[:-1])
    return bool((np.isfinite(logs) & (logs < level[:, None] + math.log(1e-6))).any())


def known_logs(logs: Array, errors: Array) -> Array:
    """Return logarithms of norms, -inf where the error is as large as the norm itself.

    Parameters
    ----------
    logs, errors : array (lags, states)
        Logarithms of the norms, and of the differences of two computations.

    Notes
    -----
    The error of a lag is the largest of it and its two neighbours, relative to the largest gradient
    of all states: with a single unit it is one random number, which may be small by chance.
    """
    level = logs.max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        relative = np.where(np.isneginf(level), -np.inf, errors - level)
    largest = maximum_filter1d(relative, size=3, axis=0, mode="nearest")
    return np.where(largest + level >= logs, -np.inf, logs)
