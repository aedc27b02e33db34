"""Scores of predictions on a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnlab.data.encoding import Encoding
from rnnlab.data.leaks import require_causal
from rnnlab.data.splits import Split, by_length, pad
from rnnlab.engine.protocol import Array
from rnnlab.training import LOSSES, SequenceModel

BATCH = 256  # sequences that are predicted at a time


def target_metric_names(encoding: Encoding) -> tuple[str, ...]:
    """Return the names of the scores that `score_targets` returns for each target."""
    return ("rmse", "mae", "relative_rmse") if encoding.task == "regression" else ("accuracy",)


def score(encoding: Encoding, outputs: Array, targets: Array) -> dict[str, float]:
    """Score outputs (N, O) against targets as the loss takes them; ignored targets are left out.

    Returns
    -------
    dict of str to float
        The loss; of a classification the accuracy; of labels the share of correct labels and of
        answers with all labels correct; of a regression relative_rmse, the root of the mean squared
        error in standard deviations of each target in the training part, over all answers. With
        one target also the root of the mean squared error and the mean absolute error in its unit:
        several targets have no common unit, see `score_targets`.
    """
    # at the limits of float64 no loss of a finite output is infinite
    loss, _ = LOSSES[encoding.loss](outputs.astype(np.float64), targets)
    if encoding.task == "classification":
        answered = targets >= 0
        right = outputs[answered].argmax(axis=1) == targets[answered]
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
        For each target rmse, mae (in its unit) and relative_rmse (in its standard deviations in the
        training part), or the accuracy of its label; NaN without an answer.
    """
    if encoding.task == "regression":
        columns = zip(outputs.T, targets.T, encoding.scales, strict=True)
        return [_errors(*column) for column in columns]
    found = []
    for given, wanted in zip(outputs.T, targets.T, strict=True):
        right = ((given > 0) == (wanted > 0.5))[~np.isnan(wanted)]
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

    Sequences of similar length are computed together, so that memory is bounded by the longest one,
    or by `rnnlab.data.splits.STEPS`.
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


def predict(model: SequenceModel, encoding: Encoding, split: Split) -> Array:
    """Return the outputs of a part (N, O), as `score` takes them."""
    require_causal(encoding.horizon, model.layer.bidirectional)
    return np.concatenate(outputs_of(model, split.inputs))


def evaluate(model: SequenceModel, encoding: Encoding, split: Split) -> dict[str, float]:
    """Score a model on a part."""
    return score(encoding, predict(model, encoding, split), np.concatenate(split.targets))
