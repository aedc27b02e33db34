"""A matrix product with a fixed order of sums, for what is computed outside the time loop.

A BLAS may split a product by the number of its threads; this one never does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
from numba import njit

from rnnlab.engine.caching import enable_cache
from rnnlab.engine.checking import ready
from rnnlab.engine.intrinsics import rename
from rnnlab.engine.matmul import OPTIONS, matmul_kernels, pack, packed_size
from rnnlab.engine.protocol import Array

multiply: Any = None  # set to the dtype's own when the kernel is compiled


def dense_product(a, panels, c, rows, inner, columns):
    """C += A @ panels."""
    multiply(
        a, 0, inner, 0, panels, 0, inner, c, 0, columns, 0, c, 0, columns, 0, rows, 1, columns, 0, 0
    )


def kernel_name(dtype_name: str) -> str:
    """Return the name under which the compiled kernel is kept."""
    return f"dense_product_{dtype_name}"


@cache
def _kernel(dtype_name: str) -> Callable[..., None]:
    name = kernel_name(dtype_name)
    function = rename(dense_product, name, multiply=matmul_kernels(dtype_name).multiply)
    dispatcher: Callable[..., None] = njit(nogil=True, **OPTIONS)(function)
    enable_cache(dispatcher, function)
    return dispatcher


def matmul(a: Array, b: Array) -> Array:
    """Multiply (M, K) by (K, N), both float32 or both float64; returns (M, N).

    Raises
    ------
    ValueError
        If the shapes do not match, or the dtypes differ or are others.

    Examples
    --------
    >>> matmul(np.eye(2), np.array([[1.0], [2.0]])).tolist()
    [[1.0], [2.0]]
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise ValueError(
            f"matmul needs shapes (M, K) and (K, N), got {a.shape} and {b.shape}: "
            "the second axis of the first must be as long as the first axis of the second"
        )
    if a.dtype != b.dtype or a.dtype not in (np.float32, np.float64):
        raise ValueError(
            f"matmul needs two arrays of float32 or two of float64, got {a.dtype.str} and "
            f"{b.dtype.str}: convert one with .astype"
        )
    if numba.config.DISABLE_JIT:
        product: Array = np.einsum("mk,kn->mn", a, b)
        return product
    (rows, inner), columns = a.shape, b.shape[1]
    c = np.zeros((rows, columns), a.dtype)
    panels = np.empty(packed_size(inner, columns, a.dtype), a.dtype)
    pack(b, panels)
    flat = ready(a).reshape(-1)
    _kernel(a.dtype.name)(flat, panels, c.reshape(-1), rows, inner, columns)
    return c
