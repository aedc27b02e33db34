"""Readout, losses, optimisers, clipping and the training loop."""

from rnnlab.training.clipping import clip_by_global_norm, clip_by_value, global_norm
from rnnlab.training.epochs import Batch, Epoch, train_epochs
from rnnlab.training.loop import Evaluation, Update, train
from rnnlab.training.losses import (
    IGNORED,
    LOSSES,
    binary_cross_entropy,
    mean_squared_error,
    softmax_cross_entropy,
)
from rnnlab.training.model import SequenceModel
from rnnlab.training.optimizers import (
    OPTIMIZER_NAMES,
    SGD,
    Adam,
    Optimizer,
    RMSProp,
    make_optimizer,
)
from rnnlab.training.schedules import SCHEDULE_NAMES, Schedule
from rnnlab.training.truncated import TruncatedBPTT

__all__ = [
    "IGNORED",
    "LOSSES",
    "OPTIMIZER_NAMES",
    "SCHEDULE_NAMES",
    "SGD",
    "Adam",
    "Batch",
    "Epoch",
    "Evaluation",
    "Optimizer",
    "RMSProp",
    "Schedule",
    "SequenceModel",
    "TruncatedBPTT",
    "Update",
    "binary_cross_entropy",
    "clip_by_global_norm",
    "clip_by_value",
    "global_norm",
    "make_optimizer",
    "mean_squared_error",
    "softmax_cross_entropy",
    "train",
    "train_epochs",
]
