"""Gradients and what a cell does with a sequence: numbers as DataFrames."""

from rnnlab.analysis.gradient_check import check_gradients
from rnnlab.analysis.gradient_flow import decay_per_step, gradient_decay, half_life, noise_decay
from rnnlab.analysis.jacobians import products, step_jacobians
from rnnlab.analysis.linearised import Linearised, linearise
from rnnlab.analysis.paths import path_norms, path_shares
from rnnlab.analysis.spectra import lyapunov_spectrum, singular_spectrum
from rnnlab.analysis.tracing import trace_back
from rnnlab.analysis.walk import Inputs, Walk, random_inputs, walk, words_as_inputs

__all__ = [
    "Inputs",
    "Linearised",
    "Walk",
    "check_gradients",
    "decay_per_step",
    "gradient_decay",
    "half_life",
    "linearise",
    "lyapunov_spectrum",
    "noise_decay",
    "path_norms",
    "path_shares",
    "products",
    "random_inputs",
    "singular_spectrum",
    "step_jacobians",
    "trace_back",
    "walk",
    "words_as_inputs",
]
