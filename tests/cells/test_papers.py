"""Every registered cell against one step in NumPy, in matrix form, written from its paper by hand.

The steps are in `steps_*.py`; `paper_steps.py` says what a step is.
"""

from __future__ import annotations

import numpy as np
import pytest

from rnnlab.layers import Recurrent
from rnnlab.registry import cells
from tests.cells import steps_first, steps_gated, steps_linear, steps_lstm  # noqa: F401
from tests.cells.paper_steps import STEPS


def test_every_registered_cell_has_a_step():
    missing = sorted(set(cells) ^ set(STEPS))
    assert not missing, f"write a step from the paper for {missing}"


@pytest.mark.parametrize("name", list(cells))
def test_a_sequence_step_by_step(name, rng):
    steps, batch, inputs, units = 12, 5, 4, 7
    layer = Recurrent(name, inputs, units, dtype="float64", seed=rng)
    for array in layer.parameters.values():  # zeros and ones would hide mistakes
        array += 0.3 * rng.standard_normal(array.shape)
    x = rng.standard_normal((steps, batch, inputs))
    states = {state: rng.standard_normal((batch, units)) for state in layer.cell.states}
    for state in layer.cell.positive:
        states[state] = 0.5 + np.abs(states[state])
    tape = layer.forward(x, tuple(array[None] for array in states.values()))
    p = {key.removesuffix("_l0"): array for key, array in layer.parameters.items()}
    current = list(states.values())
    for t in range(steps):
        current = list(STEPS[name](p, x[t], current))
        for state, array in zip(layer.cell.states, current, strict=True):
            found = tape.states()[state][t + 1]
            scale = max(1.0, np.abs(array).max())  # rectified cells may grow
            assert np.abs(found - array).max() < 1e-10 * scale, (state, t)
            assert np.ptp(found) > 1e-3
