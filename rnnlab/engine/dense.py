"""A matrix product with a fixed order of sums, for what stands beside the sequence.

A BLAS may split a product by the number of its threads; this one never does.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numba
import numpy as np

from rnnlab.engine.matmul import product_kernels
from rnnlab.engine.panels import pack, packed_size
from rnnlab.engine.protocol import Array


def matmul(a: Array, b: Array) -> Array:
    """Multiply (M, K) by (K, N), both float32 or both float64; returns (M, N)."""
    if numba.config.DISABLE_JIT:
        product: Array = np.einsum("mk,kn->mn", a, b)
        return product
    (rows, inner), columns = a.shape, b.shape[1]
    c = np.zeros((rows, columns), a.dtype)
    panels = np.empty(packed_size(inner, columns, a.dtype), a.dtype)
    pack(b, panels)
    a = np.ascontiguousarray(a)
    product_kernels(a.dtype.name).multiply.ctypes(
        start(a), inner, 0, start(panels), inner, start(c), columns, 0, start(c), columns, 0,
        rows, 1, columns, 0, 0,
    )  # fmt: skip
    return c


def start(array: Array) -> Any:
    """Return where an array's numbers begin, as `ctypes` takes it."""
    return ctypes.cast(array.ctypes.data, ctypes.POINTER(np.ctypeslib.as_ctypes_type(array.dtype)))
