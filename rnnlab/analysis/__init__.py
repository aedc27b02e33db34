"""Analysis of gradients and of a cell along a sequence: numbers as DataFrames."""

from rnnlab.analysis.backward_trace import trace_back
from rnnlab.analysis.forget_bias import closed_form_half_life, forget_bias_half_lives
from rnnlab.analysis.forward_trace import Inputs, Walk, random_inputs, walk, words_as_inputs
from rnnlab.analysis.gates import gate_histogram, gate_map, gate_units, gate_values
from rnnlab.analysis.gradient_check import check_gradients
from rnnlab.analysis.gradient_flow import (
    decay_half_life,
    decay_per_step,
    gradient_decay,
    half_life,
    noise_decay,
    reference_lag,
)
from rnnlab.analysis.jacobians import products, step_jacobians
from rnnlab.analysis.linearisation import Linearised
from rnnlab.analysis.linearising import linearise
from rnnlab.analysis.paths import path_norms, path_shares
from rnnlab.analysis.recorder import GradientRecorder
from rnnlab.analysis.spectra import lyapunov_spectrum, singular_spectrum

__all__ = [
    "GradientRecorder",
    "Inputs",
    "Linearised",
    "Walk",
    "check_gradients",
    "closed_form_half_life",
    "decay_half_life",
    "decay_per_step",
    "forget_bias_half_lives",
    "gate_histogram",
    "gate_map",
    "gate_units",
    "gate_values",
    "gradient_decay",
    "half_life",
    "linearise",
    "lyapunov_spectrum",
    "noise_decay",
    "path_norms",
    "path_shares",
    "products",
    "random_inputs",
    "reference_lag",
    "singular_spectrum",
    "step_jacobians",
    "trace_back",
    "walk",
    "words_as_inputs",
]
