"""Scores of predictions, and those of answers that need no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnlab.data.batching import by_length, pad
from rnnlab.data.dataset import Dataset, Part
from rnnlab.data.encoding import Encoding
from rnnlab.data.leaks import require_causal
from rnnlab.engine.protocol import Array
from rnnlab.training import LOSSES, SequenceModel

#: What a run that diverged gets: nothing right, and no error to speak of.
WORST = {"accuracy": 0.0, "exact_accuracy": 0.0}
BATCH = 256  # sequences at a time where nothing is learned


def metric_names(encoding: Encoding) -> tuple[str, ...]:
    """Return the names of what `score` returns, the loss first, then what comparisons show."""
    if encoding.task == "classification":
        return ("loss", "accuracy")
    if encoding.task == "multi-label":
        return ("loss", "accuracy", "exact_accuracy")
    if len(encoding.targets) > 1:
        return ("loss", "relative_rmse")
    return ("loss", "rmse", "mae", "relative_rmse")


def target_metric_names(encoding: Encoding) -> tuple[str, ...]:
    """Return the names of what `score_targets` returns for each target."""
    return ("rmse", "mae", "relative_rmse") if encoding.task == "regression" else ("accuracy",)


def headline(encoding: Encoding) -> str:
    """Return the metric that comparisons show."""
    return metric_names(encoding)[1]


def score(encoding: Encoding, outputs: Array, targets: Array) -> dict[str, float]:
    """Score outputs (N, O) against targets as the loss takes them; what is not asked is left out.

    Returns
    -------
    dict of str to float
        The loss; of a classification the accuracy; of labels the share of labels that are right and
        of answers without a mistake; of a regression relative_rmse, the root of the mean squared
        error in standard deviations that each target has in the training part, over all answers.
        With one target also the root of the mean squared error and the mean absolute error in its
        unit: several targets have no unit in common, see `score_targets`.
    """
    # at the limits of float64 no loss of a finite output is infinite
    loss, _ = LOSSES[encoding.loss](outputs.astype(np.float64), targets)
    if encoding.task == "classification":
        asked = targets >= 0
        right = outputs[asked].argmax(axis=1) == targets[asked]
        return {"loss": loss, "accuracy": float(right.mean())}
    held = ~np.isnan(targets)
    if encoding.task == "multi-label":
        agree = (outputs > 0) == (targets > 0.5)
        whole = held.any(axis=1)
        exact = (agree | ~held).all(axis=1)[whole]
        return {
            "loss": loss,
            "accuracy": float(agree[held].mean()),
            "exact_accuracy": float(exact.mean()),
        }
    if len(encoding.targets) == 1:
        return {"loss": loss, **_errors(outputs[:, 0], targets[:, 0], encoding.scales[0])}
    squared = np.square(outputs.astype(np.float64) - targets)[held]
    return {"loss": loss, "relative_rmse": float(np.sqrt(squared.mean()))}


def score_targets(encoding: Encoding, outputs: Array, targets: Array) -> list[dict[str, float]]:
    """Score each column of outputs (N, O) against its targets: numbers, or labels of 0 and 1.

    Returns
    -------
    list of dict of str to float
        For each target in turn rmse, mae (in its unit) and relative_rmse (in its standard
        deviations in the training part), or the accuracy of its label; NaN without an answer.
    """
    if encoding.task == "regression":
        columns = zip(outputs.T, targets.T, encoding.scales, strict=True)
        return [_errors(*column) for column in columns]
    found = []
    for given, asked in zip(outputs.T, targets.T, strict=True):
        right = ((given > 0) == (asked > 0.5))[~np.isnan(asked)]
        found.append({"accuracy": float(right.mean()) if right.size else float("nan")})
    return found


def _errors(outputs: Array, targets: Array, scale: float) -> dict[str, float]:
    relative = (outputs.astype(np.float64) - targets)[~np.isnan(targets)]
    if not relative.size:
        return dict.fromkeys(("rmse", "mae", "relative_rmse"), float("nan"))
    errors = relative * scale
    return {
        "rmse": float(np.sqrt(np.square(errors).mean())),
        "mae": float(np.abs(errors).mean()),
        "relative_rmse": float(np.sqrt(np.square(relative).mean())),
    }


def outputs_of(model: SequenceModel, inputs: Sequence[Array]) -> list[Array]:
    """Return the outputs of each sequence: (T, O), or (1, O) where it has one answer.

    Sequences of about the same length are computed together, so that memory is bounded by the
    longest one, or by `rnnlab.data.batching.STEPS`.
    """
    found: list[Array] = [np.empty(0)] * len(inputs)
    for chosen in by_length(np.array([len(one) for one in inputs]), BATCH):
        x, lengths = pad([inputs[s] for s in chosen])
        outputs = model.predict(x, lengths=lengths)
        for column, s in enumerate(chosen):
            every = model.read == "every"
            # a copy: a view would keep the padding of the whole batch
            found[s] = (outputs[: lengths[column], column] if every else outputs[[column]]).copy()
    return found


def predict(model: SequenceModel, encoding: Encoding, part: Part) -> Array:
    """Return the outputs of a part (N, O), as `score` takes them."""
    require_causal(encoding.horizon, model.layer.bidirectional)
    return np.concatenate(outputs_of(model, part.inputs))


def evaluate(model: SequenceModel, encoding: Encoding, part: Part) -> dict[str, float]:
    """Score a model on a part."""
    return score(encoding, predict(model, encoding, part), np.concatenate(part.targets))


@dataclass(frozen=True)
class Baseline:
    """Answers that need no model, and their scores.

    Attributes
    ----------
    name : str
        "mean", "majority class" or "majority of each label", which are the same at every step;
        "last value", "last class" or "last labels", the last target that is known before.
    scores : dict of str to float
        As `score` returns them. The loss of the last class or labels is NaN: they have no
        probability.
    by_target : list of dict of str to float
        As `score_targets` returns them, for several targets; else empty.
    """

    name: str
    scores: dict[str, float]
    by_target: list[dict[str, float]]


def baselines(data: Dataset, part: str = "test") -> list[Baseline]:
    """Score what needs no model: the same answer at each step, then the last known target.

    The last target is that of the row from which a forecast looks ahead or, where each row is
    asked for its own target, of the row before; if it is missing there, the last one before. Where
    none is known the first baseline answers. It may be no feature: then the model does not see it.
    With one answer per sequence there is no last target.
    """
    encoding, held = data.encoding, data.parts[part]
    targets = np.concatenate(held.targets)
    name, row = _constant(encoding, np.concatenate(data.parts["train"].targets))
    outputs = np.broadcast_to(row, (len(targets), encoding.output_size))
    found = [_baseline(name, encoding, outputs, targets)]
    if held.last is not None:
        last = np.concatenate(held.last)
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


def better(data_baselines: Sequence[Baseline], encoding: Encoding) -> Baseline:
    """Return the better baseline by what comparisons show, the first of those that tie."""
    name = headline(encoding)
    sign = -1 if name in WORST else 1  # more is better for what is 0 at worst
    return min(data_baselines, key=lambda one: sign * one.scores[name])


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
