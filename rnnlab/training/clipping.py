"""Gradient clipping in place, by norm or by value; both return the norm before clipping."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from rnnlab.engine.protocol import Array
from rnnlab.limits import check_number


def global_norm(gradients: Mapping[str, Array]) -> float:
    """Return the Euclidean norm of all gradients together, summed in float64."""
    return math.sqrt(
        sum(float(np.square(array, dtype=np.float64).sum()) for array in gradients.values())
    )


def check_bound(maximum: float) -> float:
    """Return a clipping bound that is finite and more than 0."""
    return check_number("the clipping bound", maximum, above=0, remedy="try 1, or use None")


def clip_by_global_norm(gradients: Mapping[str, Array], maximum: float) -> float:
    """Scale all gradients in place so that their global norm is at most `maximum`.

    Pascanu, Mikolov & Bengio 2013, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> gradients = {"w": np.array([3.0, 4.0])}
    >>> clip_by_global_norm(gradients, 1.0), gradients["w"].round(2).tolist()
    (5.0, [0.6, 0.8])
    """
    norm = global_norm(gradients)
    if norm > check_bound(maximum) and math.isfinite(norm):
        for array in gradients.values():
            array *= maximum / norm
    return norm


def clip_by_value(gradients: Mapping[str, Array], maximum: float) -> float:
    """Bound every number of the gradients in place to -maximum..maximum."""
    norm = global_norm(gradients)
    check_bound(maximum)
    for array in gradients.values():
        np.clip(array, -maximum, maximum, out=array)
    return norm
