"""Leaks: ways in which a prediction sees its target.

A certain leak is an error, a likely one is reported. Scaling, vocabularies and classes are learned
on the training part, missing values are filled from earlier rows of the sequence, and parts consist
of whole sequences. What remains is in the table itself: a target under another name, and sequences
that are windows of one series.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from rnnlab.data.encoding import Encoding
from rnnlab.data.splits import Split
from rnnlab.engine.protocol import Array

SHIFTS = 10  # largest distance in rows between a feature and a target that it copies
ROWS = 20_000  # rows of the training part that are examined
FEW = 10  # answers below which nothing is concluded
BITS = 64  # information of rows that are not repeated by chance


def require_causal(horizon: int, bidirectional: bool) -> None:
    """Raise a ValueError if a model would read the rows that it forecasts."""
    if horizon and bidirectional:
        raise ValueError(
            "a forecast must be made by layers of one direction, got a horizon of "
            f"{horizon} steps and bidirectional: the backward direction reads the rows that are "
            "forecast; leave out bidirectional=True"
        )


def copies_of_targets(train: Split, encoding: Encoding, bidirectional: bool = False) -> list[str]:
    """Return a sentence for each feature that alone determines a target in every training row.

    The value of the feature may be from the same row, or from one of the `SHIFTS` rows before it
    and, if the model is bidirectional, after it. Copies and one-to-one recodings are found: every
    value of the feature has one answer, or larger values have larger (or smaller) numbers.
    """
    lengths = np.array([len(inputs) for inputs in train.inputs])
    count = max(1, int(np.searchsorted(np.cumsum(lengths), ROWS, side="right")))
    ends = np.cumsum(lengths[:count])
    owners = np.repeat(np.arange(count), lengths[:count])
    steps = np.concatenate([np.arange(length) for length in lengths[:count]])
    left = lengths[owners] - 1 - steps
    inputs = np.concatenate(train.inputs[:count])
    answers = np.concatenate(train.targets[:count])
    rows = np.arange(len(owners)) if encoding.read == "every" else ends - 1
    shifts = [0]
    if encoding.read == "every":
        shifts += range(1, SHIFTS + 1)
        shifts += [-shift for shift in range(1, SHIFTS + 1) if bidirectional]
    found = []
    for name, values, numeric in _columns(inputs, encoding):
        if encoding.horizon and name in encoding.targets:
            continue  # a forecast is made from the past of its target
        for target, held in _answers(answers, encoding):
            answered = held >= 0 if held.dtype.kind == "i" else ~np.isnan(held)
            for shift in shifts:
                there = answered & (steps[rows] >= shift) & (left[rows] >= -shift)
                seen = values[rows[there] - shift]
                numbers = numeric and encoding.task == "regression"
                if _determines(seen, held[there], owners[rows[there]], numbers):
                    found.append(_sentence(name, target, shift))
                    break
    return found


def _columns(inputs: Array, encoding: Encoding) -> Iterator[tuple[str, Array, bool]]:
    """Yield each feature with its values, those of words as their positions."""
    start = 0
    for feature in encoding.features:
        block = inputs[:, start : start + feature.size]
        if feature.values is None:
            yield feature.name, block[:, 0], True
        else:
            yield feature.name, block.argmax(axis=1), False
        start += feature.size


def _answers(answers: Array, encoding: Encoding) -> Iterator[tuple[str, Array]]:
    if answers.ndim == 1:
        yield encoding.targets[0], answers
    else:
        yield from zip(encoding.targets, answers.T, strict=True)


def _determines(values: Array, answers: Array, owners: Array, numbers: bool) -> bool:
    """Return whether the values alone determine the answers."""
    for rows in (slice(200), slice(None)):  # a few are often enough to exclude it
        seen, held = values[rows], answers[rows]
        if len(held) < FEW or held.min() == held.max():
            return False
        if not (_one_answer_each(seen, held, owners[rows]) or (numbers and _in_order(seen, held))):
            return False
    return True


def _one_answer_each(values: Array, answers: Array, owners: Array) -> bool:
    codes, different = pd.factorize(values)
    # a value that names its sequence determines anything that is constant in the sequence
    pairs = len(np.unique(owners * len(different) + codes))
    if pairs < 3 * len(different):
        return False
    _, first = np.unique(codes, return_index=True)
    return bool((answers == answers[first][codes]).all())


def _in_order(values: Array, answers: Array) -> bool:
    order = np.argsort(values, kind="stable")
    steps, same = np.diff(answers[order]), np.diff(values[order]) == 0
    if len(np.unique(answers)) < FEW or (np.abs(steps[same]) > 1e-5).any():
        return False
    return bool((steps[~same] >= 0).all() or (steps[~same] <= 0).all())


def _sentence(feature: str, target: str, shift: int) -> str:
    where = ""
    if shift:
        rows = f"{abs(shift)} row{'s' if abs(shift) > 1 else ''}"
        where = (
            f" {rows} before" if shift > 0 else f" {rows} after, which a bidirectional layer sees"
        )
    return (
        f'feature "{feature}" alone determines the target "{target}" of every training row '
        f"exactly{where and ', by its value'}{where}: if it is known only with the answer, leave "
        f"it out with ignore={[feature]!r}"
    )


def shared_rows(parts: Mapping[str, Split]) -> list[str]:
    """Return a sentence for each part whose sequences share runs of rows with the training part.

    Overlapping windows of one series do. A run has so many rows that they hold `BITS` bits, by the
    frequency of each row in the training part.
    """
    rows = {name: _row_hashes(part) for name, part in parts.items()}
    _, counts = np.unique(rows["train"], return_counts=True)
    shares = counts / counts.sum()
    entropy = -float((shares * np.log2(shares)).sum())
    run = math.ceil(BITS / entropy) if entropy > 1 else BITS + 1
    if run > BITS:
        return []
    known, _ = _windows(rows["train"], parts["train"], run)
    found = []
    for name in ("validation", "test"):
        windows, owners = _windows(rows[name], parts[name], run)
        again = np.unique(owners[np.isin(windows, known)])
        if again.size:
            found.append(
                f"{again.size} of the {len(parts[name])} sequences of the {name} part have {run} "
                "consecutive rows or more that are in the training part too, such as sequence "
                f"{parts[name].names[int(again[0])]}: if they are overlapping windows of one "
                "series, keep all of them in one part with split=COLUMN"
            )
    return found


def _row_hashes(part: Split) -> Array:
    """Return a number for each row (N,), the same for equal inputs and answers."""
    blocks = [np.concatenate(part.inputs)]
    answers = np.concatenate(part.targets)
    if len(answers) == len(blocks[0]):
        blocks.append(answers.reshape(len(answers), -1).astype(np.float32))
    multipliers = np.random.default_rng(0)
    found = np.zeros(len(blocks[0]), np.uint64)
    for block in blocks:
        for column in block.T:
            factor = np.uint64(2 * int(multipliers.integers(1 << 62)) + 1)
            found += np.ascontiguousarray(column).view(np.uint32).astype(np.uint64) * factor
    return found


def _windows(rows: Array, part: Split, run: int) -> tuple[Array, Array]:
    """Return a number for each run of rows within a sequence, and its sequence.

    Runs in which half of the rows or more equal the row before are left out.
    """
    lengths = np.array([len(inputs) for inputs in part.inputs])
    owners = np.repeat(np.arange(len(lengths)), lengths)
    count = len(rows) - run + 1
    if count < 1:
        return rows[:0], owners[:0]
    changes = np.concatenate([[0], np.cumsum(rows[1:] != rows[:-1])])
    whole = owners[:count] == owners[run - 1 :]
    lively = changes[run - 1 :] - changes[:count] >= run / 2
    found, factor = np.zeros(count, np.uint64), 1
    for step in range(run):
        found += rows[step : step + count] * np.uint64(factor)
        factor = factor * 6364136223846793005 % 2**64
    chosen = whole & lively
    return found[chosen], owners[:count][chosen]
