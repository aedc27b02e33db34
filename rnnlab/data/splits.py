"""Parts of a dataset (train, validation, test) as arrays, and their batches of padded sequences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rnnlab.batch import Batch
from rnnlab.engine.protocol import Array

#: Time steps, padding included, that a batch may always have.
STEPS = 2**16


@dataclass(frozen=True)
class Split:
    """The sequences of one part of a dataset, as arrays.

    Attributes
    ----------
    names : list of str
    inputs : list of float32 (T, I)
    targets : list of array
        Classes (T,) or scaled numbers (T, O); T is 1 where a sequence has one answer.
    weights : float64 (S,) or None
        Those of the training part have a mean of 1; its loss divides by the number of answers
        (`rnnlab.training.sequence_weights`).
    last : list of array or None
        The last target known before each answer, in the form of `targets`; None for answers per
        sequence.
    """

    names: list[str]
    inputs: list[Array]
    targets: list[Array]
    weights: Array | None = None
    last: list[Array] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"<Split of {len(self)} sequences, {self.steps} time steps>"

    @property
    def steps(self) -> int:
        """Time steps of all sequences together."""
        return sum(map(len, self.inputs))

    def batch(self, chosen: Array, read: str) -> Batch:
        """Return the sequences `chosen`, padded at the end to the longest of them."""
        x, lengths = pad([self.inputs[s] for s in chosen])
        weights = None if self.weights is None else self.weights[chosen]
        if read == "last":
            return Batch(x, np.concatenate([self.targets[s] for s in chosen]), lengths, weights)
        first = self.targets[chosen[0]]
        shape = (len(x), len(chosen), *first.shape[1:])
        targets = np.full(shape, -1 if first.dtype.kind == "i" else np.nan, first.dtype)
        for column, s in enumerate(chosen):
            targets[: lengths[column], column] = self.targets[s]
        return Batch(x, targets, lengths, weights)

    def shuffled(self, size: int, read: str, seed: Sequence[int]) -> Iterator[Batch]:
        """Yield all sequences in batches, in an order that depends on the seed alone.

        So does their noise, as long as the batches are used one after another. A batch that would
        be mostly padding is cut into several (see `cut`).
        """
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(self))
        lengths = np.array([len(one) for one in self.inputs])
        for start in range(0, len(order), size):
            for chosen in cut(order[start : start + size], lengths):
                yield replace(self.batch(chosen, read), noise=rng)


def pad(inputs: Sequence[Array]) -> tuple[Array, Array]:
    """Return sequences (T, I) as one array (T, B, I), with zeros after their ends, and lengths."""
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
        Lengths of all sequences.
    """
    own = lengths[chosen]
    padded = len(own) * int(own.max())
    if padded <= STEPS or padded <= 4 * int(own.sum()):
        yield chosen
        return
    for positions in by_length(own, len(own)):
        yield chosen[positions]
