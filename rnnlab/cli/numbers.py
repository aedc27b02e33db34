"""Click parameter type for finite numbers within bounds."""

from __future__ import annotations

import math
from typing import Any

import click


class FiniteRange(click.FloatRange):
    """A range of numbers without NaN and infinity, which click's own range accepts."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number, or fail as click does."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            remedy = "leave the option out for its default"
            self.fail(f"must be a finite number, got {value}: {remedy}", param, ctx)
        return number
