"""Baselines: scores of answers that need no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnlab.data.encoding import Encoding
from rnnlab.data.scoring import score, score_targets
from rnnlab.data.splits import Split
from rnnlab.engine.protocol import Array


@dataclass(frozen=True)
class Baseline:
    """Answers that need no model, and their scores.

    Attributes
    ----------
    name : str
        "mean", "majority class" or "majority of each label", the same at every step; "last value",
        "last class" or "last labels", the last target that is known before.
    scores : dict of str to float
        Scores, as `score` returns them. The loss of the last class or labels is NaN: they have no
        probability.
    by_target : list of dict of str to float
        Scores of each of several targets, as `score_targets` returns them; empty for one target.
    """

    name: str
    scores: dict[str, float]
    by_target: list[dict[str, float]]


def baselines_of(encoding: Encoding, train: Split, scored: Split) -> list[Baseline]:
    """Return the baselines of a part: the same answer at each step, then the last known target.

    The last target is that of the row from which a forecast looks ahead or, where each row has its
    own target, of the row before; where it is missing, the last one before that. Where none is
    known the first baseline answers. The model does not see it unless it is a feature. With one
    answer per sequence there is no last target.
    """
    targets = np.concatenate(scored.targets)
    name, row = _constant(encoding, np.concatenate(train.targets))
    outputs = np.broadcast_to(row, (len(targets), encoding.output_size))
    found = [_baseline(name, encoding, outputs, targets)]
    if scored.last is not None:
        last = np.concatenate(scored.last)
        if encoding.task == "classification":
            known = (last >= 0)[:, None]
            answers = np.eye(encoding.output_size)[last]
            name = "last class"
        else:
            known = ~np.isnan(last)
            answers = last.astype(np.float64)
            name = "last value"
            if encoding.task == "multi-label":
                answers, name = answers - 0.5, "last labels"
        persistence = _baseline(name, encoding, np.where(known, answers, outputs), targets)
        if encoding.task != "regression":
            persistence.scores["loss"] = float("nan")
        found.append(persistence)
    return found


def better(candidates: Sequence[Baseline], encoding: Encoding) -> Baseline:
    """Return the baseline with the better headline, the first if they are equal."""
    sign = -1 if encoding.higher_is_better else 1
    return min(candidates, key=lambda one: sign * one.scores[encoding.headline])


def _constant(encoding: Encoding, known: Array) -> tuple[str, Array]:
    """Return the answer that is the same at every step, and its name."""
    if encoding.task == "classification":
        counts = np.bincount(known[known >= 0], minlength=encoding.output_size)
        return "majority class", np.log(counts / counts.sum())
    if encoding.task == "multi-label":
        shares = np.clip(np.nanmean(known, axis=0, dtype=np.float64), 1e-6, 1 - 1e-6)
        return "majority of each label", np.log(shares / (1 - shares))
    return "mean", np.zeros(encoding.output_size)


def _baseline(name: str, encoding: Encoding, outputs: Array, targets: Array) -> Baseline:
    several = len(encoding.targets) > 1
    by_target = score_targets(encoding, outputs, targets) if several else []
    return Baseline(name, score(encoding, outputs, targets), by_target)
