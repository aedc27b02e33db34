"""Gradients and what a cell does with a sequence: numbers as DataFrames."""

from rnnlab.analysis.gradient_check import check_gradients
from rnnlab.analysis.gradient_flow import decay_per_step, gradient_decay, half_life
from rnnlab.analysis.walk import Inputs, Walk, random_inputs, walk, words_as_inputs

__all__ = [
    "Inputs",
    "Walk",
    "check_gradients",
    "decay_per_step",
    "gradient_decay",
    "half_life",
    "random_inputs",
    "walk",
    "words_as_inputs",
]
