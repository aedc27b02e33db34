"""Measures of gradient flow: one file each, registered here in the order of lists and reports."""

from __future__ import annotations

from rnnlab.experiments.measures.base import FinishedTraining, Measure, Probe, Rows, all_tables
from rnnlab.experiments.measures.decay import Decay
from rnnlab.experiments.measures.forget_bias import ForgetBias
from rnnlab.experiments.measures.gates import Gates
from rnnlab.experiments.measures.jacobians import Jacobians
from rnnlab.experiments.measures.paths import Paths
from rnnlab.experiments.measures.solving import Solving
from rnnlab.experiments.measures.training import GradientsInTraining
from rnnlab.registry import measures

__all__ = ["FinishedTraining", "Measure", "Probe", "Rows", "all_tables"]

for _measure in (Decay, Jacobians, Paths, Gates, GradientsInTraining, Solving, ForgetBias):
    measures.register(_measure.name, _measure())
