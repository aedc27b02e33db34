"""A matrix product with a fixed order of sums, for readouts.

A BLAS may split a product by the number of its threads, which changes its rounding; this one does
not.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numba
import numpy as np

from rnnlab.engine.checking import ready
from rnnlab.engine.matmul import product_kernels
from rnnlab.engine.panels import pack, packed_size
from rnnlab.engine.protocol import Array


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
    a = ready(a)
    product_kernels(a.dtype.name).multiply.ctypes(
        start(a), inner, 0, start(panels), inner, start(c), columns, 0, start(c), columns, 0,
        rows, 1, columns, 0, 0,
    )  # fmt: skip
    return c


def start(array: Array) -> Any:
    """Return a `ctypes` pointer to the first number of an array."""
    return ctypes.cast(array.ctypes.data, ctypes.POINTER(np.ctypeslib.as_ctypes_type(array.dtype)))
