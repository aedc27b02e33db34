"""Studies: settings -> runs -> tables, summary and figures."""

from __future__ import annotations

from rnnlab.experiments.errors import CannotWriteError, RefusedError
from rnnlab.experiments.kinds.base import Experiment
from rnnlab.experiments.kinds.gradient_flow import GradientFlow
from rnnlab.experiments.kinds.training import CopyTask, Fit, TaskStudy
from rnnlab.experiments.progress import Progress
from rnnlab.experiments.results.figures import draw, figure_spec
from rnnlab.experiments.runner.fit import fit
from rnnlab.experiments.runner.outcomes import RunsFailedError
from rnnlab.experiments.runner.result import Result
from rnnlab.experiments.runner.study import Study, run
from rnnlab.experiments.settings.cell_entry import CellEntry
from rnnlab.experiments.settings.load import load_spec, preset_names
from rnnlab.experiments.settings.runs import Run
from rnnlab.experiments.settings.spec import (
    CopyTaskSpec,
    FitSpec,
    GradientFlowSpec,
    Spec,
    TaskStudySpec,
)
from rnnlab.experiments.settings.task_entry import TaskEntry

__all__ = [
    "CannotWriteError",
    "CellEntry",
    "CopyTask",
    "CopyTaskSpec",
    "Experiment",
    "Fit",
    "FitSpec",
    "GradientFlow",
    "GradientFlowSpec",
    "Progress",
    "RefusedError",
    "Result",
    "Run",
    "RunsFailedError",
    "Spec",
    "Study",
    "TaskEntry",
    "TaskStudy",
    "TaskStudySpec",
    "draw",
    "figure_spec",
    "fit",
    "load_spec",
    "preset_names",
    "run",
]
