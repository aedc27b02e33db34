"""Packed panels of a matrix, the layout that the micro-kernel reads.

A panel holds NR neighbouring columns, row after row, so that a product reads it as one stream.
Missing columns of the last panel are 0: they take part in products, but their results are not
written.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from numba import njit

from rnnlab.engine.intrinsics import load, pointer, store, target, vectorise_fully

#: Options of Numba. Reassociation is not allowed: the order of sums is part of the contract.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "boundscheck": False, "fastmath": {"contract"}}


def tile_shape(dtype: Any) -> tuple[int, int, int]:
    """Return MR (rows of a tile), the vectors in a row of it, and the numbers in a vector."""
    host = target()
    lanes = host.vector_bits // (8 * np.dtype(dtype).itemsize)
    rows = 8 if host.vector_registers == 32 else 4
    return rows, 2, lanes


@cache
def panel_width(dtype: Any) -> int:
    """Return NR, the columns of a panel."""
    _, vectors, lanes = tile_shape(dtype)
    return vectors * lanes


@cache
def helpers(dtype_name: str) -> SimpleNamespace:
    """Return the small functions of one dtype that are compiled into the time loops.

    Returns
    -------
    namespace
        `pack_panels` and `sum_rows`.
    """
    NR = panel_width(dtype_name)

    @njit(**OPTIONS)
    def copy_wide(source, goal):
        vectorise_fully()
        for j in range(NR):
            store(goal, j, load(source, j))

    @njit(**OPTIONS)
    def pack_panels(b, b_at, b_row, b_step, rows, steps, columns, out, out_at):
        """Pack a (steps, rows, columns) block into panels: out[panel, step * row, NR]."""
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
        """Add all rows of A to out[:columns], eight at a time, to read `out` less often."""
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

    return SimpleNamespace(pack_panels=pack_panels, sum_rows=sum_rows)


def pack(matrix: np.ndarray[Any, Any], out: np.ndarray[Any, Any]) -> None:
    """Pack a (K, N) matrix into panels of NR columns, out (ceil(N / NR) * K * NR,), padded by 0."""
    (inner, columns), width = matrix.shape, panel_width(matrix.dtype)
    panels = out.reshape(-1, inner, width)
    whole = columns // width
    blocks = matrix[:, : whole * width].reshape(inner, whole, width)
    panels[:whole] = blocks.transpose(1, 0, 2)
    if whole < len(panels):
        panels[whole, :, : columns - whole * width] = matrix[:, whole * width :]
        panels[whole, :, columns - whole * width :] = 0


def packed_size(inner: int, columns: int, dtype: Any) -> int:
    """Return how many numbers `pack` writes for an (inner, columns) matrix."""
    width = panel_width(dtype)
    return -(-columns // width) * inner * width
