"""From columns to arrays and back: scaling, vocabularies and classes, learned on the training part.

An `Encoding` is what a model of a table needs to be used on another table. It goes into the model's
file as JSON, so nothing in it is code.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from rnnlab.data.roles import Roles
from rnnlab.data.sequences import Sequences
from rnnlab.data.table import Table
from rnnlab.data.targets import Task
from rnnlab.engine.protocol import Array

LOSS_OF = {
    "classification": "cross-entropy",
    "multi-label": "binary-cross-entropy",
    "regression": "mean-squared-error",
}
_REMEDY = "correct it, leave the field empty, or name the column in --text if it holds words"

Scale = Annotated[FiniteFloat, Field(gt=0)]


class Feature(BaseModel):
    """A column as inputs: (value - mean) / scale, or one input for each value it may have."""

    model_config = ConfigDict(frozen=True)

    name: str
    mean: FiniteFloat = 0.0
    scale: Scale = 1.0
    values: tuple[str, ...] | None = None  # of text; any other value is zeros

    @property
    def size(self) -> int:
        """How many inputs it makes."""
        return 1 if self.values is None else len(self.values)


class Encoding(BaseModel):
    """How a table becomes inputs and targets, and outputs become predictions.

    Attributes
    ----------
    sequence, time : str
        Columns; there may be no time.
    features : tuple of Feature
    targets : tuple of str
        Columns.
    task : "classification", "multi-label" or "regression"
    read : "every" or "last"
        Whether every time step has an answer, or a sequence has one.
    horizon : int
        Steps ahead.
    classes : tuple of str
        Of a classification.
    means, scales : tuple of float
        Of each target of a regression: the model's output is (y - mean) / scale.
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
        """Check what the fields say of each other."""
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
        """I."""
        return sum(feature.size for feature in self.features)

    @property
    def output_size(self) -> int:
        """O: the classes, or the targets."""
        return len(self.classes) if self.task == "classification" else len(self.targets)

    @property
    def loss(self) -> str:
        """The name of the loss in `rnnlab.training.LOSSES`."""
        return LOSS_OF[self.task]

    @property
    def text(self) -> frozenset[str]:
        """The features that are of text."""
        return frozenset(one.name for one in self.features if one.values is not None)

    @property
    def roles(self) -> Roles:
        """The columns that a prediction needs."""
        names = tuple(feature.name for feature in self.features)
        return Roles(self.sequence, self.time, names, self.targets, horizon=self.horizon)

    def inputs(self, table: Table) -> Array:
        """Return the inputs of every row, float32 (N, I)."""
        blocks = []
        for feature in self.features:
            if feature.values is None:
                numbers = table.numbers(feature.name, missing="fill it in", remedy=_REMEDY)
                blocks.append(((numbers - feature.mean) / feature.scale)[:, None])
            else:
                column = table.frame[feature.name].to_numpy(object)
                blocks.append(column[:, None] == np.array(feature.values, object))
        return np.concatenate(blocks, axis=1, dtype=np.float32, casting="unsafe")

    def encode_answers(self, answers: Array) -> Array:
        """Return answers as the loss takes them, -1 or NaN where none is asked.

        Parameters
        ----------
        answers : array (N,) of texts, or float64 (N, O)
            As `rnnlab.data.targets.answers` returns them.
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
            "predicted_TARGET", then "probability_CLASS" of a classification and
            "probability_TARGET" of several labels.
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


def text_features(table: Table, roles: Roles, named: tuple[str, ...] = ()) -> frozenset[str]:
    """Return the features that are of text: those named, and those that hold no numbers."""
    table.require(named, "text column")
    words = {column for column in roles.features if not table.holds_numbers(column)}
    return frozenset((words | set(named)) & set(roles.features))


def _is_number(text: str) -> bool:
    """Say whether a word can be ordered as a number: NaN cannot."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def learn_encoding(
    sequences: Sequences, roles: Roles, task: Task, text: frozenset[str], train: Array, known: Array
) -> Encoding:
    """Learn scaling, vocabularies and classes on the training part.

    Parameters
    ----------
    sequences : Sequences
    roles : Roles
    task : Task
        What kind of answer is asked, and where.
    text : set of str
        The features of text.
    train : int array
        Positions of the training sequences.
    known : array (N,) of texts, or float64 (N, O)
        The answers of the training part.

    Raises
    ------
    ValueError
        If the target is constant there.
    """
    rows = sequences.table.take(sequences.rows_of(train))
    features = [_feature(rows, name, text) for name in roles.features]
    learned: dict[str, Any] = {}
    columns = ", ".join(f'"{name}"' for name in roles.targets)
    if task.kind == "classification":
        classes = sorted({word for word in known if word != ""}, key=_by_number_then_text)
        if len(classes) < 2:
            raise ValueError(
                f"{sequences.table.name}, column {columns}: a target must have two classes or more "
                f"in the training part, got {', '.join(classes) or 'none'} only: there is nothing "
                "to learn, name another target"
            )
        learned["classes"] = tuple(classes)
    else:
        asked = ~np.isnan(known)
        for number, name in enumerate(roles.targets):
            values = known[asked[:, number], number]
            if not values.size or values.min() == values.max():
                came = f"{values[0]:g} only" if values.size else "none"
                raise ValueError(
                    f'{sequences.table.name}, column "{name}": a target must vary in the training '
                    f"part, got {came}: there is nothing to learn, name another target"
                )
        if task.kind == "regression":
            learned["means"] = tuple(np.nanmean(known, axis=0).tolist())
            learned["scales"] = tuple(np.nanstd(known, axis=0).tolist())
    return Encoding(
        sequence=roles.sequence,
        time=roles.time,
        features=tuple(features),
        targets=roles.targets,
        task=task.kind,
        read=task.read,
        horizon=roles.horizon,
        **learned,
    )


def _feature(rows: Table, name: str, text: frozenset[str]) -> Feature:
    if name in text:
        words = sorted(set(rows.frame[name]), key=_by_number_then_text)
        return Feature(name=name, values=tuple(words))
    numbers = rows.numbers(name, missing="fill it in", remedy=_REMEDY)
    mean, scale = float(numbers.mean()), float(numbers.std())
    # a feature that never changes stays 0 whatever its scale
    return Feature(name=name, mean=mean, scale=scale if scale > 1e-12 * abs(mean) else 1.0)


def _by_number_then_text(word: str) -> tuple[bool, float, str]:
    """Sort "2" before "10", and numbers before words."""
    number = _is_number(word)
    return not number, float(word) if number else 0.0, word
