"""From a spec to runs, tidy tables, a summary and a picture."""

from __future__ import annotations

from rnnlab.experiments.copy_task import CopyTask
from rnnlab.experiments.drawing import draw, figure_spec
from rnnlab.experiments.entries import CellEntry
from rnnlab.experiments.experiment import Experiment
from rnnlab.experiments.failing import RefusedError, RunsFailedError
from rnnlab.experiments.fit_study import FitStudy, fit
from rnnlab.experiments.gradient_flow import GradientFlow
from rnnlab.experiments.grid import Run
from rnnlab.experiments.loading import load_spec, preset_names
from rnnlab.experiments.progress import Progress
from rnnlab.experiments.spec import CopyTaskSpec, GradientFlowSpec, Spec, TaskStudySpec
from rnnlab.experiments.study import Result, Study, run
from rnnlab.experiments.task_entries import TaskEntry
from rnnlab.experiments.task_study import TaskStudy
from rnnlab.experiments.writing import CannotWriteError

__all__ = [
    "CannotWriteError",
    "CellEntry",
    "CopyTask",
    "CopyTaskSpec",
    "Experiment",
    "FitStudy",
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
