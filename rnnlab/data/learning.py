"""Learning of an encoding: scaling, vocabularies and classes of the training part."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.data.answers import Answers
from rnnlab.data.encoding import REMEDY, Encoding, Feature
from rnnlab.data.roles import Roles
from rnnlab.data.scaling import mean_and_scale
from rnnlab.data.sequences import Sequences
from rnnlab.data.table import Table
from rnnlab.engine.protocol import Array

WORDS = 1000  # largest number of different words in a feature, as each is an input


def text_features(table: Table, roles: Roles, named: tuple[str, ...] = ()) -> frozenset[str]:
    """Return the features that are text: those named, and those that hold no numbers.

    Raises
    ------
    ValueError
        If one that is not named holds numbers in local notation, or one writes a word in two ways.
    """
    table.require(named, "text column")
    words = {column for column in roles.features if not table[column].is_number}
    for column in roles.features:
        if column in words and column not in named:
            table.refuse_local_numbers(column, "name the column in text= if it holds words")
        if column in words or column in named:
            table.require_one_spelling(column, "a word")
    return frozenset((words | set(named)) & set(roles.features))


def learn_encoding(
    sequences: Sequences, roles: Roles, wanted: Answers, train: Array, known: Array
) -> Encoding:
    """Learn scaling, vocabularies and classes on the training part.

    Parameters
    ----------
    sequences : Sequences
    roles : Roles
    wanted : Answers
    train : int array
        Positions of the training sequences.
    known : array (N,) of texts, or float64 (N, O)
        The answers of the training part.

    Raises
    ------
    ValueError
        If the target is constant in the training part.
    """
    rows = sequences.table.take(sequences.rows_of(train))
    learned: dict[str, Any] = {}
    if wanted.kind == "classification":
        classes = sorted({word for word in known if word != ""}, key=_by_number_then_text)
        if len(classes) < 2:
            raise ValueError(
                f'{rows.name}, column "{roles.targets[0]}": a target must have two classes or more '
                f"in the training part, got {', '.join(classes) or 'none'} only: there is nothing "
                "to learn, name another target"
            )
        learned["classes"] = tuple(classes)
    else:
        scales = []
        for name, column in zip(roles.targets, known.T, strict=True):
            values = column[~np.isnan(column)]
            if not values.size or values.min() == values.max():
                came = f"{values[0]:g} only" if values.size else "none"
                raise ValueError(
                    f'{rows.name}, column "{name}": a target must vary in the training part, got '
                    f"{came}: there is nothing to learn, name another target"
                )
            if wanted.kind == "regression":
                scales.append(mean_and_scale(values, sequences.table, name))
        if scales:
            learned["means"], learned["scales"] = zip(*scales, strict=True)
    return Encoding(
        sequence=roles.sequence,
        time=roles.time,
        features=tuple(_feature(rows, name) for name in roles.features),
        targets=roles.targets,
        task=wanted.kind,
        read=wanted.read,
        horizon=roles.horizon,
        **learned,
    )


def _feature(rows: Table, name: str) -> Feature:
    if rows[name].is_number:
        numbers = rows.numbers(name, missing="fill it in", remedy=REMEDY)
        mean, scale = mean_and_scale(numbers, rows, name)
        return Feature(name=name, mean=mean, scale=scale)
    words = sorted(set(rows[name].words), key=_by_number_then_text)
    if len(words) > WORDS:
        as_time = f" or name it as the time with time={name!r}" if _are_dates(words[:100]) else ""
        raise ValueError(
            f'{rows.name}, column "{name}": a feature must have at most {WORDS} words, each '
            f"of which is an input, got {len(words)} such as {words[0]!r}: leave it out "
            f"with ignore={[name]!r}{as_time}"
        )
    return Feature(name=name, values=tuple(words))


def _are_dates(words: list[str]) -> bool:
    stamps = pd.to_datetime(pd.Series(words), errors="coerce", format="ISO8601", utc=True)
    return bool(stamps.notna().all())


def _by_number_then_text(word: str) -> tuple[bool, float, str]:
    """Sort "2" before "10", and numbers before words; NaN is a word."""
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    is_number = math.isfinite(number)
    return not is_number, number if is_number else 0.0, word
