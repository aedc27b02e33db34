"""Register tile of a matrix product, as LLVM vector code.

Numba cannot compile a loop into this form: a block of C in vector registers, one stream of panel
rows, one broadcast of A for each row of the block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from rnnlab.engine.intrinsics import declare

_I1, _I8, _I32, _I64 = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)


def micro_kernel(
    rows: int,
    panels: int,
    vectors: int,
    lanes: int,
    *,
    half: bool = False,
    transposed: bool = False,
) -> Callable[..., Any]:
    """Return the kernel of one tile: C[rows, panels * NR] = D + A[rows, K] @ P[K, panels * NR].

    Parameters
    ----------
    rows, panels, vectors, lanes : int
        Shape of the tile: NR = vectors * lanes columns a panel.
    half : bool
        Whether to compute only the first vector of a panel's row, for a last panel that has no
        more columns.
    transposed : bool
        Whether A is stored transposed: A[k, r] instead of A[r, k].

    Returns
    -------
    intrinsic `kernel(a, a_row, p, p_panel, d, d_row, c, c_row, inner, columns, ahead, pace)`
        Pointers, distances between rows in numbers, K, and the number of the tile's columns that
        exist: the others are neither read from D nor written to C. D may be C; with `d_row` 0 it is
        one row for all. At each of the K steps the line at the address `ahead`, which advances by
        `pace` bytes, is fetched into the second-level cache, before it is needed.
    """
    used = 1 if half else vectors
    count = panels * used

    @intrinsic
    def kernel(
        typingctx: Any,
        a: Any,
        a_row: Any,
        p: Any,
        p_panel: Any,
        d: Any,
        d_row: Any,
        c: Any,
        c_row: Any,
        inner: Any,
        columns: Any,
        ahead: Any,
        pace: Any,
    ) -> Any:
        single = a.dtype == types.float32
        number = ir.FloatType() if single else ir.DoubleType()
        size = 4 if single else 8
        vector = ir.VectorType(number, lanes)
        suffix = f"v{lanes}f{8 * size}"

        def constant(value: int) -> Any:
            return ir.Constant(_I64, value)

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            a_, a_row_, p_, p_panel_, d_, d_row_, c_, c_row_, inner_, columns_, *fetch = args
            ahead_, pace_ = fetch
            module = builder.module
            multiply_add = declare(module, f"llvm.fmuladd.{suffix}", vector, [vector] * 3)
            mask_type = ir.VectorType(_I1, lanes)
            masked_load = declare(
                module,
                f"llvm.masked.load.{suffix}.p0",
                vector,
                [vector.as_pointer(), _I32, mask_type, vector],
            )
            masked_store = declare(
                module,
                f"llvm.masked.store.{suffix}.p0",
                ir.VoidType(),
                [vector, vector.as_pointer(), _I32, mask_type],
            )
            prefetch = declare(
                module, "llvm.prefetch.p0", ir.VoidType(), [_I8.as_pointer(), _I32, _I32, _I32]
            )

            def fetch_line(where: Any, *, write: int, level: int) -> None:
                hints = [ir.Constant(_I32, hint) for hint in (write, 4 - level, 1)]
                builder.call(prefetch, [where, *hints])

            zero = ir.Constant(vector, [0.0] * lanes)
            alignment = ir.Constant(_I32, size)

            def vector_at(base: Any, offset: Any) -> Any:
                return builder.bitcast(builder.gep(base, [offset]), vector.as_pointer())

            def broadcast(value: Any, kind: Any, length: int) -> Any:
                undefined = ir.Constant(ir.VectorType(kind, length), ir.Undefined)
                first = builder.insert_element(undefined, value, ir.Constant(_I32, 0))
                zeros = ir.Constant(ir.VectorType(_I32, length), [0] * length)
                return builder.shuffle_vector(first, undefined, zeros)

            c_rows = [builder.gep(c_, [builder.mul(c_row_, constant(r))]) for r in range(rows)]
            for base in c_rows:
                for v in range(count):
                    where = builder.bitcast(
                        builder.gep(base, [constant(v * lanes)]), _I8.as_pointer()
                    )
                    fetch_line(where, write=1, level=1)
            d_rows = [builder.gep(d_, [builder.mul(d_row_, constant(r))]) for r in range(rows)]
            a_rows = [
                builder.gep(a_, [constant(r) if transposed else builder.mul(a_row_, constant(r))])
                for r in range(rows)
            ]
            p_panels = [
                builder.gep(p_, [builder.mul(p_panel_, constant(panel))]) for panel in range(panels)
            ]

            def step(k: Any, sums: list[Any]) -> list[Any]:
                if rows >= 4:  # with fewer rows, loads are the limit already
                    line = builder.add(ahead_, builder.mul(k, pace_))
                    fetch_line(builder.inttoptr(line, _I8.as_pointer()), write=0, level=2)
                at = builder.mul(k, constant(vectors * lanes))
                right = [
                    builder.load(vector_at(base, builder.add(at, constant(v * lanes))), align=size)
                    for base in p_panels
                    for v in range(used)
                ]
                a_at = builder.mul(k, a_row_) if transposed else k
                result = []
                for r in range(rows):
                    left = broadcast(builder.load(builder.gep(a_rows[r], [a_at])), number, lanes)
                    for v in range(count):
                        args = [left, right[v], sums[r * count + v]]
                        result.append(builder.call(multiply_add, args))
                return result

            def loop(start: Any, end: Any, stride: int, sums: list[Any]) -> list[Any]:
                before = builder.block
                head = builder.append_basic_block("inner.head")
                body = builder.append_basic_block("inner.body")
                done = builder.append_basic_block("inner.done")
                builder.branch(head)
                builder.position_at_end(head)
                k = builder.phi(_I64)
                k.add_incoming(start, before)
                running = [builder.phi(vector) for _ in sums]
                for phi, value in zip(running, sums, strict=True):
                    phi.add_incoming(value, before)
                builder.cbranch(builder.icmp_signed("<", k, end), body, done)
                builder.position_at_end(body)
                following = list(running)
                for unrolled in range(stride):
                    following = step(builder.add(k, constant(unrolled)), following)
                k.add_incoming(builder.add(k, constant(stride)), body)
                for phi, value in zip(running, following, strict=True):
                    phi.add_incoming(value, body)
                builder.branch(head)
                builder.position_at_end(done)
                return list(running)

            even = builder.and_(inner_, constant(-2))
            sums = loop(constant(0), even, 2, [zero] * (rows * count))
            sums = loop(even, inner_, 1, sums)

            def places(v: int, r: int) -> tuple[Any, Any]:
                offset = constant(v * lanes)
                return vector_at(d_rows[r], offset), vector_at(c_rows[r], offset)

            def write_whole() -> None:
                for v in range(count):
                    for r in range(rows):
                        start, goal = places(v, r)
                        total = builder.fadd(builder.load(start, align=size), sums[r * count + v])
                        builder.store(total, goal, align=size)

            def write_columns() -> None:
                index_type = ir.VectorType(_I64, lanes)
                width = broadcast(columns_, _I64, lanes)
                for v in range(count):
                    positions = ir.Constant(index_type, [v * lanes + lane for lane in range(lanes)])
                    mask = builder.icmp_signed("<", positions, width)
                    for r in range(rows):
                        start, goal = places(v, r)
                        old = builder.call(masked_load, [start, alignment, mask, zero])
                        total = builder.fadd(old, sums[r * count + v])
                        builder.call(masked_store, [total, goal, alignment, mask])

            # AMD executes the masked store of AVX2 in microcode: tens of operations each.
            whole = builder.icmp_signed(">=", columns_, constant(count * lanes))
            with builder.if_else(whole, likely=True) as (all_exist, some_exist):
                with all_exist:
                    write_whole()
                with some_exist:
                    write_columns()
            return context.get_dummy_value()

        matrix = (types.CPointer(a.dtype), types.int64)  # an address, and a distance in numbers
        return types.void(*4 * matrix, *4 * (types.int64,)), codegen

    made: Callable[..., Any] = kernel
    return made
