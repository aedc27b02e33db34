"""Batches of sequences of different lengths, whose padding stays small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rnnlab.engine.protocol import Array

#: Time steps of a batch, with those of its padding, that always fit.
STEPS = 2**16


def pad(inputs: Sequence[Array]) -> tuple[Array, Array]:
    """Return sequences (T, I) side by side, (T, B, I) with zeros after their ends, and lengths."""
    lengths = np.array([len(one) for one in inputs])
    x = np.zeros((lengths.max(), len(inputs), inputs[0].shape[1]), np.float32)
    for column, one in enumerate(inputs):
        x[: len(one), column] = one
    return x, lengths


def by_length(lengths: Array, size: int) -> Iterator[Array]:
    """Yield the positions of sequences batch by batch, the longest first.

    A batch has at most `size` sequences and, padded to its longest, at most `STEPS` time steps; a
    longer sequence is a batch of its own.

    Examples
    --------
    >>> [batch.tolist() for batch in by_length(np.array([3, 60000, 4, 1]), 2)]
    [[1], [2, 0], [3]]
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        count = min(size, max(1, STEPS // int(lengths[order[start]])))
        yield order[start : start + count]
        start += count


def cut(chosen: Array, lengths: Array) -> Iterator[Array]:
    """Yield a batch of sequences as it is, or in several by length if it would be mostly padding.

    Parameters
    ----------
    chosen : int array (B,)
        Positions of the sequences of the batch.
    lengths : int array (S,)
        Of all sequences.
    """
    own = lengths[chosen]
    padded = len(own) * int(own.max())
    if padded <= STEPS or padded <= 4 * int(own.sum()):
        yield chosen
        return
    for places in by_length(own, len(own)):
        yield chosen[places]
