"""`rnnlab run copy-task`: recall accuracy against delay."""

from __future__ import annotations

from rnnlab.experiments.spec import CopyTaskSpec
from rnnlab.experiments.task_study import Training
from rnnlab.registry import experiments


class CopyTask(Training[CopyTaskSpec]):
    """Train every cell on every delay and score its recall on fresh sequences."""

    name = "copy-task"
    about = "recall accuracy against delay on the copy-memory task"
    spec = CopyTaskSpec
    figure = "copy-task"


experiments.register(CopyTask.name, CopyTask())
