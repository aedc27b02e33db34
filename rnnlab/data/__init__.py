"""Users' tables as problems: read, checked, split by sequences, encoded, and predicted for."""

from __future__ import annotations

from rnnlab.data.baselines import Baseline
from rnnlab.data.dataset import Dataset
from rnnlab.data.encoding import Encoding
from rnnlab.data.loading import load_dataset
from rnnlab.data.model import FittedModel, load_fitted
from rnnlab.data.scoring import evaluate, predict, score, score_targets, target_metric_names
from rnnlab.data.splits import Split

__all__ = [
    "Baseline",
    "Dataset",
    "Encoding",
    "FittedModel",
    "Split",
    "evaluate",
    "load_dataset",
    "load_fitted",
    "predict",
    "score",
    "score_targets",
    "target_metric_names",
]
