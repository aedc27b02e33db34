"""Statistics of a report: one file each, registered here in the order of the page."""

from __future__ import annotations

from rnnlab import registry
from rnnlab.plotting import register
from rnnlab.reports.statistics.base import Statistic, TaskResults
from rnnlab.reports.statistics.comparison import Comparison
from rnnlab.reports.statistics.learning_curves import LearningCurves
from rnnlab.reports.statistics.outcomes import Outcomes
from rnnlab.reports.statistics.overall import Overall
from rnnlab.reports.statistics.survival import Survival
from rnnlab.reports.statistics.tuning import Tuning

__all__ = ["Statistic", "TaskResults"]

for _statistic in (Outcomes, Tuning, Overall, Comparison, Survival, LearningCurves):
    for _figure in registry.statistics.register(_statistic.name, _statistic()).figures():
        register(_figure)
