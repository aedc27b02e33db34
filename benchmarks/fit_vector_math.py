"""Fit the coefficients of rnnlab/engine/vector_math.py and print them with their errors.

    python benchmarks/fit_vector_math.py

tanh(x) ~ x P(x^2) / Q(x^2), exp(r) ~ 1 + r + r^2 R(r) and log((1+s) / (1-s)) ~ 2 s + s S(s^2), the
relative error made level over the interval by Lawson's reweighted least squares, in 50 digits for
the solve; the errors are those of the arithmetic as the kernels do it, in float32.
"""

from __future__ import annotations

import mpmath
import numpy as np

mpmath.mp.dps = 50


def solve(rows: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Least squares by QR in high precision, columns scaled."""
    scale = np.abs(rows).max(axis=0)
    matrix = mpmath.matrix((rows / scale).tolist())
    solution = mpmath.qr_solve(matrix, mpmath.matrix(right.tolist()))[0]
    return np.array([float(value) for value in solution]) / scale


def lawson(rows: np.ndarray, right: np.ndarray, iterations: int = 40) -> np.ndarray:
    """Minimise the largest residual by reweighting."""
    weights = np.ones(len(right))
    best, best_error = None, np.inf
    for _ in range(iterations):
        root = np.sqrt(weights)
        solution = solve(rows * root[:, None], right * root)
        residual = np.abs(rows @ solution - right)
        if residual.max() < best_error:
            best, best_error = solution, residual.max()
        weights *= residual + 1e-3 * residual.max()
        weights /= weights.max()
    return best


def fit_tanh(limit: float, numerator: int, denominator: int) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of P and Q in x^2, Q(0) = 1, lowest first."""
    nodes = limit / 2 * (1 - np.cos(np.pi * (np.arange(160) + 0.5) / 160))
    target = np.array([float(mpmath.tanh(x)) for x in nodes])
    q = np.ones_like(nodes)
    for _ in range(12):  # x P - tanh Q = 0, weighted so that the residual is the relative error
        weight = 1 / (target * q)
        columns = [weight * nodes ** (2 * k + 1) for k in range(numerator + 1)]
        columns += [-weight * target * nodes ** (2 * k) for k in range(1, denominator + 1)]
        solution = lawson(np.stack(columns, axis=1), weight * target)
        p, tail = solution[: numerator + 1], solution[numerator + 1 :]
        q = 1 + sum(c * nodes ** (2 * k + 2) for k, c in enumerate(tail))
    return p, np.concatenate([[1.0], tail])


def fit_exp(degree: int) -> np.ndarray:
    """Coefficients of R, lowest first, on |r| <= ln(2) / 2."""
    half = np.log(2) / 2 * 1.001
    nodes = half * np.cos(np.pi * (np.arange(120) + 0.5) / 120)
    target = np.array([float(mpmath.expm1(r) - mpmath.mpf(float(r))) for r in nodes])
    weight = 1 / np.exp(nodes)
    columns = [weight * nodes ** (2 + k) for k in range(degree + 1)]
    return lawson(np.stack(columns, axis=1), weight * target)


def fit_log(terms: int) -> np.ndarray:
    """Coefficients of S in z = s^2, from z on, on |s| <= 3 - sqrt(8)."""
    end = (3 - np.sqrt(8)) * 1.001
    nodes = end / 2 * (1 - np.cos(np.pi * (np.arange(120) + 0.5) / 120))
    exact = [2 * mpmath.atanh(mpmath.mpf(float(s))) - 2 * mpmath.mpf(float(s)) for s in nodes]
    target = np.array([float(value) for value in exact])
    weight = 1 / (2 * np.arctanh(nodes))
    columns = [weight * nodes ** (2 * k + 1) for k in range(1, terms + 1)]
    return lawson(np.stack(columns, axis=1), weight * target)


def horner(coefficients: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Evaluate in float32 with fused multiply-adds, as the kernels do."""
    result = np.full_like(x, coefficients[-1], dtype=np.float32)
    for c in coefficients[-2::-1]:
        fused = result.astype(np.float64) * x + np.float64(np.float32(c))
        result = fused.astype(np.float32)
    return result


def ulps(approximate: np.ndarray, exact: np.ndarray) -> float:
    """Largest error in units of the last place of float32."""
    return float(np.max(np.abs(approximate - exact) / np.spacing(np.abs(exact).astype(np.float32))))


def main() -> None:
    """Print every fit."""
    limit = 9.0
    for numerator, denominator in ((4, 4), (6, 3)):
        p, q = fit_tanh(limit, numerator, denominator)
        x = np.linspace(1e-4, limit, 2_000_001, dtype=np.float32)
        square = x * x
        y = x * horner(p, square) / horner(q, square)
        print(f"tanh {numerator}/{denominator}: {ulps(y, np.tanh(x.astype(np.float64))):.2f} ulp")
        print("  P", [float(np.float32(c)) for c in p])
        print("  Q", [float(np.float32(c)) for c in q])
    for degree in (3, 4):
        c = fit_exp(degree)
        r = np.linspace(-np.log(2) / 2, np.log(2) / 2, 2_000_001, dtype=np.float32)
        tail = horner(c, r)
        fused = tail.astype(np.float64) * (r * r) + r
        y = fused.astype(np.float32) + np.float32(1)
        print(f"exp degree {degree + 2}: {ulps(y, np.exp(r.astype(np.float64))):.2f} ulp")
        print("  R", [float(np.float32(v)) for v in c])
    for terms in (2, 3, 4):
        c = fit_log(terms)
        s = np.linspace(1e-6, 3 - np.sqrt(8), 2_000_001, dtype=np.float32)
        z = s * s
        fused = (horner(c, z) * z).astype(np.float64) * s + 2 * s.astype(np.float64)
        y = fused.astype(np.float32)
        print(f"log {terms} terms: {ulps(y, 2 * np.arctanh(s.astype(np.float64))):.2f} ulp")
        print("  S", [float(np.float32(v)) for v in c])


if __name__ == "__main__":
    main()
