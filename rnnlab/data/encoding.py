"""Encodings: from columns to arrays, and from outputs to predictions.

A model of a table needs its `Encoding` to be used on another table. The file of the model holds it
as JSON, so nothing in it is code.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from rnnlab.data.roles import Roles
from rnnlab.data.scaling import require_finite, scaled
from rnnlab.data.spelling import key_of
from rnnlab.data.table import Table
from rnnlab.diverged import is_accuracy, worst_scores
from rnnlab.engine.protocol import Array

LOSS_OF = {
    "classification": "cross-entropy",
    "multi-label": "binary-cross-entropy",
    "regression": "mean-squared-error",
}
REMEDY = "correct it, leave the field empty, or name the column in text= if it holds words"

Scale = Annotated[FiniteFloat, Field(gt=0)]


class Feature(BaseModel):
    """A column as inputs: (value - mean) / scale, or one input for each value it may have."""

    model_config = ConfigDict(frozen=True)

    name: str
    mean: FiniteFloat = 0.0
    scale: Scale = 1.0
    values: tuple[str, ...] | None = None  # of text; another value is zeros in all inputs

    @property
    def size(self) -> int:
        """Number of inputs."""
        return 1 if self.values is None else len(self.values)

    def positions(self, words: Array) -> Array:
        """Return the position of each word in `values` (N,), -1 for words that are not there.

        Words that differ in spelling only, such as 1.0 and 1, are the same.
        """
        values = self.values or ()
        exact = {word: position for position, word in enumerate(values)}
        alike = {key_of(word): position for position, word in enumerate(values)}
        codes, different = pd.factorize(words)
        positions = [exact.get(word, alike.get(key_of(word), -1)) for word in different]
        return np.array(positions, np.int64)[codes]


class Encoding(BaseModel):
    """Map from a table to inputs and targets, and from outputs to predictions.

    Attributes
    ----------
    sequence, time : str
        Columns; `time` may be None.
    features : tuple of Feature
    targets : tuple of str
        Columns.
    task : "classification", "multi-label" or "regression"
    read : "every" or "last"
        Whether every time step has an answer, or each sequence one.
    horizon : int
        Steps that a forecast looks ahead; 0 for none.
    classes : tuple of str
        Classes of a classification.
    means, scales : tuple of float
        Scaling of each target of a regression: the output is (y - mean) / scale.
    """

    model_config = ConfigDict(frozen=True)

    sequence: str
    time: str | None
    features: Annotated[tuple[Feature, ...], Field(min_length=1)]
    targets: Annotated[tuple[str, ...], Field(min_length=1)]
    task: Literal["classification", "multi-label", "regression"]
    read: Literal["every", "last"]
    horizon: Annotated[int, Field(ge=0, lt=2**48)] = 0
    classes: tuple[str, ...] = ()
    means: tuple[FiniteFloat, ...] = ()
    scales: tuple[Scale, ...] = ()

    @model_validator(mode="after")
    def _agree(self) -> Self:
        """Check that the fields agree with each other."""
        named = [feature.name for feature in self.features]
        lists = {"features": named, "targets": self.targets, "classes": self.classes}
        lists |= {f"values of {f.name!r}": f.values for f in self.features if f.values is not None}
        for name, words in lists.items():
            if len(set(words)) < len(words):
                raise ValueError(f"the {name} must differ from each other")
        classified, measured = self.task == "classification", self.task == "regression"
        if classified and len(self.targets) != 1:
            raise ValueError(f"a classification must have one target, got {len(self.targets)}")
        if len(self.classes) < 2 if classified else self.classes:
            wanted = "two classes or more" if classified else "no classes"
            raise ValueError(f"a {self.task} must have {wanted}, got {len(self.classes)}")
        numbers = len(self.targets) if measured else 0
        if not len(self.means) == len(self.scales) == numbers:
            raise ValueError(
                f"a {self.task} of {len(self.targets)} targets must have {numbers} means and "
                f"scales, got {len(self.means)} and {len(self.scales)}"
            )
        return self

    @property
    def input_size(self) -> int:
        """I, the width of the inputs."""
        return sum(feature.size for feature in self.features)

    @property
    def output_size(self) -> int:
        """O, the number of classes or targets."""
        return len(self.classes) if self.task == "classification" else len(self.targets)

    @property
    def loss(self) -> str:
        """Name of the loss in `rnnlab.training.LOSSES`."""
        return LOSS_OF[self.task]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the scores, "loss" first, then the headline."""
        if self.task == "classification":
            return ("loss", "accuracy")
        if self.task == "multi-label":
            return ("loss", "accuracy", "exact_accuracy")
        if len(self.targets) > 1:
            return ("loss", "relative_rmse")
        return ("loss", "rmse", "mae", "relative_rmse")

    @property
    def headline(self) -> str:
        """The score that comparisons show."""
        return self.metrics[1]

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger headline is a better one."""
        return is_accuracy(self.headline)

    @property
    def worst(self) -> dict[str, float]:
        """Scores of a diverged run: 0 for accuracies, NaN for errors."""
        return worst_scores(self.metrics)

    @property
    def summary(self) -> str:
        """The prediction in words, such as "classification of label, one answer a sequence"."""
        where = "one answer a sequence" if self.read == "last" else "an answer at every step"
        if self.horizon:
            where = f"{self.horizon} step{'s' * (self.horizon > 1)} ahead"
        return f"{self.task} of {', '.join(self.targets)}, {where}"

    @property
    def text(self) -> frozenset[str]:
        """The features that are text."""
        return frozenset(one.name for one in self.features if one.values is not None)

    @property
    def roles(self) -> Roles:
        """The columns that a prediction needs."""
        names = tuple(feature.name for feature in self.features)
        return Roles(self.sequence, self.time, names, self.targets, horizon=self.horizon)

    def inputs(self, table: Table, remedy: str = REMEDY) -> Array:
        """Return the inputs of every row, float32 (N, I).

        Raises
        ------
        ValueError
            At a value that is not a number, with `remedy`, or too large to be scaled.
        """
        inputs = np.zeros((len(table), self.input_size), np.float32)
        start = 0
        for feature in self.features:
            if feature.values is None:
                numbers = table.numbers(feature.name, missing="fill it in", remedy=remedy)
                inputs[:, start] = scaled(numbers, feature.mean, feature.scale)
                require_finite(inputs[:, start], table, feature.name)
            else:
                positions = feature.positions(table[feature.name].words)
                known = np.flatnonzero(positions >= 0)
                inputs[known, start + positions[known]] = 1
            start += feature.size
        return inputs

    def require_finite_targets(self, table: Table) -> None:
        """Raise a ValueError at a number to predict that is too large to be scaled."""
        for name, mean, scale in zip(self.targets, self.means, self.scales, strict=False):
            values = table.numbers(name)
            require_finite(scaled(np.nan_to_num(values), mean, scale), table, name)

    def encode_answers(self, answers: Array) -> Array:
        """Return answers as the loss takes them, -1 or NaN where there is none.

        Parameters
        ----------
        answers : array (N,) of texts, or float64 (N, O)
            As `rnnlab.data.answers.collect_answers` returns them.
        """
        if self.task == "classification":
            numbers = {word: number for number, word in enumerate(self.classes)}
            return np.array([numbers.get(word, -1) for word in answers], np.int64)
        if self.task == "regression":
            answers = (answers - np.array(self.means)) / np.array(self.scales)
        return answers.astype(np.float32)

    def decode_outputs(self, outputs: Array) -> dict[str, Array]:
        """Return the columns of a prediction from outputs (N, O).

        Returns
        -------
        dict of str to array (N,)
            "predicted_TARGET", then "probability_CLASS" of a classification or "probability_TARGET"
            of several labels.
        """
        outputs = outputs.astype(np.float64)
        if self.task == "classification":
            shares = np.exp(outputs - outputs.max(axis=1, keepdims=True))
            shares /= shares.sum(axis=1, keepdims=True)
            words = np.array(self.classes, object)[outputs.argmax(axis=1)]
            columns: dict[str, Array] = {f"predicted_{self.targets[0]}": words}
            for number, word in enumerate(self.classes):
                columns[f"probability_{word}"] = shares[:, number]
            return columns
        if self.task == "multi-label":
            shares = 0.5 * (1 + np.tanh(0.5 * outputs))  # the sigmoid, without an overflow
            predicted = zip(self.targets, (outputs > 0).T.astype(int), strict=True)
            columns = {f"predicted_{name}": held for name, held in predicted}
            for name, share in zip(self.targets, shares.T, strict=True):
                columns[f"probability_{name}"] = share
            return columns
        values = outputs * np.array(self.scales) + np.array(self.means)
        return {f"predicted_{n}": v for n, v in zip(self.targets, values.T, strict=True)}
