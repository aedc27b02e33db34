"""The vectorised functions against long double, over all magnitudes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numba import njit

from rnnlab.engine.vector_math import vector_functions

TRUTH: dict[str, Any] = {
    "tanh": np.tanh,
    "exp": np.exp,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "log": np.log,
    "sqrt": np.sqrt,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "abs": np.abs,
}
# Units of the last place; what the module's docstring promises.
BOUNDS: dict[str, dict[str, float]] = {
    "float32": {"tanh": 6, "exp": 2, "sigmoid": 3},
    "float64": {"tanh": 4, "exp": 2, "sigmoid": 3},
}
for _bounds in BOUNDS.values():
    _bounds |= {"log": 2, "softsign": 2, "sqrt": 0.5, "abs": 0}
POSITIVE = {"log", "sqrt"}


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
    if name in POSITIVE:  # around 1, where the logarithm is small, and in every octave
        lowest, highest = np.log2([np.finfo(dtype).tiny, np.finfo(dtype).max])
        octaves = 2.0 ** rng.uniform(lowest, highest, 20_000)
        x = np.abs(np.concatenate([x, 1 + x[:60_000], octaves.astype(dtype)]))
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
    np.testing.assert_array_equal(apply("abs", x), [np.nan, np.inf, np.inf, 0, 1000, 1000])
    np.testing.assert_array_equal(apply("softsign", x)[:4], [np.nan, 1, -1, 0])
    np.testing.assert_array_equal(apply("hard_sigmoid", x), [np.nan, 1, 0, 0.5, 1, 0])
    np.testing.assert_array_equal(apply("sqrt", x)[:4], [np.nan, np.inf, np.nan, 0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ends_of_the_logarithm(dtype):
    x = np.array([np.nan, np.inf, 0.0, -0.0, -1.0, -np.inf, 1.0], dtype)
    found = apply("log", x)
    np.testing.assert_array_equal(found, [np.nan, np.inf, -np.inf, -np.inf, np.nan, np.nan, 0])
    info = np.finfo(dtype)
    # This thread keeps denormals; in the engine's loops, which flush them, they are 0: -inf.
    ends = np.array([info.smallest_subnormal, 3 * info.smallest_subnormal, info.tiny, info.max])
    expected = np.log(ends.astype(np.longdouble)).astype(dtype)
    np.testing.assert_allclose(apply("log", ends.astype(dtype)), expected, rtol=2 * info.eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_hard_sigmoid_is_pytorchs(dtype):
    x = np.linspace(-4, 4, 10_001).astype(dtype)
    expected = torch.nn.functional.hardsigmoid(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(apply("hard_sigmoid", x), expected, atol=2 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["minimum", "maximum"])
def test_the_smaller_and_the_larger_as_numpy_has_them(name, dtype, rng):
    function = vector_functions(dtype)[name]

    @njit
    def run(a, b, out):
        for k in range(a.size):
            out[k] = function(a[k], b[k])

    a = np.concatenate([rng.standard_normal(100), [np.nan, 1, np.nan, np.inf, -np.inf, 2]])
    b = np.concatenate([rng.standard_normal(100), [1, np.nan, np.nan, 3, 3, 2]])
    a, b = a.astype(dtype), b.astype(dtype)
    out = np.empty_like(a)
    run(a, b, out)
    np.testing.assert_array_equal(out, getattr(np, name)(a, b))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tanh_stays_within_one(dtype):
    x = np.linspace(-12, 12, 100_001).astype(dtype)
    assert np.abs(apply("tanh", x)).max() <= 1
