"""Users' tables: read, checked, split by sequences, encoded, and predicted for."""

from __future__ import annotations

from rnnlab.data.dataset import Dataset, Part, load_dataset
from rnnlab.data.encoding import Encoding
from rnnlab.data.fitted import FittedModel, load_fitted
from rnnlab.data.scoring import (
    WORST,
    Baseline,
    baselines,
    better,
    evaluate,
    headline,
    metric_names,
    predict,
    score,
    score_targets,
    target_metric_names,
)

__all__ = [
    "WORST",
    "Baseline",
    "Dataset",
    "Encoding",
    "FittedModel",
    "Part",
    "baselines",
    "better",
    "evaluate",
    "headline",
    "load_dataset",
    "load_fitted",
    "metric_names",
    "predict",
    "score",
    "score_targets",
    "target_metric_names",
]
