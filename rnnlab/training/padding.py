"""Targets of sequences of different lengths: behind its end none of them asks for an answer."""

from __future__ import annotations

import numpy as np

from rnnlab.engine.protocol import Array
from rnnlab.layers.arrays import as_numbers
from rnnlab.training.losses import IGNORED


def ignore_padding(targets: Array, lengths: Array) -> Array:
    """Return targets (T, B) of classes or (T, B, O) of numbers that ask nothing behind the ends.

    Raises
    ------
    ValueError
        If the targets are not those of as many sequences as there are lengths.

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
    marked = targets.astype(kind)  # a copy, of a kind that holds the mark
    marked[np.arange(len(targets))[:, None] >= lengths] = IGNORED if classes else np.nan
    return marked
