"""The packed products against NumPy, at sizes that are no multiple of anything."""

from __future__ import annotations

import numpy as np
import pytest

from rnnlab.engine.matmul import product_kernels
from rnnlab.engine.panels import helpers, pack, packed_size
from rnnlab.engine.readout_matmul import matmul, start

TOLERANCE = {"float32": 2e-5, "float64": 1e-13}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_multiply_adds_to_the_columns_that_exist(dtype, rng):
    kernels = product_kernels(dtype)
    for _ in range(60):
        rows, steps = rng.integers(1, 30), rng.integers(1, 4)
        inner, columns = rng.integers(1, 300), rng.integers(1, 130)
        margin = 7  # numbers beyond the columns, which must stay as they are
        a = rng.standard_normal((steps, rows, inner)).astype(dtype)
        w = rng.standard_normal((inner, columns)).astype(dtype)
        panels = np.full(packed_size(inner, columns, dtype), np.nan, dtype)
        pack(w, panels)
        c = rng.standard_normal((steps, rows, columns + margin)).astype(dtype)
        before = c.copy()
        row, step = columns + margin, rows * (columns + margin)
        if rng.random() < 0.5:  # C += A W
            origin, layout = c, (row, step)
        else:  # C = bias + A W, whatever C held
            bias = rng.standard_normal(columns).astype(dtype)
            before[..., :columns] = bias
            c[..., :columns] = np.nan
            origin, layout = bias, (0, 0)
        kernels.multiply.ctypes(
            start(a), inner, rows * inner, start(panels), inner,
            start(origin), *layout, start(c), row, step, rows, steps, columns, 0, 0,
        )  # fmt: skip
        expected = before[..., :columns] + a.astype(float) @ w.astype(float)
        scale = np.sqrt(inner)
        assert np.max(np.abs(c[..., :columns] - expected)) < TOLERANCE[dtype] * scale
        np.testing.assert_array_equal(c[..., columns:], before[..., columns:])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_row_does_not_depend_on_the_other_rows(dtype, rng):
    """The order of sums is the same in every tile, so any cut of a batch gives the same bits."""
    kernels = product_kernels(dtype)
    rows, inner, columns = 29, 190, 77
    a = rng.standard_normal((rows, inner)).astype(dtype)
    w = rng.standard_normal((inner, columns)).astype(dtype)
    panels = np.empty(packed_size(inner, columns, dtype), dtype)
    pack(w, panels)

    def product(part: np.ndarray) -> np.ndarray:
        c = np.zeros((len(part), columns), dtype)
        kernels.multiply.ctypes(
            start(part), inner, 0, start(panels), inner,
            start(c), columns, 0, start(c), columns, 0, len(part), 1, columns, 0, 0,
        )  # fmt: skip
        return c

    whole = product(a)
    for lo, hi in [(0, 1), (3, 5), (3, 10), (8, 24), (1, 29)]:
        np.testing.assert_array_equal(product(a[lo:hi]), whole[lo:hi])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_fetched_ahead_does_not_change_the_product(dtype, rng):
    kernels = product_kernels(dtype)
    rows, inner, columns = 13, 170, 45
    a = rng.standard_normal((rows, inner)).astype(dtype)
    w = rng.standard_normal((inner, columns)).astype(dtype)
    panels = np.empty(packed_size(inner, columns, dtype), dtype)
    pack(w, panels)
    ahead = rng.standard_normal(5000).astype(dtype)
    results = []
    for size in (0, 1, 777, ahead.nbytes):
        c = np.zeros((rows, columns), dtype)
        kernels.multiply.ctypes(
            start(a), inner, 0, start(panels), inner,
            start(c), columns, 0, start(c), columns, 0, rows, 1, columns, ahead.ctypes.data, size,
        )  # fmt: skip
        results.append(c)
    np.testing.assert_allclose(results[0], a @ w, rtol=0, atol=TOLERANCE[dtype] * 13)
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_accumulate_is_the_outer_product_over_rows(dtype, rng):
    kernels = product_kernels(dtype)
    for _ in range(40):
        inner, rows, columns = rng.integers(1, 200), rng.integers(1, 40), rng.integers(1, 90)
        a = rng.standard_normal((inner, rows)).astype(dtype)
        b = rng.standard_normal((inner, columns)).astype(dtype)
        panels = np.full(packed_size(inner, columns, dtype), np.nan, dtype)
        helpers(dtype).pack_panels(b.reshape(-1), 0, columns, 0, inner, 1, columns, panels, 0)
        c = np.ones((rows, columns), dtype)
        kernels.accumulate.ctypes(
            start(a), rows, start(panels), inner, start(c), columns, rows, columns
        )
        expected = 1 + a.astype(float).T @ b.astype(float)
        assert np.max(np.abs(c - expected)) < TOLERANCE[dtype] * np.sqrt(inner)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 7, 8, 9, 31, 128])
def test_sum_of_rows_leaves_the_padding_alone(rows, dtype, rng):
    a = rng.standard_normal((rows, 40)).astype(dtype)
    a[:, 37:] = np.nan
    out = np.ones(40, dtype)
    helpers(dtype).sum_rows(a.reshape(-1), 40, rows, 37, out)
    expected = 1 + a[:, :37].astype(float).sum(axis=0)
    np.testing.assert_allclose(out[:37], expected, rtol=0, atol=TOLERANCE[dtype] * rows)
    np.testing.assert_array_equal(out[37:], 1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_product_for_readouts(dtype, rng):
    a = rng.standard_normal((33, 65)).astype(dtype)
    b = rng.standard_normal((65, 9)).astype(dtype)
    np.testing.assert_allclose(matmul(a, b), a @ b, rtol=0, atol=TOLERANCE[dtype] * 8)
    np.testing.assert_allclose(  # views that are not contiguous
        matmul(b.T, a.T), b.T @ a.T, rtol=0, atol=TOLERANCE[dtype] * 8
    )
