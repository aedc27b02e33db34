"""The functions of `rnnlab.equations` in a form that LLVM turns into vector instructions.

The wheels of Numba have no vector mathematics library: `math.tanh` in a loop stays scalar, many
times slower. These are polynomials and rational functions without branches or tables; their
coefficients come from `benchmarks/fit_vector_math.py`. NaN comes out where NaN went in.

Largest errors, in units of the last place, over all magnitudes (tests/engine/test_vector_math.py):
float32 tanh 6, sigmoid 3, exp 2; float64 tanh 4, sigmoid 3, exp 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from rnnlab.engine.intrinsics import declare

#: Contraction to fused multiply-adds and reciprocals are allowed; NaN, infinities and the order
#: of operations are kept.
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


def _llvm_name(kind: Any) -> str:
    return "f32" if kind == ir.FloatType() else "f64"


@intrinsic
def round_to_even(typingctx: Any, x: Any) -> Any:
    """Nearest whole number."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = args[0].type
        return builder.call(
            declare(builder.module, f"llvm.rint.{_llvm_name(kind)}", kind, [kind]), args
        )

    return x(x), codegen


@intrinsic
def power_of_two(typingctx: Any, k: Any) -> Any:
    """2**k for a whole number k within the exponents of normal numbers."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        single = args[0].type == ir.FloatType()
        whole = ir.IntType(32) if single else ir.IntType(64)
        exponent = builder.fptosi(args[0], ir.IntType(32))
        if not single:
            exponent = builder.sext(exponent, whole)
        bias, shift = (127, 23) if single else (1023, 52)
        biased = builder.add(exponent, ir.Constant(whole, bias))
        return builder.bitcast(builder.shl(biased, ir.Constant(whole, shift)), args[0].type)

    return k(k), codegen


@intrinsic
def clip(typingctx: Any, x: Any, low: Any, high: Any) -> Any:
    """Bound x; NaN passes through."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[1], args[0])
        return builder.select(builder.fcmp_ordered(">", value, args[2]), args[2], value)

    return x(x, x, x), codegen


@intrinsic
def magnitude(typingctx: Any, x: Any) -> Any:
    """|x|, by the sign bit."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = args[0].type
        return builder.call(
            declare(builder.module, f"llvm.fabs.{_llvm_name(kind)}", kind, [kind]), args
        )

    return x(x), codegen


@intrinsic
def with_sign(typingctx: Any, x: Any, sign: Any) -> Any:
    """|x| with the sign of another number."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = args[0].type
        name = f"llvm.copysign.{_llvm_name(kind)}"
        return builder.call(declare(builder.module, name, kind, [kind, kind]), args)

    return x(x, x), codegen


@intrinsic
def where(typingctx: Any, condition: Any, a: Any, b: Any) -> Any:
    """Choose without a branch."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(args[0], args[1], args[2])

    return a(types.boolean, a, a), codegen


def _jit(function: Callable[..., Any]) -> Callable[..., Any]:
    compiled: Callable[..., Any] = njit(**OPTIONS)(function)
    return compiled


def _single() -> dict[str, Callable[..., Any]]:
    real = np.float32
    p0, p1, p2, p3, p4 = (real(c) for c in _TANH_P)
    q0, q1, q2, q3, q4 = (real(c) for c in _TANH_Q)
    r0, r1, r2, r3, r4 = (real(c) for c in _EXP_R)
    bound, one, log2_e = real(9.0), real(1.0), real(_LOG2_E)
    lowest, highest = real(-87.33654), real(88.72283)
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
    def relu(x):
        return where(x < real(0.0), real(0.0), x)

    return {"tanh": tanh, "exp": exp, "sigmoid": sigmoid, "relu": relu, "where": where}


def _double() -> dict[str, Callable[..., Any]]:
    c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13 = _TAYLOR
    log2_e = _LOG2_E
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
    def relu(x):
        return where(x < 0.0, 0.0, x)

    return {"tanh": tanh, "exp": exp, "sigmoid": sigmoid, "relu": relu, "where": where}


@cache
def vector_functions(dtype_name: str) -> dict[str, Callable[..., Any]]:
    """Return the compiled functions of equations for one dtype, by name."""
    return _single() if dtype_name == "float32" else _double()
