"""Learning of an encoding: scaling, vocabularies and classes of the training part."""

from __future__ import annotations

import math
import shlex
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.data.answers import Task
from rnnlab.data.encoding import REMEDY, Encoding, Feature
from rnnlab.data.roles import Roles
from rnnlab.data.scaling import mean_and_scale
from rnnlab.data.sequences import Sequences
from rnnlab.data.spelling import as_argument
from rnnlab.data.table import Table
from rnnlab.engine.protocol import Array

WORDS = 1000  # different ones in a feature at most, as each is an input


def text_features(table: Table, roles: Roles, named: tuple[str, ...] = ()) -> frozenset[str]:
    """Return the features that are of text: those named, and those that hold no numbers.

    Raises
    ------
    ValueError
        If one that is not named holds numbers in local notation, or one writes a word in two ways.
    """
    table.require(named, "text column")
    words = {column for column in roles.features if not table.holds_numbers(column)}
    for column in roles.features:
        if column in words and column not in named:
            table.refuse_local_numbers(column, "name the column in --text if it holds words")
        if column in words or column in named:
            table.require_one_spelling(column, "a word")
    return frozenset((words | set(named)) & set(roles.features))


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
            learned["means"], learned["scales"] = zip(
                *(
                    mean_and_scale(known[asked[:, number], number], sequences.table, name)
                    for number, name in enumerate(roles.targets)
                ),
                strict=True,
            )
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
        if len(words) > WORDS:
            as_time = f" or --time {shlex.quote(name)}" if _are_dates(words[:100]) else ""
            raise ValueError(
                f'{rows.name}, column "{name}": a feature must have at most {WORDS} words, each '
                f"of which is an input, got {len(words)} such as {words[0]!r}: leave it out "
                f"with --ignore {as_argument(name)} (ignore=){as_time}"
            )
        return Feature(name=name, values=tuple(words))
    numbers = rows.numbers(name, missing="fill it in", remedy=REMEDY)
    mean, scale = mean_and_scale(numbers, rows, name)
    return Feature(name=name, mean=mean, scale=scale)


def _are_dates(words: list[str]) -> bool:
    stamps = pd.to_datetime(pd.Series(words), errors="coerce", format="ISO8601", utc=True)
    return bool(stamps.notna().all())


def _is_number(text: str) -> bool:
    """Return whether a word can be ordered as a number: NaN cannot."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _by_number_then_text(word: str) -> tuple[bool, float, str]:
    """Sort "2" before "10", and numbers before words."""
    number = _is_number(word)
    return not number, float(word) if number else 0.0, word
