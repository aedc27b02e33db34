"""Scores of a run on a table: the course of its epochs, the test part, and each target."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rnnlab.experiments.kinds.build import MODELS, file_of, problem_of
from rnnlab.experiments.settings.runs import Run

if TYPE_CHECKING:
    from rnnlab.data import Dataset
    from rnnlab.engine.protocol import Array
    from rnnlab.training import SequenceModel

TARGETS = "targets"  # the table of several targets


def score_table(
    run: Run, model: SequenceModel, evaluations: Iterable[dict[str, Any]]
) -> dict[str, pd.DataFrame]:
    """Train a model on a table and score it: two rows an epoch, then one of the test part.

    The test part is scored once, with the weights of the best epoch. A model that has such weights
    is written to the folder `models`, where the run sees the folder of the result.

    Parameters
    ----------
    run : Run
    model : SequenceModel
        It has the weights of its best epoch when `evaluations` ends.
    evaluations : iterable of dict
        The columns of each epoch.
    """
    from rnnlab.data import FittedModel, predict, score

    data: Dataset = problem_of(run)
    encoding, held = data.encoding, data.parts["test"]
    key = {"cell": run.cell, **dict(run.point), "seed": run.seed}
    rows: list[dict[str, Any]] = []
    best: dict[str, Any] | None = None
    for evaluation in evaluations:
        loss = evaluation.pop("train_loss")
        common = {name: one for name, one in evaluation.items() if name not in data.metrics}
        train_loss = loss if math.isfinite(loss) else math.nan
        rows.append({**key, **common, "part": "train", "loss": train_loss})
        rows.append({**key, **evaluation, "part": "validation"})
        if evaluation["status"] == "ok" and (best is None or rows[-1]["loss"] < best["loss"]):
            best = rows[-1]
    test, outputs = {**rows[-1], **data.worst, "part": "test"}, None
    if best is not None:
        outputs = predict(model, encoding, held)
        test |= {name: best[name] for name in ("epoch", "update", "status")}
        test |= score(encoding, outputs, np.concatenate(held.targets))
        file = file_of(run, MODELS, "safetensors")
        if file is not None:
            FittedModel(model, encoding).save(file)
    rows.append(test)
    tables = {"metrics": pd.DataFrame(rows)}
    if target_columns(data):
        targets = pd.DataFrame(_by_target(data, outputs))
        tables[TARGETS] = targets.assign(**key)
    return tables


def target_columns(data: Dataset) -> tuple[str, ...]:
    """Return the columns of targets.csv after the key; none for a table with one target."""
    from rnnlab.data import target_metric_names

    if len(data.encoding.targets) == 1:
        return ()
    scores = target_metric_names(data.encoding)
    return ("target", *scores, "baseline_constant", "baseline_last")


def _by_target(data: Dataset, outputs: Array | None) -> list[dict[str, Any]]:
    """Return a row for each target: the scores of a run, the worst ones if it diverged."""
    from rnnlab.data import score_targets

    encoding = data.encoding
    rows: list[dict[str, Any]] = [{"target": name} | data.worst for name in encoding.targets]
    if outputs is not None:
        answers = np.concatenate(data.parts["test"].targets)
        for row, scores in zip(rows, score_targets(encoding, outputs, answers), strict=True):
            row |= scores
    _, first, *_ = target_columns(data)
    for column, baseline in zip(
        ("baseline_constant", "baseline_last"), data.baselines(), strict=False
    ):
        for row, scores in zip(rows, baseline.by_target, strict=True):
            row[column] = scores[first]
    return rows
