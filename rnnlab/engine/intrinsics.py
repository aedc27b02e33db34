"""Numba intrinsics: pointers, calls by address, hints to LLVM, floating-point mode."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import CodeType, FunctionType
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic

_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)

#: Arguments of a pointwise kernel: table of addresses, rows, units, distance between lane rows.
POINTWISE_ARGUMENTS = (types.CPointer(types.int64), types.int64, types.int64, types.int64)


class Target:
    """Description of the processor that Numba compiles for (see `target`).

    Attributes
    ----------
    cpu, features : str
        Names in LLVM.
    vector_bits : int
        Width of the vector registers.
    vector_registers : int
        Number of vector registers.
    instruction_set : str
        Name of the vector instructions: "AVX-512", "AVX2", "AVX", "SSE2" or "NEON".
    """

    def __init__(self) -> None:
        triple, cpu, features = cpu_target.target_context.codegen().magic_tuple()
        self.triple, self.cpu, self.features = str(triple), str(cpu), str(features)
        enabled = set(self.features.split(","))
        self.is_x86 = self.triple.startswith(("x86_64", "i686", "i386", "amd64"))
        self.is_arm = self.triple.startswith(("aarch64", "arm64"))
        if "+avx512f" in enabled:
            self.vector_bits, self.vector_registers = 512, 32
            self.instruction_set = "AVX-512"
        elif "+avx" in enabled:
            self.vector_bits, self.vector_registers = 256, 16
            self.instruction_set = "AVX2" if "+avx2" in enabled else "AVX"
        else:
            self.vector_bits, self.vector_registers = 128, 32 if self.is_arm else 16
            self.instruction_set = "NEON" if self.is_arm else "SSE2"


@cache
def target() -> Target:
    """Return the processor that Numba compiles for."""
    return Target()


def rename(template: Any, name: str, **names: Any) -> Callable[..., Any]:
    """Return a copy of a function with another name and some globals replaced.

    One template is thus compiled for several dtypes, each with the name of its cached code.
    """
    code: CodeType = template.__code__
    scope = {**template.__globals__, **names}
    copy = FunctionType(code, scope, name)
    copy.__qualname__ = name
    copy.__module__ = template.__module__
    return copy


def declare(module: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    """Return the LLVM function `name` of `module`, declared if it is not yet."""
    return cgutils.get_or_insert_function(module, ir.FunctionType(result, arguments), name)


@intrinsic
def pointer(typingctx: Any, array: Any, offset: Any) -> Any:
    """Return a pointer to element `offset` of a contiguous array."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(array)(context, builder, args[0]).data
        return builder.gep(data, [args[1]])

    return types.CPointer(array.dtype)(array, types.int64), codegen


@intrinsic
def address(typingctx: Any, array: Any, offset: Any) -> Any:
    """Return the address of element `offset` of a contiguous array, as a number."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(array)(context, builder, args[0]).data
        return builder.ptrtoint(builder.gep(data, [args[1]]), _I64)

    return types.int64(array, types.int64), codegen


@intrinsic
def as_number(typingctx: Any, base: Any) -> Any:
    """Return the address that a pointer holds, as a number."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ptrtoint(args[0], _I64)

    return types.int64(base), codegen


