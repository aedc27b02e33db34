"""Statistics of a report: one file each, registered here in the order of the page."""

from __future__ import annotations

from rnnlab.reports.statistics.base import Statistic, TaskResults, register
from rnnlab.reports.statistics.comparison import Comparison
from rnnlab.reports.statistics.learning_curves import LearningCurves
from rnnlab.reports.statistics.outcomes import Outcomes
from rnnlab.reports.statistics.overall import Overall
from rnnlab.reports.statistics.survival import Survival
from rnnlab.reports.statistics.tuning import Tuning

__all__ = ["Statistic", "TaskResults", "register"]

for _statistic in (Outcomes, Tuning, Overall, Comparison, Survival, LearningCurves):
    register(_statistic())
