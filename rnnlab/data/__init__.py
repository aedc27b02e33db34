"""Users' tables: read, checked, split by sequences, encoded, and predicted for."""

from __future__ import annotations

from rnnlab.data.dataset import Dataset, Part, load_dataset
from rnnlab.data.encoding import Encoding
from rnnlab.data.fitted import FittedModel, load_fitted
from rnnlab.data.scoring import WORST, baseline, evaluate, headline, metric_names, score

__all__ = [
    "WORST",
    "Dataset",
    "Encoding",
    "FittedModel",
    "Part",
    "baseline",
    "evaluate",
    "headline",
    "load_dataset",
    "load_fitted",
    "metric_names",
    "score",
]
