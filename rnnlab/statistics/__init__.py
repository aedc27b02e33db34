"""Tables to tables: means, medians and intervals over seeds.

The arithmetic behind every summary and every band of a figure; nothing here runs an experiment.
"""

from __future__ import annotations

from rnnlab.statistics.copy_task import summarise_copy_task
from rnnlab.statistics.fit import summarise_fit
from rnnlab.statistics.gradient_flow import decay_bands, summarise_gradient_flow
from rnnlab.statistics.intervals import bootstrap_interval

__all__ = [
    "bootstrap_interval",
    "decay_bands",
    "summarise_copy_task",
    "summarise_fit",
    "summarise_gradient_flow",
]
