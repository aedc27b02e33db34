"""Matrix products over packed panels, for the shapes of recurrent networks.

`C += A @ P`, where P holds a weight matrix in panels: NR columns side by side, row after row, so
that the micro-kernel reads it as one stream. A panel is packed once a sequence and used at every
time step. The micro-kernel keeps an MR x NR tile of C in vector registers while it runs down the
inner dimension; it is LLVM vector code, because no loop in Numba becomes that.

Every element of C is one chain of multiply-adds in the order of the inner dimension, in blocks of
KB: a row's result does not depend on which other rows are in the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from rnnlab.engine.intrinsics import declare, load, pointer, store, target, vectorise_fully

#: Inner dimension of a block: a panel of KB rows fits in the first-level cache.
KB = 128
#: Reassociation is not allowed: the order of sums is part of the contract.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "boundscheck": False, "fastmath": {"contract"}}

_I1, _I8, _I32, _I64 = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)


def tile_shape(dtype: Any) -> tuple[int, int, int]:
    """Return MR (rows of a tile), its vectors a row, and the numbers in a vector."""
    host = target()
    lanes = host.vector_bits // (8 * np.dtype(dtype).itemsize)
    rows = 8 if host.vector_registers == 32 else 4
    return rows, 2, lanes


def panel_width(dtype: Any) -> int:
    """Return NR, the columns of a panel."""
    _, vectors, lanes = tile_shape(dtype)
    return vectors * lanes


def micro_kernel(
    rows: int, panels: int, vectors: int, lanes: int, *, packed_rows: int = 0
) -> Callable[..., Any]:
    """Make the kernel of one tile: C[rows, panels * NR] += A[rows, K] @ P[K, panels * NR].

    Parameters
    ----------
    rows, panels, vectors, lanes : int
        Shape of the tile: NR = vectors * lanes columns a panel.
    packed_rows : int
        If not 0, A is packed: its rows lie side by side, `packed_rows` numbers an inner step.

    Returns
    -------
    intrinsic `kernel(a, a_row, p, p_panel, c, c_row, inner, columns)`
        Pointers, distances in numbers, K, and how many of the tile's columns exist: the others
        are neither read from C nor written.
    """
    count = panels * vectors

    @intrinsic
    def kernel(
        typingctx: Any,
        a: Any,
        a_row: Any,
        p: Any,
        p_panel: Any,
        c: Any,
        c_row: Any,
        inner: Any,
        columns: Any,
    ) -> Any:
        single = a.dtype == types.float32
        number = ir.FloatType() if single else ir.DoubleType()
        size = 4 if single else 8
        vector = ir.VectorType(number, lanes)
        suffix = f"v{lanes}f{8 * size}"

        def constant(value: int) -> Any:
            return ir.Constant(_I64, value)

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            a_, a_row_, p_, p_panel_, c_, c_row_, inner_, columns_ = args
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
                    hints = [ir.Constant(_I32, hint) for hint in (1, 3, 1)]
                    builder.call(prefetch, [where, *hints])
            if packed_rows:
                a_rows = [builder.gep(a_, [constant(r)]) for r in range(rows)]
            else:
                a_rows = [builder.gep(a_, [builder.mul(a_row_, constant(r))]) for r in range(rows)]
            p_panels = [
                builder.gep(p_, [builder.mul(p_panel_, constant(panel))]) for panel in range(panels)
            ]

            def step(k: Any, sums: list[Any]) -> list[Any]:
                at = builder.mul(k, constant(vectors * lanes))
                right = [
                    builder.load(vector_at(base, builder.add(at, constant(v * lanes))), align=size)
                    for base in p_panels
                    for v in range(vectors)
                ]
                a_at = builder.mul(k, constant(packed_rows)) if packed_rows else k
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

            index_type = ir.VectorType(_I64, lanes)
            width = broadcast(columns_, _I64, lanes)
            for v in range(count):
                positions = ir.Constant(index_type, [v * lanes + lane for lane in range(lanes)])
                mask = builder.icmp_signed("<", positions, width)
                for r in range(rows):
                    where = vector_at(c_rows[r], constant(v * lanes))
                    old = builder.call(masked_load, [where, alignment, mask, zero])
                    total = builder.fadd(old, sums[r * count + v])
                    builder.call(masked_store, [total, where, alignment, mask])
            return context.get_dummy_value()

        pointer_type = types.CPointer(a.dtype)
        whole = types.int64
        return (
            types.void(pointer_type, whole, pointer_type, whole, pointer_type, whole, whole, whole),
            codegen,
        )

    made: Callable[..., Any] = kernel
    return made


def row_strip(height: int, wide: int, vectors: int, lanes: int) -> Any:
    """Make the product of groups of `height` rows, `wide` panels at a time where there are as many.

    Few rows leave registers free for more panels, whose independent sums hide the latency.
    """
    NR = vectors * lanes
    several = micro_kernel(height, wide, vectors, lanes)
    single = micro_kernel(height, 1, vectors, lanes)

    @njit(**OPTIONS)
    def strip(
        a,
        a_at,
        a_row,
        a_step,
        p,
        p_at,
        inner,
        depth,
        c,
        c_at,
        c_row,
        c_step,
        groups,
        steps,
        columns,
    ):
        size = inner * NR
        panels = (columns + NR - 1) // NR
        n = 0
        while n < panels:
            panel = pointer(p, p_at + n * size)
            width = columns - n * NR
            enough = n + wide <= panels
            for s in range(steps):
                for group in range(groups):
                    left = pointer(a, a_at + s * a_step + group * height * a_row)
                    out = pointer(c, c_at + s * c_step + group * height * c_row + n * NR)
                    if enough:
                        several(left, a_row, panel, size, out, c_row, depth, width)
                    else:
                        single(left, a_row, panel, size, out, c_row, depth, width)
            n += wide if enough else 1

    return strip


@cache
def matmul_kernels(dtype_name: str) -> SimpleNamespace:
    """Return the compiled products and packings for one dtype.

    Returns
    -------
    namespace
        `multiply`, `accumulate`, `pack_panels`, `pack_tiles`, and `MR`, `NR`.
    """
    MR, vectors, lanes = tile_shape(dtype_name)
    NR = vectors * lanes
    strip8 = row_strip(8, 1, vectors, lanes)
    strip4 = row_strip(4, 1, vectors, lanes)
    strip2 = row_strip(2, 2, vectors, lanes)
    strip1 = row_strip(1, 4, vectors, lanes)
    p8 = micro_kernel(8, 1, vectors, lanes, packed_rows=MR)
    p4 = micro_kernel(4, 1, vectors, lanes, packed_rows=MR)
    p1 = micro_kernel(1, 1, vectors, lanes, packed_rows=MR)

    @njit(**OPTIONS)
    def multiply(
        a, a_at, a_row, a_step, p, p_at, inner, c, c_at, c_row, c_step, rows, steps, columns
    ):
        """C[s, r, :columns] += A[s, r, :inner] @ panels, for `steps` x `rows` rows."""
        for k0 in range(0, inner, KB):
            depth = min(KB, inner - k0)
            at, panel, r = a_at + k0, p_at + k0 * NR, 0
            if MR == 8 and rows >= 8:
                strip8(
                    a, at, a_row, a_step, p, panel, inner, depth,
                    c, c_at, c_row, c_step, rows // 8, steps, columns,
                )  # fmt: skip
                r = rows - rows % 8
            if rows - r >= 4:
                strip4(
                    a, at + r * a_row, a_row, a_step, p, panel, inner, depth,
                    c, c_at + r * c_row, c_row, c_step, (rows - r) // 4, steps, columns,
                )  # fmt: skip
                r = rows - rows % 4
            if rows - r >= 2:
                strip2(
                    a, at + r * a_row, a_row, a_step, p, panel, inner, depth,
                    c, c_at + r * c_row, c_row, c_step, 1, steps, columns,
                )  # fmt: skip
                r += 2
            if rows > r:
                strip1(
                    a, at + r * a_row, a_row, a_step, p, panel, inner, depth,
                    c, c_at + r * c_row, c_row, c_step, 1, steps, columns,
                )  # fmt: skip

    @njit(**OPTIONS)
    def accumulate(a, a_at, p, p_at, inner, c, c_at, c_row, rows, columns):
        """C[:rows, :columns] += A.T @ B with A in tiles (`pack_tiles`) and B in panels."""
        for n in range((columns + NR - 1) // NR):
            panel = pointer(p, p_at + n * inner * NR)
            width = columns - n * NR
            for tile in range((rows + MR - 1) // MR):
                left = a_at + tile * inner * MR
                r = tile * MR
                out = c_at + r * c_row + n * NR
                valid = min(MR, rows - r)
                k = 0
                if valid == 8:
                    p8(pointer(a, left), 1, panel, 0, pointer(c, out), c_row, inner, width)
                    k = 8
                elif valid >= 4:
                    p4(pointer(a, left), 1, panel, 0, pointer(c, out), c_row, inner, width)
                    k = 4
                while k < valid:
                    p1(
                        pointer(a, left + k), 1, panel, 0,
                        pointer(c, out + k * c_row), c_row, inner, width,
                    )  # fmt: skip
                    k += 1

    @njit(**OPTIONS)
    def pack_tiles(a, a_at, a_row, rows, columns, out, out_at):
        """Lay `columns` of a (rows, columns) block out in tiles of MR: out[tile, row, MR]."""
        for tile in range((columns + MR - 1) // MR):
            valid = min(MR, columns - tile * MR)
            for row in range(rows):
                source = pointer(a, a_at + row * a_row + tile * MR)
                goal = pointer(out, out_at + (tile * rows + row) * MR)
                if valid == MR:
                    for j in range(MR):
                        store(goal, j, load(source, j))
                else:
                    for j in range(valid):
                        store(goal, j, load(source, j))

    @njit(**OPTIONS)
    def copy_wide(source, goal):
        vectorise_fully()
        for j in range(NR):
            store(goal, j, load(source, j))

    @njit(**OPTIONS)
    def pack_panels(b, b_at, b_row, b_step, rows, steps, columns, out, out_at):
        """Lay a (steps, rows, columns) block out in panels: out[panel, step * row, NR].

        Columns that do not exist are set to 0: they are multiplied, but never written.
        """
        inner = steps * rows
        for n in range((columns + NR - 1) // NR):
            valid = min(NR, columns - n * NR)
            k = 0
            for s in range(steps):
                for row in range(rows):
                    source = pointer(b, b_at + s * b_step + row * b_row + n * NR)
                    goal = pointer(out, out_at + (n * inner + k) * NR)
                    if valid == NR:
                        copy_wide(source, goal)
                    else:
                        for j in range(valid):
                            store(goal, j, load(source, j))
                        for j in range(valid, NR):
                            store(goal, j, 0)
                    k += 1

    return SimpleNamespace(
        multiply=multiply,
        accumulate=accumulate,
        pack_tiles=pack_tiles,
        pack_panels=pack_panels,
        MR=MR,
        NR=NR,
    )


def pack(matrix: np.ndarray[Any, Any], out: np.ndarray[Any, Any]) -> None:
    """Lay a (K, N) matrix out in panels of NR columns, out (ceil(N / NR) * K * NR,), 0-padded."""
    inner, width = matrix.shape[0], panel_width(matrix.dtype)
    panels = out.reshape(-1, inner, width)
    for n in range(panels.shape[0]):
        block = matrix[:, n * width : (n + 1) * width]
        panels[n, :, : block.shape[1]] = block
        panels[n, :, block.shape[1] :] = 0


def packed_size(inner: int, columns: int, dtype: Any) -> int:
    """Return how many numbers `pack` writes for a (inner, columns) matrix."""
    width = panel_width(dtype)
    return -(-columns // width) * inner * width
