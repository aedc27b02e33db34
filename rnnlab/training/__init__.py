"""Readouts, losses, optimisers, schedules and the training loop."""

from rnnlab.batch import Batch
from rnnlab.training.clipping import clip_by_global_norm, clip_by_value, global_norm
from rnnlab.training.evaluation import Evaluation
from rnnlab.training.loop import train
from rnnlab.training.losses import (
    LOSSES,
    binary_cross_entropy,
    mean_squared_error,
    softmax_cross_entropy,
)
from rnnlab.training.model import SequenceModel
from rnnlab.training.optimizers import SGD, Adam, Optimizer, RMSProp, make_optimizer
from rnnlab.training.problem import Problem, loss_of
from rnnlab.training.schedules import Schedule
from rnnlab.training.step import Update
from rnnlab.training.targets import IGNORED
from rnnlab.training.truncated import TruncatedBPTT

__all__ = [
    "IGNORED",
    "LOSSES",
    "SGD",
    "Adam",
    "Batch",
    "Evaluation",
    "Optimizer",
    "Problem",
    "RMSProp",
    "Schedule",
    "SequenceModel",
    "TruncatedBPTT",
    "Update",
    "binary_cross_entropy",
    "clip_by_global_norm",
    "clip_by_value",
    "global_norm",
    "loss_of",
    "make_optimizer",
    "mean_squared_error",
    "softmax_cross_entropy",
    "train",
]
