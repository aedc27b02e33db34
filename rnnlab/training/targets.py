"""Targets that are ignored: a class of -1, or a number of NaN."""

from __future__ import annotations

import numpy as np

from rnnlab.engine.protocol import Array
from rnnlab.layers.arrays import as_numbers

#: The class of an ignored target; an ignored number is NaN.
IGNORED = -1


def where_answered(targets: Array) -> Array:
    """Return which targets are not ignored, a bool for each of them."""
    answered: Array = targets != IGNORED if targets.dtype.kind in "iu" else ~np.isnan(targets)
    return answered


def has_no_answer(targets: Array) -> bool:
    """Return whether all targets are ignored.

    Examples
    --------
    >>> has_no_answer(np.array([-1, -1])), has_no_answer(np.array([np.nan, 1.0]))
    (True, False)
    """
    return not where_answered(targets).any()


def ignore_padding(targets: Array, lengths: Array) -> Array:
    """Return targets (T, B) of classes or (T, B, O) of numbers, ignored after the ends.

    Raises
    ------
    ValueError
        If the number of sequences in the targets is not that of the lengths.

    Examples
    --------
    >>> import numpy as np
    >>> ignore_padding(np.zeros((3, 2), int), np.array([3, 1])).tolist()
    [[0, 0], [0, -1], [0, -1]]
    """
    targets = as_numbers("targets", targets)
    if targets.shape[1:2] != lengths.shape:
        batch = len(lengths)
        raise ValueError(
            f"targets must have shape (T, B={batch}) or (T, B={batch}, O), got {targets.shape}: "
            "with lengths, give an answer for every step of every sequence"
        )
    classes = targets.ndim == 2 and targets.dtype.kind in "iu"
    kind = np.int64 if classes else np.result_type(targets, np.float32)
    marked = targets.astype(kind)  # a copy, of a dtype that holds the mark
    marked[np.arange(len(targets))[:, None] >= lengths] = IGNORED if classes else np.nan
    return marked
