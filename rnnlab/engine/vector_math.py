"""Functions of `rnnlab.equations` in a form that LLVM compiles into vector instructions.

Numba's wheels have no vector mathematics library: `math.tanh` in a loop stays scalar and is many
times slower. These are polynomials and rational functions without branches or tables; their
coefficients are computed by `benchmarks/fit_vector_math.py`. NaN gives NaN.

Largest errors, in units of the last place, over all magnitudes (tests/engine/test_vector_math.py):
float32 tanh 6, sigmoid 3, exp 2, log 2, softsign 2; float64 tanh 4, sigmoid 3, exp 2, log 2,
softsign 2. sqrt and hard_sigmoid are the processor's own arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import njit

from rnnlab.engine.vector_ops import (
    clip,
    magnitude,
    octave,
    power_of_two,
    round_to_even,
    square_root,
    where,
    with_sign,
    within_octave,
)

#: Fused multiply-adds and reciprocals are allowed; NaN, infinities and the order of operations are
#: preserved.
FAST_MATH = {"contract", "nsz", "arcp"}
OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": FAST_MATH}

_LOG2_E = 1.4426950408889634

# tanh(x) = x P(x^2) / Q(x^2) on [0, 9], lowest power first.
_TANH_P = (
    1.0,
    0.13381043076515198,
    0.003495607990771532,
    2.0609386410797015e-05,
    1.3355040628937331e-08,
)
_TANH_Q = (
    1.0,
    0.46714359521865845,
    0.025877058506011963,
    0.0003285666462033987,
    7.776721986374469e-07,
)
# exp(r) = 1 + r + r^2 R(r) on [-ln(2)/2, ln(2)/2], lowest power first.
_EXP_R = (
    0.4999999403953552,
    0.1666651964187622,
    0.041668396443128586,
    0.008368786424398422,
    0.0013814402045682073,
)
# float64: Taylor's coefficients reach 2e-17 at degree 13 on that interval.
_TAYLOR = tuple(1 / math.factorial(k) for k in range(2, 14))
# log((1 + s) / (1 - s)) = 2 s + s S(s^2) for |s| <= 3 - sqrt(8), where 1/sqrt(2) <= (1+s)/(1-s) <=
# sqrt(2); lowest power first, from z = s^2 on.
_LOG_S = (0.6666677594184875, 0.39977484941482544, 0.29873576760292053)
# float64: again Taylor's, 2/3 + 2/5 z + ..., which end below 1e-17 there.
_LOG_TAYLOR = tuple(2 / (2 * k + 1) for k in range(1, 12))


def _jit(function: Callable[..., Any]) -> Callable[..., Any]:
    compiled: Callable[..., Any] = njit(**OPTIONS)(function)
    return compiled


def _log_ends(real: Any) -> Callable[..., Any]:
    """Return the function that sets log at 0, at negative numbers, infinity and NaN."""
    zero, infinity, nan = real(0.0), real(np.inf), real(np.nan)

    @_jit
    def log_ends(x, result):
        result = where(x == infinity, infinity, result)
        result = where(x == zero, -infinity, result)
        result = where(x < zero, nan, result)
        return where(x == x, result, x)

    return log_ends


def _common(real: Any) -> dict[str, Callable[..., Any]]:
    """Return the functions that have the same form in both dtypes."""
    zero, half, one, sixth, large = (real(c) for c in (0.0, 0.5, 1.0, 1 / 6, 1e18))

    @_jit
    def relu(x):
        return where(x < zero, zero, x)

    @_jit
    def hard_sigmoid(x):
        return clip(x * sixth + half, zero, one)

    @_jit
    def softsign(x):
        x = clip(x, -large, large)  # there 1 + |x| is |x|; infinity / infinity would be NaN
        return x / (one + magnitude(x))

    @_jit
    def minimum(a, b):
        return where(a < b, a, where(a == a, b, a))  # NaN if either is NaN

    @_jit
    def maximum(a, b):
        return where(a > b, a, where(a == a, b, a))

    return {
        "relu": relu,
        "hard_sigmoid": hard_sigmoid,
        "softsign": softsign,
        "sqrt": square_root,
        "abs": magnitude,
        "minimum": minimum,
        "maximum": maximum,
        "where": where,
    }


def _single() -> dict[str, Callable[..., Any]]:
    real = np.float32
    p0, p1, p2, p3, p4 = (real(c) for c in _TANH_P)
    q0, q1, q2, q3, q4 = (real(c) for c in _TANH_Q)
    r0, r1, r2, r3, r4 = (real(c) for c in _EXP_R)
    s0, s1, s2 = (real(c) for c in _LOG_S)
    bound, one, log2_e = real(9.0), real(1.0), real(_LOG2_E)
    lowest, highest = real(-87.33654), real(88.72283)
    log_ends, smallest, two_24 = _log_ends(real), real(2.0**-126), real(2.0**24)
    # ln 2 in two parts, the first with trailing zeros, so that k * high is exact.
    high, low = real(0.693359375), real(math.log(2) - 0.693359375)

    @_jit
    def tanh(x):
        x = clip(x, -bound, bound)
        s = x * x
        p = (((p4 * s + p3) * s + p2) * s + p1) * s + p0
        q = (((q4 * s + q3) * s + q2) * s + q1) * s + q0
        return clip(x * p / q, -one, one)

    @_jit
    def exp(x):
        bounded = clip(x, lowest, highest)
        k = round_to_even(bounded * log2_e)
        r = (bounded - k * high) - k * low
        tail = (((r4 * r + r3) * r + r2) * r + r1) * r + r0
        half = power_of_two(k - one)  # 2**128 has no float32, 2 * 2**127 * .99 has
        result = (((tail * r) * r + r) + one) * half * real(2.0)
        result = where(x < lowest, real(0.0), result)  # would be denormal
        return where(x > highest, real(np.inf), result)

    @_jit
    def sigmoid(x):
        return one / (one + exp(-x))  # not 0.5 + 0.5 tanh(x/2): that loses small results

    @_jit
    def log(x):
        # Denormals are scaled up first; if the processor treats them as 0, so does log_ends.
        tiny = x < smallest
        scaled = where(tiny, x * two_24, x)
        k = octave(scaled) - where(tiny, real(24.0), real(0.0))
        f = within_octave(scaled) - one
        s = f / (f + real(2.0))
        z = s * s
        tail = ((s2 * z + s1) * z + s0) * z
        half = real(0.5) * f * f  # f - half keeps the digits that 2 s would lose
        result = k * high - ((half - (s * (half + tail) + k * low)) - f)
        return log_ends(x, result)

    return {"tanh": tanh, "exp": exp, "sigmoid": sigmoid, "log": log, **_common(real)}


def _double() -> dict[str, Callable[..., Any]]:
    c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13 = _TAYLOR
    log2_e = _LOG2_E
    l1, l2, l3, l4, l5, l6, l7, l8, l9, l10, l11 = _LOG_TAYLOR
    log_ends = _log_ends(np.float64)
    high = 6.93147180369123816490e-01  # ln 2 with 21 trailing zero bits
    low = 1.90821492927058770002e-10

    @_jit
    def expm1_reduced(r):
        p = ((((c13 * r + c12) * r + c11) * r + c10) * r + c9) * r + c8
        p = (((((p * r + c7) * r + c6) * r + c5) * r + c4) * r + c3) * r + c2
        return p * r * r + r

    @_jit
    def exp(x):
        bounded = clip(x, -708.39, 709.78)
        k = round_to_even(bounded * log2_e)
        r = (bounded - k * high) - k * low
        half = power_of_two(k - 1.0)
        result = (expm1_reduced(r) + 1.0) * half * 2.0
        result = where(x < -708.39, 0.0, result)  # would be denormal
        return where(x > 709.78, np.inf, result)

    @_jit
    def tanh(x):
        # expm1(2|x|) / (expm1(2|x|) + 2): exact near 0, where 1 - 2 / (e + 1) is not.
        double = clip(magnitude(x) * 2.0, 0.0, 44.0)
        k = round_to_even(double * log2_e)
        r = (double - k * high) - k * low
        scale = power_of_two(k)
        e = expm1_reduced(r) * scale + (scale - 1.0)
        return with_sign(e / (e + 2.0), x)

    @_jit
    def sigmoid(x):
        return 1.0 / (1.0 + exp(-x))

    @_jit
    def log(x):
        tiny = x < 2.0**-1022
        scaled = where(tiny, x * 2.0**54, x)
        k = octave(scaled) - where(tiny, 54.0, 0.0)
        f = within_octave(scaled) - 1.0
        s = f / (f + 2.0)
        z = s * s
        p = ((((l11 * z + l10) * z + l9) * z + l8) * z + l7) * z + l6
        tail = (((((p * z + l5) * z + l4) * z + l3) * z + l2) * z + l1) * z
        half = 0.5 * f * f
        result = k * high - ((half - (s * (half + tail) + k * low)) - f)
        return log_ends(x, result)

    return {"tanh": tanh, "exp": exp, "sigmoid": sigmoid, "log": log, **_common(np.float64)}


@cache
def vector_functions(dtype_name: str) -> dict[str, Callable[..., Any]]:
    """Return the compiled functions of equations for one dtype, by name."""
    return _single() if dtype_name == "float32" else _double()
