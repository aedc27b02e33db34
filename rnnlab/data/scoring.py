"""How good answers are, and how good the naive ones would be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rnnlab.data.dataset import Dataset, Part, pad
from rnnlab.data.encoding import Encoding, Feature
from rnnlab.engine.protocol import Array
from rnnlab.training import LOSSES, SequenceModel

#: The metrics of each task, the one that comparisons show first, and whether more is better.
METRICS = {
    "classification": ("accuracy",),
    "multi-label": ("accuracy", "exact_accuracy"),
    "regression": ("rmse", "mae"),
}
#: What a run that diverged gets: nothing right, and no error to speak of.
WORST = {"accuracy": 0.0, "exact_accuracy": 0.0}
BATCH = 256  # sequences at a time where nothing is learned


def metric_names(task: str) -> tuple[str, ...]:
    """Return what `score` returns for a task, the loss first.

    Examples
    --------
    >>> metric_names("regression")
    ('loss', 'rmse', 'mae')
    """
    return ("loss", *METRICS[task])


def headline(task: str) -> str:
    """Return the metric that comparisons show."""
    return METRICS[task][0]


def score(encoding: Encoding, outputs: Array, targets: Array) -> dict[str, float]:
    """Score outputs (N, O) against targets as the loss takes them; what is not asked is left out.

    Returns
    -------
    dict of str to float
        The loss; of a classification the accuracy; of labels the share of labels that are right and
        of answers without a mistake; of a regression the root of the mean squared error and the
        mean absolute error in the target's units, over all targets.
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
    errors = ((outputs.astype(np.float64) - targets) * np.array(encoding.scales))[held]
    return {
        "loss": loss,
        "rmse": float(np.sqrt(np.square(errors).mean())),
        "mae": float(np.abs(errors).mean()),
    }


def outputs_of(model: SequenceModel, inputs: list[Array]) -> Iterator[Array]:
    """Yield the outputs of each sequence in turn: (T, O), or (1, O) where it has one answer."""
    for start in range(0, len(inputs), BATCH):
        x, lengths = pad(inputs[start : start + BATCH])
        outputs = model.predict(x, lengths=lengths)
        for column, length in enumerate(lengths):
            yield (outputs[:length, column] if model.read == "every" else outputs[[column]])


def evaluate(model: SequenceModel, encoding: Encoding, part: Part) -> dict[str, float]:
    """Score a model on a part."""
    outputs = np.concatenate(list(outputs_of(model, part.inputs)))
    return score(encoding, outputs, np.concatenate(part.targets))


def baseline(data: Dataset, part: str = "test") -> tuple[str, dict[str, float]]:
    """Score what needs no model: the most frequent class, the mean, or the last value.

    Returns
    -------
    name : str
        "majority class", "majority of each label", "mean" or, in a forecast of numbers that are
        among the features, "last value".
    scores : dict of str to float
        As `score` returns them; a class or label is given the share that it has in training.
    """
    encoding, targets = data.encoding, np.concatenate(data.parts[part].targets)
    known = np.concatenate(data.parts["train"].targets)
    if encoding.task == "classification":
        counts = np.bincount(known[known >= 0], minlength=encoding.output_size)
        name, row = "majority class", np.log(counts / counts.sum())
    elif encoding.task == "multi-label":
        shares = np.clip(np.nanmean(known, axis=0, dtype=np.float64), 1e-6, 1 - 1e-6)
        name, row = "majority of each label", np.log(shares / (1 - shares))
    elif encoding.horizon and all(name in _numbers(encoding) for name in encoding.targets):
        return "last value", score(encoding, _last_values(data, part), targets)
    else:
        name, row = "mean", np.zeros(encoding.output_size)
    outputs = np.broadcast_to(row, (len(targets), encoding.output_size))
    return name, score(encoding, outputs, targets)


def _last_values(data: Dataset, part: str) -> Array:
    """Return the targets as they are at the step from which is predicted, (N, O), scaled."""
    encoding, held = data.encoding, data.parts[part]
    places, columns = _numbers(encoding), []
    for target, mean, scale in zip(encoding.targets, encoding.means, encoding.scales, strict=True):
        feature, column = places[target]
        values = np.concatenate([inputs[:, column] for inputs in held.inputs])
        columns.append((values.astype(np.float64) * feature.scale + feature.mean - mean) / scale)
    return np.stack(columns, axis=1)


def _numbers(encoding: Encoding) -> dict[str, tuple[Feature, int]]:
    """Return the features that are numbers, each with its place among the inputs."""
    ends = np.cumsum([feature.size for feature in encoding.features])
    return {
        feature.name: (feature, int(end) - 1)
        for feature, end in zip(encoding.features, ends, strict=True)
        if feature.values is None
    }
