"""Remedies for functions that equations do not have."""

from __future__ import annotations

import difflib
import re

from rnnlab.equations.operation import OPERATIONS

#: Formulas for functions of other libraries; `a` is the argument.
FORMULAS = {
    "absolute": "abs(a)",
    "fabs": "abs(a)",
    "clamp": "maximum(low, minimum(a, high))",
    "clip": "maximum(low, minimum(a, high))",
    "cosh": "(exp(a) + exp(-a)) / 2",
    "elu": "where(a > 0, a, exp(minimum(a, 0)) - 1)",
    "exp2": "2 ** a",
    "expit": "sigmoid(a)",
    "expm1": "exp(a) - 1",
    "float_power": "a ** b",
    "fmax": "maximum(a, b)",
    "fmin": "minimum(a, b)",
    "gelu": "0.5 * a * (1 + tanh(0.7978845608 * (a + 0.044715 * a**3)))",
    "hard_tanh": "maximum(-1, minimum(a, 1))",
    "hardsigmoid": "hard_sigmoid(a)",
    "hardtanh": "maximum(-1, minimum(a, 1))",
    "heaviside": "where(a > 0, 1, 0)",
    "leaky_relu": "maximum(a, 0.01 * a)",
    "log10": "log(a) / 2.302585092994046",
    "log1p": "log(1 + a)",
    "log2": "log(a) / 0.6931471805599453",
    "log_sigmoid": "minimum(a, 0) - log(1 + exp(-abs(a)))",
    "logistic": "sigmoid(a)",
    "logsigmoid": "minimum(a, 0) - log(1 + exp(-abs(a)))",
    "max": "maximum(a, b)",
    "min": "minimum(a, b)",
    "pow": "a ** b",
    "power": "a ** b",
    "reciprocal": "1 / a",
    "sign": "where(a > 0, 1, where(a < 0, -1, 0))",
    "silu": "a * sigmoid(a)",
    "sinh": "(exp(a) - exp(-a)) / 2",
    "softplus": "maximum(a, 0) + log(1 + exp(-abs(a)))",
    "square": "a**2",
    "swish": "a * sigmoid(a)",
}

_PRODUCTS = frozenset(["dot", "einsum", "inner", "matmul", "mm", "outer", "tensordot", "vdot"])
_JOINS = frozenset(["cat", "concat", "concatenate", "hstack", "stack", "vstack"])
_OVER_UNITS = frozenset(
    (
        *("argmax", "argmin", "cumsum", "layer_norm", "mean", "median", "norm", "numel", "prod"),
        *("shape", "size", "softmax", "std", "sum", "T", "var"),
    )
)
_STEPS = frozenset(["ceil", "floor", "fmod", "mod", "remainder", "rint", "round", "trunc"])
_NOISE = frozenset(["dropout", "normal", "rand", "randn", "random", "standard_normal"])

NOISE = "rnnlab.Regularisers has noise for training"


def vocabulary() -> tuple[str, ...]:
    """Return the names of rnnlab that a cell may use."""
    called = [one for one in OPERATIONS.values() if one.python is None and one.name != "abs"]
    functions = sorted(["identity", *(one.name for one in called if one.is_function)])
    choices = sorted(one.name for one in called if not one.is_function)
    return (*functions, *choices, "linear", "scalar", "uniform", "vector")


def instead_of(name: str) -> str:
    """Return the remedy for a function or method that does not take values of a cell.

    Examples
    --------
    >>> instead_of("tanh")
    'use tanh of rnnlab (from rnnlab import tanh)'
    >>> instead_of("softplus")
    'rnnlab has no softplus: write maximum(a, 0) + log(1 + exp(-abs(a)))'
    """
    known = vocabulary()
    if name in known:
        return f"use {name} of rnnlab (from rnnlab import {name})"
    if name in FORMULAS:
        return f"rnnlab has no {name}: write {FORMULAS[name]}"
    if name in _PRODUCTS:
        return "linear(name, value) is the only product over units"
    if name in _JOINS:
        return "linear(name, a, b) has a matrix for each operand"
    if name in _OVER_UNITS:
        return "a value is one unit of one sequence, and only linear(name, value) sums over units"
    if name in _STEPS:
        return "a rounded value has the slope 0 everywhere and learns nothing: leave it out"
    if name in _NOISE:
        return NOISE
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"rnnlab has no {name}: write it with arithmetic, abs, {', '.join(known)}"


def cannot_import(error: ImportError) -> str:
    """Return the remedy for a name that rnnlab does not have; empty for names of other modules."""
    missing = re.match(r"cannot import name '(\w+)' from 'rnnlab'", str(error))
    return f"cannot import {missing[1]} from rnnlab: {instead_of(missing[1])}" if missing else ""