def entry_reader(dtype: Any) -> Any:
    """Return `entry(table, k)`, which reads the k-th address of a table as a pointer to `dtype`."""
    pointer_type = types.CPointer(dtype)

    @intrinsic
    def entry(typingctx: Any, table: Any, position: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            number = builder.load(builder.gep(args[0], [args[1]]))
            return builder.inttoptr(number, context.get_value_type(pointer_type))

        return pointer_type(types.CPointer(types.int64), types.int64), codegen

    return entry


@intrinsic
def advance(typingctx: Any, base: Any, count: Any) -> Any:
    """Return a pointer moved on by `count` elements."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return base(base, types.int64), codegen


@intrinsic
def load(typingctx: Any, base: Any, position: Any) -> Any:
    """Return element `position` of the array at a pointer."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(builder.gep(args[0], [args[1]]))

    return base.dtype(base, types.int64), codegen


@intrinsic
def store(typingctx: Any, base: Any, position: Any, value: Any) -> Any:
    """Write element `position` of the array at a pointer."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        cast = context.cast(builder, args[2], signature.args[2], base.dtype)
        builder.store(cast, builder.gep(args[0], [args[1]]))
        return context.get_dummy_value()

    return types.void(base, types.int64, value), codegen


@intrinsic
def vectorise_fully(typingctx: Any) -> Any:
    """Request the widest vectors in this function, and declare that its pointers do not overlap.

    Left alone, LLVM uses 256-bit vectors on AVX-512, and checks for overlap at run time.
    """
    bits = target().vector_bits

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = builder.function
        set.add(function.attributes, f'"prefer-vector-width"="{bits}"')
        for argument in function.args[2:]:  # the first two are Numba's return and error slots
            if isinstance(argument.type, ir.PointerType):
                argument.add_attribute("noalias")
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def read_shared(typingctx: Any, array: Any, position: Any) -> Any:
    """Return an element of an array that another thread writes, read from memory at every call."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(array)(context, builder, args[0]).data
        size = array.dtype.bitwidth // 8
        return builder.load_atomic(builder.gep(data, [args[1]]), "acquire", size)

    return array.dtype(array, types.int64), codegen


@intrinsic
def pause(typingctx: Any) -> Any:
    """Hint to the processor that this thread waits in a loop."""
    processor = target()

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if processor.is_x86:
            builder.call(declare(builder.module, "llvm.x86.sse2.pause", ir.VoidType(), []), [])
        elif processor.is_arm:
            hint = declare(builder.module, "llvm.aarch64.hint", ir.VoidType(), [_I32])
            builder.call(hint, [ir.Constant(_I32, 1)])
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def call_kernel(typingctx: Any, function: Any, arguments: Any) -> Any:
    """Call the compiled kernel at an address with a tuple of pointers and whole numbers.

    The caller is compiled and cached without the kernel's code.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = cgutils.unpack_tuple(builder, args[1])
        kernel_type = ir.FunctionType(ir.VoidType(), [value.type for value in values])
        kernel = builder.inttoptr(args[0], kernel_type.as_pointer())
        builder.call(kernel, values)
        return context.get_dummy_value()

    return types.void(types.int64, arguments), codegen


@intrinsic
def flush_denormals(typingctx: Any) -> Any:
    """Make this thread treat denormals as zero; return the previous mode, for `restore_mode`.

    A gradient that has vanished over a thousand steps consists of denormals, which take seven times
    as long to compute with and carry no information.
    """
    processor = target()

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        old = _read_mode(builder, processor)
        if old is None:
            return ir.Constant(_I64, 0)
        bits = 0x8040 if processor.is_x86 else 1 << 24  # MXCSR FTZ and DAZ; FPCR FZ
        _write_mode(builder, processor, builder.or_(old, ir.Constant(_I64, bits)))
        return old

    return types.int64(), codegen


@intrinsic
def restore_mode(typingctx: Any, mode: Any) -> Any:
    """Set the floating-point mode that `flush_denormals` returned."""
    processor = target()

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _write_mode(builder, processor, args[0])
        return context.get_dummy_value()

    return types.void(types.int64), codegen


def _read_mode(builder: Any, processor: Target) -> Any:
    if processor.is_x86:
        slot = cgutils.alloca_once(builder, _I32)
        raw = builder.bitcast(slot, _I8.as_pointer())
        store_mode = declare(
            builder.module, "llvm.x86.sse.stmxcsr", ir.VoidType(), [_I8.as_pointer()]
        )
        builder.call(store_mode, [raw])
        return builder.zext(builder.load(slot), _I64)
    if processor.is_arm:
        return builder.call(declare(builder.module, "llvm.aarch64.get.fpcr", _I64, []), [])
    return None


def _write_mode(builder: Any, processor: Target, mode: Any) -> None:
    if processor.is_x86:
        slot = cgutils.alloca_once(builder, _I32)
        builder.store(builder.trunc(mode, _I32), slot)
        raw = builder.bitcast(slot, _I8.as_pointer())
        load_mode = declare(
            builder.module, "llvm.x86.sse.ldmxcsr", ir.VoidType(), [_I8.as_pointer()]
        )
        builder.call(load_mode, [raw])
    elif processor.is_arm:
        set_mode = declare(builder.module, "llvm.aarch64.set.fpcr", ir.VoidType(), [_I64])
        builder.call(set_mode, [mode])
