"""Gradients of a cell by back-propagation against central differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.cells import CellDefinition
from rnnlab.engine.protocol import Array
from rnnlab.layers import Recurrent
from rnnlab.layers.seeding import INITIALISATION, Seed, random_numbers
from rnnlab.limits import check_number

#: Half the width of a central difference, which balances its error of order eps^2 and rounding.
EPS = 1e-5
#: Half the width of a second difference where the first disagrees: it contains fewer corners.
SHORT_EPS = 1e-7
#: One-sided slopes that differ by this share of the gradients' scale over SHORT_EPS are a corner.
CORNER = 1e-3


def check_gradients(
    cell: CellDefinition | str,
    *,
    steps: int = 5,
    batch: int = 3,
    inputs: int = 3,
    hidden: int = 4,
    seed: Seed = None,
    tolerance: float = 1e-6,
) -> pd.DataFrame:
    """Compare every gradient of a layer with central differences, in float64.

    The loss is a random linear function of all outputs and all final states; parameters, the
    input and the initial states are random, and none of them is 0.

    Parameters
    ----------
    cell : CellDefinition or str
    steps, batch, inputs, hidden : int
        T, B, I, H. Every number of the arrays costs two forward passes.
    seed : int or numpy.random.Generator, optional
        Seed of all numbers. If left out, fresh entropy, which `attrs["seed"]` of the table keeps.
    tolerance : float
        Entries that disagree by more are measured again with a shorter difference.

    Returns
    -------
    DataFrame
        kind (parameter, input or state), name, shape, error, index (of the largest error),
        analytic, numeric (there), kinks. `error` is the largest |analytic - numeric| by the
        largest gradient of the same array, or by a ten-thousandth of the largest of all arrays if
        that is more: single entries near 0 hold nothing but rounding. `kinks` counts the entries
        where the loss has a corner (a rectifier at 0), which has no gradient: they are left out.

    Raises
    ------
    ValueError
        If the loss is not finite, the sequence being too long for this cell, or `tolerance` is not
        a finite number above 0.

    Examples
    --------
    >>> table = check_gradients("gru", steps=3, batch=2)
    >>> table.name.tolist()[-2:], bool(table.error.max() < 1e-6)
    (['x', 'h'], True)
    """
    check_number("tolerance", tolerance, above=0, remedy="try 1e-6")
    rng, drawn_from = random_numbers(seed, INITIALISATION)  # the layer's come first
    case = _draw(cell, steps, batch, inputs, hidden, rng)
    if not math.isfinite(case.loss()):
        raise ValueError(
            f"the loss of {case.layer.cell.name} must be finite, got {case.loss()}: "
            "use fewer steps or another seed"
        )
    compared = [(kind, name, array, grad) for kind, name, array, grad in case.arrays()]
    largest = max(float(np.abs(gradient).max()) for *_, gradient in compared)
    table = pd.DataFrame(
        [
            {
                "kind": kind,
                "name": name,
                "shape": gradient.shape,
                **_compare(case.loss, array, gradient, tolerance, floor=1e-4 * largest),
            }
            for kind, name, array, gradient in compared
        ]
    )
    table.attrs["seed"] = drawn_from
    return table


@dataclass(frozen=True)
class _Case:
    """A layer with the arrays of a forward and a backward pass."""

    layer: Recurrent
    x: Array
    state: Any
    d_output: Array
    d_state: Any

    def loss(self) -> float:
        """Return the loss at the arrays as they are now."""
        output, final = self.layer(self.x, self.state)
        total = float((output * self.d_output).sum())
        for value, weight in zip(final, self.d_state, strict=True):
            total += float((value * weight).sum())
        return total

    def arrays(self) -> Iterator[tuple[str, str, Array, Array]]:
        """Yield kind, name, the live array and its gradient by back-propagation."""
        tape = self.layer.forward(self.x, self.state)
        gradients = self.layer.backward(tape, self.d_output, self.d_state)
        for name, array in self.layer.parameters.items():
            yield "parameter", name, array, gradients.parameters[name]
        if gradients.input is not None:
            yield "input", "x", self.x, gradients.input
        for name in self.layer.cell.states:
            array, gradient = (getattr(group, name)[0] for group in (self.state, gradients.state))
            yield "state", name, array, gradient


def _draw(
    cell: CellDefinition | str,
    steps: int,
    batch: int,
    inputs: int,
    hidden: int,
    rng: np.random.Generator,
) -> _Case:
    layer = Recurrent(cell, inputs, hidden, dtype="float64", seed=rng)
    for array in layer.parameters.values():  # zeros, as of biases, would hide mistakes
        # small enough for a sequence that neither explodes nor saturates
        spread = 0.3 if array.ndim < 2 else 0.3 / math.sqrt(array.shape[1])
        array += spread * rng.standard_normal(array.shape)
    states = layer.cell.states
    initial = {name: 0.5 * rng.standard_normal((1, batch, hidden)) for name in states}
    for name in layer.cell.positive:  # a normaliser, say
        initial[name] = 0.5 + np.abs(initial[name])
    return _Case(
        layer,
        x=rng.standard_normal((steps, batch, inputs)),
        state=layer.state_type(**initial),
        d_output=rng.standard_normal((steps, batch, hidden)),
        d_state=layer.state_type(*(rng.standard_normal((1, batch, hidden)) for _ in states)),
    )


def _compare(
    loss: Callable[[], float], array: Array, gradient: Array, tolerance: float, floor: float
) -> dict[str, Any]:
    """Measure one array: its worst entry, and how many had to be left out."""
    numeric = np.empty_like(array)
    for index in np.ndindex(array.shape):
        above, below = _around(loss, array, index, EPS)
        numeric[index] = (above - below) / (2 * EPS)
    scale = max(float(np.abs(gradient).max()), float(np.abs(numeric).max()), floor)
    kinks = 0
    for index in zip(*np.nonzero(_errors(gradient, numeric, scale) > tolerance), strict=True):
        above, below = _around(loss, array, index, SHORT_EPS)
        middle = loss()
        if abs(above - 2 * middle + below) / SHORT_EPS > CORNER * scale:
            kinks += 1
            numeric[index] = gradient[index]
        else:
            shorter = (above - below) / (2 * SHORT_EPS)
            numeric[index] = min(numeric[index], shorter, key=lambda n: abs(n - gradient[index]))
    errors = _errors(gradient, numeric, scale)
    worst = np.unravel_index(int(errors.argmax()), errors.shape)
    return {
        "error": float(errors[worst]),
        "index": tuple(int(position) for position in worst),
        "analytic": float(gradient[worst]),
        "numeric": float(numeric[worst]),
        "kinks": kinks,
    }


def _errors(gradient: Array, numeric: Array, scale: float) -> Array:
    """Return the relative errors; a gradient that is not finite is infinitely wrong."""
    errors = np.abs(gradient - numeric) / scale if scale > 0 else np.abs(gradient - numeric)
    result: Array = np.where(np.isfinite(errors), errors, np.inf)
    return result


def _around(
    loss: Callable[[], float], array: Array, index: tuple[int, ...], eps: float
) -> tuple[float, float]:
    """Return the loss above and below one entry, which is put back."""
    value = array[index]
    array[index] = value + eps
    above = loss()
    array[index] = value - eps
    below = loss()
    array[index] = value
    return above, below
