"""The vectorised functions against long double, over all magnitudes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit

from rnnlab.engine.vector_math import vector_functions

TRUTH: dict[str, Any] = {
    "tanh": np.tanh,
    "exp": np.exp,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
# Units of the last place; what the module's docstring promises.
BOUNDS = {
    "float32": {"tanh": 6, "exp": 2, "sigmoid": 3},
    "float64": {"tanh": 4, "exp": 2, "sigmoid": 3},
}


def apply(name: str, x: np.ndarray) -> np.ndarray:
    function = vector_functions(x.dtype.name)[name]

    @njit
    def run(x, out):
        for k in range(x.size):
            out[k] = function(x[k])

    out = np.empty_like(x)
    run(x, out)
    return out


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(TRUTH))
def test_error_in_units_of_the_last_place(name, dtype, rng):
    scales = [1e-30, 1e-6, 1e-3, 0.1, 1, 3, 10, 80]
    x = np.concatenate([rng.uniform(-1, 1, 20_000) * s for s in scales]).astype(dtype)
    got = apply(name, x)
    with np.errstate(all="ignore"):
        expected = TRUTH[name](x.astype(np.longdouble))
    info = np.finfo(dtype)
    normal = (np.abs(expected) > info.tiny) & (np.abs(expected) < info.max)
    unit = np.spacing(np.abs(expected[normal]).astype(dtype))
    assert np.max(np.abs(got[normal] - expected[normal]) / unit) <= BOUNDS[dtype][name]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ends_of_the_line(dtype):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, 1000.0, -1000.0], dtype)
    np.testing.assert_array_equal(apply("tanh", x), [np.nan, 1, -1, 0, 1, -1])
    np.testing.assert_array_equal(apply("sigmoid", x), [np.nan, 1, 0, 0.5, 1, 0])
    np.testing.assert_array_equal(apply("exp", x), [np.nan, np.inf, 0, 1, np.inf, 0])
    np.testing.assert_array_equal(apply("relu", x), [np.nan, np.inf, 0, 0, 1000, 0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tanh_stays_within_one(dtype):
    x = np.linspace(-12, 12, 100_001).astype(dtype)
    assert np.abs(apply("tanh", x)).max() <= 1
