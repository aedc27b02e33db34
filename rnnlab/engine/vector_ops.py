"""Vector operations that Numba does not provide: rounding, bits of exponents, selection.

Each is one instruction or a few; `vector_math` builds the functions of equations from them.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from rnnlab.engine.intrinsics import declare


def _llvm_name(kind: Any) -> str:
    return "f32" if kind == ir.FloatType() else "f64"


@intrinsic
def round_to_even(typingctx: Any, x: Any) -> Any:
    """Round to the nearest whole number, halves to the even one."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = args[0].type
        return builder.call(
            declare(builder.module, f"llvm.rint.{_llvm_name(kind)}", kind, [kind]), args
        )

    return x(x), codegen


@intrinsic
def power_of_two(typingctx: Any, k: Any) -> Any:
    """Return 2**k for a whole number k in the range of normal exponents."""

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
    """Return x limited to [low, high]; NaN stays NaN."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[1], args[0])
        return builder.select(builder.fcmp_ordered(">", value, args[2]), args[2], value)

    return x(x, x, x), codegen


@intrinsic
def magnitude(typingctx: Any, x: Any) -> Any:
    """Return |x|, by clearing the sign bit."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = args[0].type
        return builder.call(
            declare(builder.module, f"llvm.fabs.{_llvm_name(kind)}", kind, [kind]), args
        )

    return x(x), codegen


@intrinsic
def with_sign(typingctx: Any, x: Any, sign: Any) -> Any:
    """Return |x| with the sign of another number."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = args[0].type
        name = f"llvm.copysign.{_llvm_name(kind)}"
        return builder.call(declare(builder.module, name, kind, [kind, kind]), args)

    return x(x, x), codegen


@intrinsic
def square_root(typingctx: Any, x: Any) -> Any:
    """Return the square root, rounded by the processor."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = args[0].type
        return builder.call(
            declare(builder.module, f"llvm.sqrt.{_llvm_name(kind)}", kind, [kind]), args
        )

    return x(x), codegen


def _octave(builder: Any, x: Any) -> tuple[Any, Any]:
    """Return the bits of x as a whole number, and its octave."""
    single = x.type == ir.FloatType()
    whole, shift = (ir.IntType(32), 23) if single else (ir.IntType(64), 52)
    lowest = 0x3F3504F3 if single else 0x3FE6A09E667F3BCD  # the bits of 1 / sqrt(2)
    bits = builder.bitcast(x, whole)
    above = builder.sub(bits, ir.Constant(whole, lowest))
    return bits, builder.ashr(above, ir.Constant(whole, shift))


@intrinsic
def octave(typingctx: Any, x: Any) -> Any:
    """Return the whole number k with 2**(k - 1/2) <= x < 2**(k + 1/2), for a positive normal x."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, k = _octave(builder, args[0])
        if args[0].type == ir.DoubleType():
            k = builder.trunc(k, ir.IntType(32))  # vector units convert 32-bit integers
        return builder.sitofp(k, args[0].type)

    return x(x), codegen


@intrinsic
def within_octave(typingctx: Any, x: Any) -> Any:
    """Return x / 2**octave(x), which is exact."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits, k = _octave(builder, args[0])
        shift = 23 if args[0].type == ir.FloatType() else 52
        scale = builder.shl(k, ir.Constant(bits.type, shift))
        return builder.bitcast(builder.sub(bits, scale), args[0].type)

    return x(x), codegen


@intrinsic
def where(typingctx: Any, condition: Any, a: Any, b: Any) -> Any:
    """Return a where the condition holds, else b, without a branch."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(args[0], args[1], args[2])

    return a(types.boolean, a, a), codegen
