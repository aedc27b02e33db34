"""Doubts about a table: columns that are probably not meant as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rnnlab.data.encoding import Encoding, Feature
from rnnlab.data.sequences import Sequences
from rnnlab.data.spelling import two_spellings
from rnnlab.data.splits import Split
from rnnlab.data.table import Table
from rnnlab.engine.protocol import Array

FEW = 20  # rows below which nothing is concluded
RARE, FAR = (
    0.1,
    10.0,
)  # extremes: their largest share of the rows, and their least effect on the deviation


def doubtful_numbers(table: Table, encoding: Encoding) -> list[str]:
    """Return a sentence for each column of numbers whose extreme is far outside the rest.

    Without the extreme, and values more than half as far from the median, the standard deviation
    would be a tenth or less: scaling squeezes the other values together.
    """
    columns = [one.name for one in encoding.features if one.values is None]
    if encoding.task == "regression":
        columns += [name for name in encoding.targets if name not in columns]
    found = []
    for column in columns:
        values = table[column].numbers
        numbers = values[~np.isnan(values)]
        extreme = _extreme(numbers)
        if extreme is None:
            continue
        rest = numbers[_near(numbers, extreme)]
        rows = np.flatnonzero(values == extreme)
        row = int(rows[np.argmin(table.lines[rows])])
        again = f" and in {len(rows) - 1} more rows" if len(rows) > 1 else ""
        found.append(
            f"{table.place(row, column)}{again}: {extreme:g} is far outside the other values "
            f"({rest.min():g} to {rest.max():g}), which scaling squeezes together: correct it, or "
            "leave the field empty if it means a missing value"
        )
    return found


def _extreme(numbers: Array) -> float | None:
    if len(numbers) < FEW:
        return None
    middle = np.median(numbers)
    ends = (numbers.min(), numbers.max())
    extreme = float(max(ends, key=lambda end: abs(end / 2 - middle / 2)))
    rest = numbers[_near(numbers, extreme)]
    if not len(rest) or len(rest) < (1 - RARE) * len(numbers) or rest.min() == rest.max():
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        far = numbers.std() > FAR * rest.std()
    return extreme if far else None


def _near(numbers: Array, extreme: float) -> Array:
    """Return which numbers are less than half as far from the median as the extreme."""
    middle = np.median(numbers)
    near: Array = np.abs(numbers / 2 - middle / 2) < abs(extreme / 2 - middle / 2) / 2
    return near


def doubtful_names(sequences: Sequences, encoding: Encoding) -> list[str]:
    """Return a sentence if two names of sequences may be spellings of one."""
    pair = two_spellings(sequences.names)
    if pair is None:
        return []
    return [
        f'{sequences.table.name}, column "{encoding.sequence}": {pair[0]!r} and {pair[1]!r} are '
        "taken for two sequences: write the name in one way if they are one"
    ]


def doubtful_words(parts: Mapping[str, Split], encoding: Encoding) -> list[str]:
    """Return a sentence for each feature that has no meaning in other sequences.

    Most of its words occur once in the training part, or each sequence has another value.
    """
    trained = parts["train"].inputs
    inputs = [one for part in parts.values() for one in part.inputs]
    rows = sum(map(len, trained))
    found, start = [], 0
    for feature in encoding.features:
        columns = slice(start, start + feature.size)
        start += feature.size
        remedy = f"leave it out with ignore={[feature.name]!r}"
        if feature.values is not None and rows >= FEW and 2 * feature.size > rows:
            found.append(
                f'feature "{feature.name}" has {feature.size} different words in {rows} training '
                f"rows, and each is an input: {remedy}, or name it with "
                f"time={feature.name!r} if it is the time"
            )
        # a word that is not in the training part has no input
        elif _names_sequences(feature, columns, inputs if feature.values is None else trained):
            found.append(
                f'feature "{feature.name}" has another value in each sequence, as a name has, '
                f"which has no meaning in other sequences: {remedy}"
            )
    return found


def _names_sequences(feature: Feature, columns: slice, inputs: Sequence[Array]) -> bool:
    """Return whether each sequence has a value of its own: a word or, nearly, the next integer."""
    if len(inputs) < FEW or sum(map(len, inputs)) < 2 * len(inputs):
        return False
    blocks = [one[:, columns] for one in inputs]
    if any((block != block[0]).any() for block in blocks):
        return False
    if feature.values is not None:
        return len({int(block[0].argmax()) for block in blocks}) == len(inputs)
    first = np.array([block[0, 0] for block in blocks], np.float64)
    values = np.round(first * feature.scale + feature.mean, 3)
    if (values != np.round(values)).any() or len(np.unique(values)) < len(values):
        return False
    return float(np.ptp(values)) < 2 * len(values)
