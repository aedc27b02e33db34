"""Matrix products over packed panels, for the shapes of recurrent networks.

`C = D + A @ P`, where P holds a weight matrix in panels: NR columns side by side, row after row, so
that the micro-kernel reads it as one stream. A panel is packed once a sequence and used at every
time step. The micro-kernel keeps an MR x NR tile of C in vector registers while it runs down the
inner dimension (`micro_kernel`).

Every element of C is one chain of multiply-adds in the order of the inner dimension, in blocks of
KB: a row's result does not depend on which other rows are in the batch.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from numba import njit

from rnnlab.engine.intrinsics import (
    address,
    advance,
    load,
    pointer,
    store,
    target,
    vectorise_fully,
)
from rnnlab.engine.micro_kernel import micro_kernel

#: Inner dimension of a block at most: a panel of KB rows fits in the first-level cache.
KB = 160
#: Reassociation is not allowed: the order of sums is part of the contract.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "boundscheck": False, "fastmath": {"contract"}}


def tile_shape(dtype: Any) -> tuple[int, int, int]:
    """Return MR (rows of a tile), its vectors a row, and the numbers in a vector."""
    host = target()
    lanes = host.vector_bits // (8 * np.dtype(dtype).itemsize)
    rows = 8 if host.vector_registers == 32 else 4
    return rows, 2, lanes


@cache
def panel_width(dtype: Any) -> int:
    """Return NR, the columns of a panel."""
    _, vectors, lanes = tile_shape(dtype)
    return vectors * lanes


def row_strip(height: int, wide: int, vectors: int, lanes: int) -> Any:
    """Make the product of groups of `height` rows, `wide` panels at a time where there are as many.

    Few rows leave registers free for more panels, whose independent sums hide the latency.
    """
    NR = vectors * lanes
    several = micro_kernel(height, wide, vectors, lanes) if wide > 1 else None
    single = micro_kernel(height, 1, vectors, lanes)
    half = micro_kernel(height, 1, vectors, lanes, half=True)

    def strip(
        a, a_row, a_step, p, inner, depth, d, d_row, d_step, c, c_row, c_step,
        groups, steps, columns, ahead, pace,
    ):  # fmt: skip
        size = inner * NR
        panels = (columns + NR - 1) // NR
        n = 0
        while n < panels:
            panel = advance(p, n * size)
            width = columns - n * NR
            taken = 1
            if several is not None and columns - (n + wide - 1) * NR > lanes:
                taken = wide  # where there is no wider tile, Numba drops these branches
            for s in range(steps):
                for group in range(groups):
                    r = group * height
                    left = advance(a, s * a_step + r * a_row)
                    start = advance(d, s * d_step + r * d_row + n * NR)
                    out = advance(c, s * c_step + r * c_row + n * NR)
                    if several is not None and taken > 1:
                        several(
                            left, a_row, panel, size, start, d_row, out, c_row, depth, width,
                            ahead, pace,
                        )  # fmt: skip
                    elif width > lanes:
                        single(
                            left, a_row, panel, size, start, d_row, out, c_row, depth, width,
                            ahead, pace,
                        )  # fmt: skip
                    else:
                        half(
                            left, a_row, panel, size, start, d_row, out, c_row, depth, width,
                            ahead, pace,
                        )  # fmt: skip
                    ahead += depth * pace
            n += taken
        return ahead

    # Numba tells functions of one name apart by a counter of the process. In files of the cache
    # that two processes wrote, one symbol then stands for two strips, and the linker takes the
    # first that it meets: what one function makes needs a name each.
    strip.__qualname__ = f"strip_{height}x{wide}_of_{vectors}x{lanes}"
    return njit(**OPTIONS)(strip)


def strips(rows: int, vectors: int, lanes: int) -> Any:
    """Make `strip(height, ...)`, which is the strip of that height, from 1 to `rows` (4 or 8)."""
    heights = range(1, rows + 1)
    # Two panels at a time where the registers hold their sums, their rows and one broadcast.
    wide = [4] + [2 if (h + 1) * 2 * vectors < 4 * rows else 1 for h in heights[1:]]
    made = [row_strip(h, w, vectors, lanes) for h, w in zip(heights, wide, strict=True)]
    one, two, three, four = made[:4]
    five, six, seven, eight = made[4:] or made  # never called where four rows are the most

    @njit(**OPTIONS)
    def strip(height, *arguments):
        if height == 8:
            return eight(*arguments)
        if height == 7:
            return seven(*arguments)
        if height == 6:
            return six(*arguments)
        if height == 5:
            return five(*arguments)
        if height == 4:
            return four(*arguments)
        if height == 3:
            return three(*arguments)
        if height == 2:
            return two(*arguments)
        return one(*arguments)

    return strip


@cache
def matmul_kernels(dtype_name: str) -> SimpleNamespace:
    """Return the compiled products and packings for one dtype.

    Returns
    -------
    namespace
        `multiply`, `accumulate`, `pack_panels`, `sum_rows`, and `MR`, `NR`.
    """
    MR, vectors, lanes = tile_shape(dtype_name)
    NR = vectors * lanes
    strip = strips(MR, vectors, lanes)
    tile8 = micro_kernel(8, 1, vectors, lanes, transposed=True)
    half8 = micro_kernel(8, 1, vectors, lanes, half=True, transposed=True)
    tile4 = micro_kernel(4, 1, vectors, lanes, transposed=True)
    tile1 = micro_kernel(1, 1, vectors, lanes, transposed=True)

    @njit(**OPTIONS)
    def multiply(
        a, a_at, a_row, a_step, p, p_at, inner,
        d, d_at, d_row, d_step, c, c_at, c_row, c_step, rows, steps, columns, ahead, ahead_size,
    ):  # fmt: skip
        """C = D + A @ panels: C[s, r, :columns], A[s, r, :inner], for `steps` x `rows` rows.

        On the way, `ahead_size` bytes from the address `ahead` on are fetched into the second-level
        cache.
        """
        groups = (rows + MR - 1) // MR  # of equal height, or one row more
        height, taller = rows // groups, rows % groups
        panels = (columns + NR - 1) // NR
        blocks = (inner + KB - 1) // KB
        if ahead_size > 0:
            pace = ahead_size // (groups * steps * panels * inner) + 1
        else:
            ahead, pace = address(p, p_at), 0  # nothing to fetch: one line that is there already
        left, panel = pointer(a, a_at), pointer(p, p_at)
        start, out = pointer(d, d_at), pointer(c, c_at)
        r = taller * (height + 1)
        for block in range(blocks):
            k0 = inner * block // blocks
            depth = inner * (block + 1) // blocks - k0
            if block > 0:
                start, d_row, d_step = out, c_row, c_step
            if taller > 0:
                ahead = strip(
                    height + 1, advance(left, k0), a_row, a_step, advance(panel, k0 * NR),
                    inner, depth, start, d_row, d_step, out, c_row, c_step,
                    taller, steps, columns, ahead, pace,
                )  # fmt: skip
            if r < rows:
                ahead = strip(
                    height, advance(left, k0 + r * a_row), a_row, a_step, advance(panel, k0 * NR),
                    inner, depth, advance(start, r * d_row), d_row, d_step,
                    advance(out, r * c_row), c_row, c_step,
                    groups - taller, steps, columns, ahead, pace,
                )  # fmt: skip

    @njit(**OPTIONS)
    def accumulate(a, a_at, a_row, p, p_at, inner, c, c_at, c_row, rows, columns):
        """C[:rows, :columns] += A.T @ B: A (inner, rows) as it lies, B (inner, columns) in panels.

        A tile's columns of A stay in the first-level cache while all panels pass by.
        """
        panels = (columns + NR - 1) // NR
        r = 0
        while r < rows:
            height = 8 if MR == 8 and rows - r >= 8 else 4 if rows - r >= 4 else 1
            left, none = pointer(a, a_at + r), address(p, p_at)
            for n in range(panels):
                panel = pointer(p, p_at + n * inner * NR)
                out = pointer(c, c_at + r * c_row + n * NR)
                width = columns - n * NR
                if height == 8 and width <= lanes:
                    half8(left, a_row, panel, 0, out, c_row, out, c_row, inner, width, none, 0)
                elif height == 8:
                    tile8(left, a_row, panel, 0, out, c_row, out, c_row, inner, width, none, 0)
                elif height == 4:
                    tile4(left, a_row, panel, 0, out, c_row, out, c_row, inner, width, none, 0)
                else:
                    tile1(left, a_row, panel, 0, out, c_row, out, c_row, inner, width, none, 0)
            r += height

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

    @njit(**OPTIONS)
    def add_eight(a, b, c, d, e, f, g, h, out, columns):
        vectorise_fully()
        for j in range(columns):
            near = (load(a, j) + load(b, j)) + (load(c, j) + load(d, j))
            far = (load(e, j) + load(f, j)) + (load(g, j) + load(h, j))
            store(out, j, load(out, j) + (near + far))

    @njit(**OPTIONS)
    def sum_rows(a, a_row, rows, columns, out):
        """Add all rows of A to out[:columns], eight at a time: `out` is read that much less."""
        r = 0
        goal = pointer(out, 0)
        while r + 8 <= rows:
            at = r * a_row
            add_eight(
                pointer(a, at), pointer(a, at + a_row), pointer(a, at + 2 * a_row),
                pointer(a, at + 3 * a_row), pointer(a, at + 4 * a_row), pointer(a, at + 5 * a_row),
                pointer(a, at + 6 * a_row), pointer(a, at + 7 * a_row), goal, columns,
            )  # fmt: skip
            r += 8
        while r < rows:
            for j in range(columns):
                out[j] += a[r * a_row + j]
            r += 1

    return SimpleNamespace(
        multiply=multiply,
        sum_rows=sum_rows,
        accumulate=accumulate,
        pack_panels=pack_panels,
        MR=MR,
        NR=NR,
    )


def pack(matrix: np.ndarray[Any, Any], out: np.ndarray[Any, Any]) -> None:
    """Lay a (K, N) matrix out in panels of NR columns, out (ceil(N / NR) * K * NR,), 0-padded."""
    (inner, columns), width = matrix.shape, panel_width(matrix.dtype)
    panels = out.reshape(-1, inner, width)
    whole = columns // width
    blocks = matrix[:, : whole * width].reshape(inner, whole, width)
    panels[:whole] = blocks.transpose(1, 0, 2)
    if whole < len(panels):
        panels[whole, :, : columns - whole * width] = matrix[:, whole * width :]
        panels[whole, :, columns - whole * width :] = 0


def packed_size(inner: int, columns: int, dtype: Any) -> int:
    """Return how many numbers `pack` writes for a (inner, columns) matrix."""
    width = panel_width(dtype)
    return -(-columns // width) * inner * width
