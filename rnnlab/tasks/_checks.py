"""Checks that every task makes of its settings."""

from __future__ import annotations

from numbers import Integral

import numpy as np


def whole_number(name: str, value: object, least: int, reason: str) -> int:
    """Return `value` as a Python int, or say what must hold, what came and how to fix it.

    NumPy's integers are taken; a bool is not a number here, nor is 3.0.

    Examples
    --------
    >>> whole_number("payload", 3, 1, "there is nothing to recall otherwise")
    3
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(
            f"{name} must be an integer, got {value!r} ({type(value).__name__}): "
            f"pass a whole number of at least {least}"
        )
    if value < least:
        raise ValueError(
            f"{name} must be at least {least}, got {value}: {reason}; use {least} or more"
        )
    return int(value)


def generator(rng: object) -> np.random.Generator:
    """Return `rng` if it is a NumPy generator: a batch never draws from the global state."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng must be a numpy.random.Generator, got {type(rng).__name__}: "
            "pass numpy.random.default_rng(seed)"
        )
    return rng
