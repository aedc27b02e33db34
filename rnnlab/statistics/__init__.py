"""Tables to tables: means, medians and intervals over seeds.

The arithmetic behind every summary and every band of a figure; nothing here runs an experiment.
"""

from __future__ import annotations

from rnnlab.statistics.copy_task import summarise_copy_task
from rnnlab.statistics.gradient_flow import decay_bands, summarise_gradient_flow
from rnnlab.statistics.gradient_lab import (
    clipping_medians,
    forget_bias_medians,
    histogram_means,
    lyapunov_medians,
    memory_time_shares,
    path_medians,
    share_medians,
    spectrum_medians,
    training_medians,
)
from rnnlab.statistics.intervals import bootstrap_interval

__all__ = [
    "bootstrap_interval",
    "clipping_medians",
    "decay_bands",
    "forget_bias_medians",
    "histogram_means",
    "lyapunov_medians",
    "memory_time_shares",
    "path_medians",
    "share_medians",
    "spectrum_medians",
    "summarise_copy_task",
    "summarise_gradient_flow",
    "training_medians",
]
