"""Matrix products over packed panels, for the shapes of recurrent networks.

`C = D + A @ P`, where P holds a weight matrix in panels (see `panels`). The micro-kernel keeps an
MR x NR tile of C in vector registers while it runs along the inner dimension (see `micro_kernel`).

Every element of C is one chain of multiply-adds in the order of the inner dimension, in blocks of
KB: the result of a row does not depend on the other rows of the batch.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from numba import njit, types

from rnnlab.engine.caching import compile_kernel
from rnnlab.engine.intrinsics import advance, as_number, rename
from rnnlab.engine.micro_kernel import micro_kernel
from rnnlab.engine.panels import OPTIONS, tile_shape

#: Largest inner dimension of a block: a panel of KB rows fits into the first-level cache.
KB = 160

if TYPE_CHECKING:  # bound when the products of a dtype are compiled
    MR: int
    NR: int
    lanes: int
    strip: Any
    tile8: Any
    half8: Any
    tile4: Any
    tile1: Any


def row_strip(height: int, wide: int, vectors: int, lanes: int) -> Any:
    """Return the product for groups of `height` rows, which takes up to `wide` panels at a time.

    Few rows leave registers free for several panels, whose independent sums hide latency.
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
                taken = wide  # without a wider tile, Numba removes these branches
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

    # Numba distinguishes functions of one name by a counter of the process. In cache files written
    # by two processes one symbol then means two strips, and the linker takes the first. Each strip
    # therefore needs its own name.
    strip.__qualname__ = f"strip_{height}x{wide}_of_{vectors}x{lanes}"
    return njit(**OPTIONS)(strip)


def strips(rows: int, vectors: int, lanes: int) -> Any:
    """Return `strip(height, ...)`, which calls the strip of a height from 1 to `rows` (4 or 8)."""
    heights = range(1, rows + 1)
    # Two panels at a time if the registers hold their sums, their rows and one broadcast.
    wide = [4] + [2 if (h + 1) * 2 * vectors < 4 * rows else 1 for h in heights[1:]]
    made = [row_strip(h, w, vectors, lanes) for h, w in zip(heights, wide, strict=True)]
    one, two, three, four = made[:4]
    five, six, seven, eight = made[4:] or made  # not called if tiles have at most four rows

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


def multiply(
    a, a_row, a_step, p, inner, d, d_row, d_step, c, c_row, c_step,
    rows, steps, columns, ahead, ahead_size,
):  # fmt: skip
    """C = D + A @ panels: C[s, r, :columns], A[s, r, :inner], for `steps` x `rows` rows.

    Meanwhile `ahead_size` bytes from the address `ahead` on are fetched into the second-level
    cache.
    """
    groups = (rows + MR - 1) // MR  # equal in height, or one row taller
    height, taller = rows // groups, rows % groups
    panels = (columns + NR - 1) // NR
    blocks = (inner + KB - 1) // KB
    if ahead_size > 0:
        pace = ahead_size // (groups * steps * panels * inner) + 1
    else:
        ahead, pace = as_number(p), 0  # nothing to fetch: one line that is in the cache already
    r = taller * (height + 1)
    for block in range(blocks):
        k0 = inner * block // blocks
        depth = inner * (block + 1) // blocks - k0
        if block > 0:
            d, d_row, d_step = c, c_row, c_step
        if taller > 0:
            ahead = strip(
                height + 1, advance(a, k0), a_row, a_step, advance(p, k0 * NR),
                inner, depth, d, d_row, d_step, c, c_row, c_step,
                taller, steps, columns, ahead, pace,
            )  # fmt: skip
        if r < rows:
            ahead = strip(
                height, advance(a, k0 + r * a_row), a_row, a_step, advance(p, k0 * NR),
                inner, depth, advance(d, r * d_row), d_row, d_step,
                advance(c, r * c_row), c_row, c_step,
                groups - taller, steps, columns, ahead, pace,
            )  # fmt: skip


def accumulate(a, a_row, p, inner, c, c_row, rows, columns):
    """C[:rows, :columns] += A.T @ B: A (inner, rows) not packed, B (inner, columns) in panels.

    A tile's columns of A stay in the first-level cache during the loop over the panels.
    """
    panels = (columns + NR - 1) // NR
    none = as_number(p)
    r = 0
    while r < rows:
        height = 8 if MR == 8 and rows - r >= 8 else 4 if rows - r >= 4 else 1
        left = advance(a, r)
        for n in range(panels):
            panel = advance(p, n * inner * NR)
            out = advance(c, r * c_row + n * NR)
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


@cache
def product_kernels(dtype_name: str) -> SimpleNamespace:
    """Return the compiled products of one dtype.

    They are separate kernels, called by address: the tiles take most of the compile time, and the
    time loops are compiled without them.

    Returns
    -------
    namespace
        `multiply` and `accumulate`, callbacks with an `address` for `call_kernel` and `ctypes` for
        calls from Python.
    """
    MR, vectors, lanes = tile_shape(dtype_name)
    tiles = {
        "lanes": lanes,
        "strip": strips(MR, vectors, lanes),
        "tile8": micro_kernel(8, 1, vectors, lanes, transposed=True),
        "half8": micro_kernel(8, 1, vectors, lanes, half=True, transposed=True),
        "tile4": micro_kernel(4, 1, vectors, lanes, transposed=True),
        "tile1": micro_kernel(1, 1, vectors, lanes, transposed=True),
    }
    matrix = types.CPointer(types.float32 if dtype_name == "float32" else types.float64)

    def compiled(template: Any, shape: str) -> Any:
        arguments = [matrix if letter == "m" else types.int64 for letter in shape.replace(" ", "")]
        name = kernel_name(template.__name__, dtype_name)
        function = rename(template, name, MR=MR, NR=vectors * lanes, **tiles)
        return compile_kernel(function, arguments, OPTIONS)

    return SimpleNamespace(
        multiply=compiled(multiply, "mii mi mii mii iiiii"),
        accumulate=compiled(accumulate, "mi mi mi ii"),
    )


def kernel_name(name: str, dtype_name: str) -> str:
    """Return the name of the compiled product in the cache."""
    return f"{name}_{dtype_name}"
