"""Register of the steps that `test_papers.py` compares the catalogue with, and what they share.

A step is one time step of one cell in NumPy, in matrix form, written from its paper by hand. It
takes the parameters under the layer's names (without `_l0`), x_t (B, I) and the states of the step
before, each (B, H), and returns the new states. It shares nothing with the cell's file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[dict[str, Any], Any, list[Any]], tuple[Any, ...]]
STEPS: dict[str, Step] = {}


def paper(name: str) -> Callable[[Step], Step]:
    """Register a step under the name of its cell."""

    def record(step: Step) -> Step:
        STEPS[name] = step
        return step

    return record


def s(a):
    return 1 / (1 + np.exp(-a))


def rows(array, names):
    """Return the gates' blocks of a stacked array, transposed so that they are on the right."""
    return {name: block.T for name, block in zip(names, np.split(array, len(names)), strict=True)}


def affine(p, names):
    """Return W, U, b by gate for a cell all of whose gates see x and h."""
    return (rows(p[key], names) for key in ("weight_ih", "weight_hh", "bias"))
