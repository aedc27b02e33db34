"""Readout, losses, optimisers, clipping and the training loop."""

from rnnlab.training.clipping import clip_by_global_norm, clip_by_value, global_norm
from rnnlab.training.loop import Evaluation, Update, train
from rnnlab.training.losses import mean_squared_error, softmax_cross_entropy
from rnnlab.training.model import SequenceModel
from rnnlab.training.optimizers import (
    OPTIMIZER_NAMES,
    SGD,
    Adam,
    Optimizer,
    RMSProp,
    make_optimizer,
)

__all__ = [
    "OPTIMIZER_NAMES",
    "SGD",
    "Adam",
    "Evaluation",
    "Optimizer",
    "RMSProp",
    "SequenceModel",
    "Update",
    "clip_by_global_norm",
    "clip_by_value",
    "global_norm",
    "make_optimizer",
    "mean_squared_error",
    "softmax_cross_entropy",
    "train",
]
