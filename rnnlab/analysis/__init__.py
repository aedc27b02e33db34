"""Gradient flow: numbers as DataFrames."""

from rnnlab.analysis.gradient_flow import decay_per_step, gradient_decay, half_life

__all__ = ["decay_per_step", "gradient_decay", "half_life"]
