"""Numbers, settings and metrics as a report writes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rnnlab.plotting.names import setting_words, words

Row = Mapping[Any, Any]
OFF = "none"  # a setting that is off, as in a TOML file


def number(value: float) -> str:
    """Return a number with two or three significant digits.

    Examples
    --------
    >>> [number(value) for value in (0.98765, 0.0001234, 1200.0, 3.14159, float("inf"), 1)]
    ['0.99', '0.00012', '1200', '3.14', 'infinity', '1']
    """
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return "not known"
    if math.isinf(value):
        return "infinity" if value > 0 else "minus infinity"
    if value == int(value) and abs(value) >= 2:
        return str(int(value))
    if 0 < abs(value) < 0.01:
        return f"{value:.2g}"
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"


def p_text(value: float) -> str:
    """Return a p-value as text.

    Examples
    --------
    >>> p_text(0.0001), p_text(0.0372), p_text(1.0)
    ('p < 0.001', 'p = 0.037', 'p = 1.000')
    """
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def condition(row: Row, by: list[str]) -> str:
    """Return the condition of a row in words.

    Examples
    --------
    >>> condition({"task": "adding", "length": 50, "lr": 0.001}, ["task", "length", "lr"])
    'adding, length 50, learning rate 0.001'
    """
    return ", ".join(setting_words(name, row[name]) for name in by)


def mean_of(metric: str) -> str:
    """Return the name of the mean of a metric.

    Examples
    --------
    >>> mean_of("recall_accuracy"), mean_of("mse")
    ('mean recall accuracy', 'mean squared error')
    """
    name = words(metric)
    return name if name.startswith("mean ") else f"mean {name}"
